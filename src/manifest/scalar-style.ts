import { isPlainString } from './yaml-1-1-schema.ts';

export type InlineStyle = 'plain' | 'single' | 'double';

/** Anything but a line feed and what YAML 1.1 calls printable; other line breaks are left to double quotes too. */
const SPECIAL = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u;
/** A first character, or a start of a document, that means something in YAML. */
const LEADING_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[-?:](?:[ \t]|$)|---|\.\.\.)/;
const INNER_INDICATOR = /:(?:[ \t]|$)|[ \n]#/;

/** How Go's YAML library writes a string as a value, or as a key that is not followed by `:` on its line. */
export function chooseScalarStyle(text: string): InlineStyle | 'literal' {
  if (SPECIAL.test(text)) return 'double';
  if (text.includes('\n')) return text.endsWith(' ') || text.includes(' \n') ? 'double' : 'literal';
  if (!isPlainString(text)) return 'double';
  const isPlain = !/^ | $/.test(text) && !LEADING_INDICATOR.test(text) && !INNER_INDICATOR.test(text);
  return isPlain ? 'plain' : 'single';
}
