/** Go's order of keys in YAML: numbers within them count as numbers (`a2` before `a10`), letters come after the rest. */
export function compareKeys(a: string, b: string): number {
  return LETTERS.test(a) && LETTERS.test(b) ? Number(a > b) - Number(a < b) : compareChars(a, b);
}

function compareChars(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  const at = left.findIndex((char, index) => char !== right[index]);
  const x = left[at];
  const y = right[at];
  if (x === undefined || y === undefined) return left.length - right.length;
  if (isLetter(x) !== isLetter(y)) return isLetter(x) ? 1 : -1;
  if (isLetter(x)) return codeOf(x) - codeOf(y);
  const first = readNumber(left, at);
  const second = readNumber(right, at);
  // After a common `1`, a zero is a digit of a longer number; after nothing it is a leading zero.
  const lead = (x === '0' || y === '0') && endsInNumber(left.slice(0, at)) ? 1 : 0;
  const difference = Number(`${lead}${first}`) - Number(`${lead}${second}`);
  return difference || first.length - second.length || codeOf(x) - codeOf(y);
}

/** Nearly every field's name; spares the comparison by characters. */
const LETTERS = /^[A-Za-z]+$/;

function isLetter(char: string): boolean {
  return /\p{L}/u.test(char);
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function readNumber(chars: readonly string[], start: number): string {
  let end = start;
  while (/^[0-9]$/.test(chars[end] ?? '')) end += 1;
  return chars.slice(start, end).join('');
}

function endsInNumber(chars: readonly string[]): boolean {
  const digits = /[0-9]+$/.exec(chars.join(''))?.[0] ?? '';
  return /[1-9]/.test(digits);
}
