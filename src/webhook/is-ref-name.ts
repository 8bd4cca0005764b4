const LONGEST_REF = 1_024;

/** Control characters, space and what git itself uses in ref expressions. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what a ref must not hold
const FORBIDDEN_CHARACTER = /[\u0000-\u0020\u007f~^:?*[\\]/;

/** True for a full ref name that git accepts (https://git-scm.com/docs/git-check-ref-format). */
export function isRefName(text: string): boolean {
  if (!text.startsWith('refs/') || text.length > LONGEST_REF) return false;
  if (FORBIDDEN_CHARACTER.test(text) || text.includes('..') || text.includes('@{') || text.endsWith('.')) return false;
  return text.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}
