/**
 * Scalars as SOPS (go-yaml v3, four columns of indentation, no line width) writes them, so that what is generated from a
 * decrypted file is the same bytes as under Flux.
 */

/** Where a scalar will stand. */
export interface ScalarPlace {
  /** Column of the mapping's keys, or of the list's dashes. */
  readonly column: number;
  readonly inList: boolean;
}

const STEP = 4;

/** Columns by which go-yaml indents what belongs to a key or an item. */
export function indentBelow({ column, inList }: ScalarPlace): number {
  return inList ? column + 2 : STEP * Math.floor((column + STEP) / STEP);
}

/** Writes text as a plain, quoted or block scalar. */
export function toYamlText(text: string, place: ScalarPlace): string {
  if (text.includes('\n')) return isBlockAllowed(text, place) ? toLiteral(text, place) : toDoubleQuoted(text);
  if (hasSpecial(text) || text.includes('\t') || looksLikeOther(text)) return toDoubleQuoted(text);
  return isPlainAllowed(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

/** Writes text as a key, which must stay on its line. */
export function toYamlKey(text: string): string {
  return text.includes('\n') ? toDoubleQuoted(text) : toYamlText(text, { column: 0, inList: false });
}

/** An integer as it is, any other number as `toYamlFloat`. */
export function toYamlNumber(number: number | bigint): string {
  return typeof number === 'bigint' || Number.isSafeInteger(number) ? number.toString() : toYamlFloat(number);
}

/** A number as Go's `%g` writes it: with an exponent of at least two digits below 1e-4 and from 1e6 on. */
export function toYamlFloat(number: number): string {
  const [digits = '', exponent = '0'] = number.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return number.toString();
  return `${digits}e${power < 0 ? '-' : '+'}${Math.abs(power).toString().padStart(2, '0')}`;
}

/** What YAML 1.1 or 1.2 would read as something else than text, as go-yaml resolves it. */
const OTHER_WORD =
  /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|<<|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const TIMESTAMP =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:[.,][0-9]+)?)?$/;

function looksLikeOther(text: string): boolean {
  const number = /^[-+.0-9]/.test(text) ? text.replaceAll('_', '') : '';
  return (
    OTHER_WORD.test(text) || FLOAT.test(number) || INTEGER.test(number) || BASE_60.test(text) || TIMESTAMP.test(text)
  );
}

/** What go-yaml holds printable, in three bytes of UTF-8 at most; tabs and line breaks are judged apart. */
const PRINTABLE = /^[\t\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/;

function hasSpecial(text: string): boolean {
  return !PRINTABLE.test(text) || /[\u0085\u2028\u2029]/.test(text);
}

function isPlainAllowed(text: string): boolean {
  const badStart = /^(?:[#,[\]{}&*!|>'"%@` ]|[?:-](?= |$)|---|\.\.\.)/.test(text);
  return !badStart && !/ $|:(?= |$)| #/.test(text);
}

function isBlockAllowed(text: string, place: ScalarPlace): boolean {
  const isPrintable = !hasSpecial(text) && !text.includes('\r');
  const hasHint = /^[ \n]/.test(text);
  // go-yaml's hint is always 4, which is wrong elsewhere.
  const isHintRight = !hasHint || indentBelow(place) - place.column === STEP;
  return isPrintable && isHintRight && !/ (?:\n|$)/.test(text);
}

function toLiteral(text: string, place: ScalarPlace): string {
  const margin = ' '.repeat(indentBelow(place));
  const hint = /^[ \n]/.test(text) ? String(STEP) : '';
  const chomp = text.endsWith('\n') ? (/(?:^|\n)\n$/.test(text) ? '+' : '') : '-';
  const lines = text.replace(/\n$/, '').split('\n');
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : margin + line)).join('\n')}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
};

function toDoubleQuoted(text: string): string {
  let quoted = '';
  for (const char of text) quoted += escapeChar(char);
  return `"${quoted}"`;
}

function escapeChar(char: string): string {
  const known = ESCAPES[char];
  if (known !== undefined) return `\\${known}`;
  if (PRINTABLE.test(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, width: number): string {
  return code.toString(16).toUpperCase().padStart(width, '0');
}
