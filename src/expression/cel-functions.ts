import { Optional } from '@marcbachmann/cel-js';
import { areCelValuesEqual } from './cel-values.ts';
import { toRegExp } from './to-regexp.ts';

/*
 * What cel-go has, with the extensions that Flux enables (strings, sets, encoders), and the library lacks or does
 * otherwise. Characters are code points, as in Go; no function makes a text longer than MAX_TEXT_LENGTH.
 */

/** A function over values as the library has them; their types are those of its signature. */
export type CelFunction = (...values: never[]) => unknown;

/** The longest text that a function may build, in UTF-16 units. */
const MAX_TEXT_LENGTH = 4 * 1024 * 1024;
/** Nothing that etcd stores needs more; a pattern is compiled once, when it is first met. */
const MAX_PATTERNS = 200;
const MAX_INT = 2n ** 63n;

/** Functions that the library lacks, by signature. */
export const ADDED_FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  'matches(string, string): bool': matches,
  'string.charAt(int): string': charAt,
  'string.replace(string, string): string': (text: string, from: string, to: string) => replace(text, from, to, -1n),
  'string.replace(string, string, int): string': replace,
  'string.reverse(): string': (text: string) => [...text].reverse().join(''),
  'string(google.protobuf.Timestamp): string': (time: Date) => time.toISOString().replace(/\.?0*Z$/, 'Z'),
  'string(google.protobuf.Duration): string': String,
  'list.first(): optional<dyn>': (items: readonly unknown[]) => Optional.of(items[0]),
  'list.last(): optional<dyn>': (items: readonly unknown[]) => Optional.of(items.at(-1)),
};

/** Functions that the library has but does otherwise than cel-go, by signature; each replaces all overloads of its name. */
export const CHANGED_FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  'string.matches(string): bool': matches,
  'string.indexOf(string): int': (text: string, part: string) => indexOf(text, part, 0n),
  'string.indexOf(string, int): int': indexOf,
  'string.lastIndexOf(string): int': (text: string, part: string) => lastIndexOf(text, part),
  'string.lastIndexOf(string, int): int': lastIndexOf,
  'string.substring(int): string': (text: string, start: bigint) => substring(text, start),
  'string.substring(int, int): string': substring,
  'string.lowerAscii(): string': (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  'string.upperAscii(): string': (text: string) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  'list.join(): string': (texts: readonly unknown[]) => join(texts, ''),
  'list.join(string): string': join,
  'int(int): int': (value: bigint) => value,
  'int(uint): int': (value: { value: bigint }) => toInt(value.value),
  'int(double): int': (value: number) => toInt(BigInt(Math.trunc(value))),
  'int(string): int': parseInteger,
  'int(google.protobuf.Timestamp): int': (time: Date) => BigInt(Math.floor(time.getTime() / 1000)),
};

/** Functions with a dotted name such as `sets.contains`, by namespace and signature. */
export const NAMESPACES: Readonly<Record<string, Readonly<Record<string, CelFunction>>>> = {
  sets: {
    'contains(list, list): bool': containsAll,
    'equivalent(list, list): bool': (left: unknown[], right: unknown[]) =>
      containsAll(left, right) && containsAll(right, left),
    'intersects(list, list): bool': (left: unknown[], right: unknown[]) => left.some((item) => contains(right, item)),
  },
  base64: {
    'encode(bytes): string': (bytes: Uint8Array) => Buffer.from(bytes).toString('base64'),
    'decode(string): bytes': decodeBase64,
  },
  strings: { 'quote(string): string': quote },
};

const patterns = new Map<string, RegExp>();

/** The compiled form of a pattern. Throws a SyntaxError. */
export function compilePattern(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known) return known;
  const compiled = toRegExp(pattern);
  if (patterns.size >= MAX_PATTERNS) patterns.clear();
  patterns.set(pattern, compiled);
  return compiled;
}

function contains(list: readonly unknown[], item: unknown): boolean {
  return list.some((other) => areCelValuesEqual(other, item));
}

function containsAll(list: readonly unknown[], items: readonly unknown[]): boolean {
  return items.every((item) => contains(list, item));
}

function matches(text: string, pattern: string): boolean {
  return compilePattern(pattern).test(text);
}

function charAt(text: string, at: bigint): string {
  const characters = [...text];
  return characters[checkIndex(at, characters.length)] ?? '';
}

function replace(text: string, from: string, to: string, times: bigint): string {
  const parts = from === '' ? ['', ...text, ''] : text.split(from);
  const count = times < 0n ? parts.length - 1 : Math.min(Number(times), parts.length - 1);
  checkLength(text.length + count * to.length);
  const left = parts.slice(0, count + 1).join(to);
  return [left, ...parts.slice(count + 1)].join(from);
}

function indexOf(text: string, part: string, from: bigint): bigint {
  const characters = [...text];
  const start = checkIndex(from, characters.length);
  const skipped = characters.slice(0, start).join('').length;
  return toCharacterIndex(text, text.indexOf(part, skipped));
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  if (from === undefined) return toCharacterIndex(text, text.lastIndexOf(part));
  const characters = [...text];
  const skipped = characters.slice(0, checkIndex(from, characters.length)).join('').length;
  return toCharacterIndex(text, text.lastIndexOf(part, skipped));
}

function substring(text: string, from: bigint, to?: bigint): string {
  const characters = [...text];
  const start = checkIndex(from, characters.length);
  const end = to === undefined ? characters.length : checkIndex(to, characters.length);
  if (start > end) throw new RangeError(`invalid substring range. start: ${start}, end: ${end}`);
  return characters.slice(start, end).join('');
}

function toCharacterIndex(text: string, unit: number): bigint {
  return unit < 0 ? -1n : BigInt([...text.slice(0, unit)].length);
}

function checkIndex(index: bigint, length: number): number {
  if (index < 0n || index > BigInt(length)) throw new RangeError(`index out of range: ${index}`);
  return Number(index);
}

function join(texts: readonly unknown[], separator: string): string {
  let length = separator.length * texts.length;
  for (const text of texts) {
    if (typeof text !== 'string') throw new RangeError('no such overload: join of a list that has not only strings');
    length += text.length;
  }
  checkLength(length);
  return texts.join(separator);
}

function checkLength(length: number): void {
  if (length > MAX_TEXT_LENGTH) throw new RangeError(`text of more than ${MAX_TEXT_LENGTH} characters`);
}

function parseInteger(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new RangeError("type conversion error from 'string' to 'int'");
  return toInt(BigInt(text.replace('+', '')));
}

function toInt(value: bigint): bigint {
  if (value >= MAX_INT || value < -MAX_INT) throw new RangeError('integer overflow');
  return value;
}

function decodeBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new RangeError('illegal base64 data');
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** Go's form of a quoted text, which differs from JSON's in three escapes. */
function quote(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '\\u0007': '\\a', '\\u000b': '\\v' };
  return JSON.stringify(text).replace(/\\u000[7b]/g, (written) => escapes[written] ?? written);
}
