import { HawserError } from '../errors/hawser-error.ts';
import { trimLongest, trimShortest } from './trim-pattern.ts';
import type { WorkBudget } from './work-budget.ts';

/** Computes `${name<operator>args}` from the value and the evaluated arguments, all as strings of bytes. */
export type VariableFunction = (value: string, args: readonly string[], budget: WorkBudget) => string;

/** By operator; defaults are not functions of the value and are left to expand-template.ts. */
export const VARIABLE_FUNCTIONS: Readonly<Record<string, VariableFunction>> = {
  length: (value) => String(value.length),
  ',': (value) => mapFirst(value, toLower),
  ',,': (value, _args, budget) => mapChars(value, toLower, budget),
  '^': (value) => mapFirst(value, toUpper),
  '^^': (value, _args, budget) => mapChars(value, toUpper, budget),
  ':': slice,
  '#': (value, [pattern = ''], budget) => trimShortest(value, pattern, budget),
  '##': (value, [pattern = ''], budget) => trimLongest(value, pattern, budget),
  '%': (value, [pattern = ''], budget) => fromEnd(value, pattern, (v, p) => trimShortest(v, p, budget)),
  '%%': (value, [pattern = ''], budget) => fromEnd(value, pattern, (v, p) => trimLongest(v, p, budget)),
  '/': replaceFirst,
  '//': replaceAll,
  '/#': replacePrefix,
  '/%': replaceSuffix,
};

function toUpper(char: string): string {
  const upper = char.toUpperCase();
  // Go maps character by character: `ß` has no single upper-case letter and stays.
  return [...upper].length === 1 ? upper : char;
}

function toLower(char: string): string {
  return [...char.toLowerCase()][0] ?? char;
}

function mapFirst(value: string, map: (char: string) => string): string {
  const [first = '', ...rest] = toChars(value.slice(0, 4));
  return first === '' ? value : toBytes(map(first) + rest.join('')) + value.slice(4);
}

function mapChars(value: string, map: (char: string) => string, budget: WorkBudget): string {
  budget.spend(value.length);
  return toBytes(toChars(value).map(map).join(''));
}

/** Offset and length count bytes; one that is no number leaves the value as it is. */
function slice(value: string, [offset, length]: readonly string[]): string {
  const from = toInt64(offset);
  if (from === undefined) return value;
  const start = from < 0 ? Math.max(0, value.length + from) : from;
  if (length === undefined) return value.slice(start);
  const count = toInt64(length);
  if (count === undefined) return value;
  if (start + count >= value.length) return value.slice(start);
  if (count < 0) {
    throw new HawserError('SUBSTITUTION_FAILED', 'variable substitution failed: the length of a substring is negative');
  }
  return value.slice(start, start + count);
}

function toInt64(text: string | undefined): number | undefined {
  if (text === undefined || !/^[-+]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}

function replaceFirst(value: string, [pattern = '', replacement = '']: readonly string[], budget: WorkBudget): string {
  budget.spend(value.length + replacement.length);
  return value.replace(pattern, () => replacement);
}

function replaceAll(value: string, [pattern = '', replacement = '']: readonly string[], budget: WorkBudget): string {
  budget.spend(value.length);
  const pieces = pattern === '' ? ['', ...toChars(value).map(toBytes), ''] : value.split(pattern);
  budget.spend(pieces.length * replacement.length);
  return pieces.join(replacement);
}

/** Without a replacement (`${name/#a/}`) nothing happens, unlike in a shell. */
function replacePrefix(value: string, [pattern = '', replacement]: readonly string[]): string {
  if (replacement === undefined || !value.startsWith(pattern)) return value;
  return replacement + value.slice(pattern.length);
}

function replaceSuffix(value: string, [pattern = '', replacement]: readonly string[]): string {
  if (replacement === undefined || !value.endsWith(pattern)) return value;
  return value.slice(0, value.length - pattern.length) + replacement;
}

/** Trims at the end by trimming the reversed text by the reversed pattern: a class such as `[a-c]` reverses with it. */
function fromEnd(value: string, pattern: string, trim: (value: string, pattern: string) => string): string {
  return reverse(trim(reverse(value), reverse(pattern)));
}

function reverse(bytes: string): string {
  return toBytes(toChars(bytes).reverse().join(''));
}

function toChars(bytes: string): string[] {
  return [...Buffer.from(bytes, 'latin1').toString('utf8')];
}

function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
