import type { WorkBudget } from './work-budget.ts';

/** A shell pattern over strings of UTF-8 bytes, as Flux reads it: `*` and `?` match slashes too, `[^a]` negates. */
export interface BytePattern {
  readonly tokens: readonly Token[];
  /** Ends with a star. */
  readonly isOpen: boolean;
  /** Holds something that counts as an error once matching gets there. */
  readonly isMalformed: boolean;
}

type Token =
  | { readonly kind: 'byte'; readonly byte: string }
  | { readonly kind: 'star' | 'any' | 'malformed' }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly Range[] };

type Range = readonly [low: number, high: number];

/** What a step costs, compared to copying a character. */
const STEP = 8;
/** Skipping characters is that much cheaper. */
const CHARS_PER_STEP = 8;

const MALFORMED: Token = { kind: 'malformed' };

/** Reads a pattern; a malformed one is not refused, as Flux notices only while matching. */
export function parseBytePattern(pattern: string): BytePattern {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const { token, end } = readToken(pattern, at);
    tokens.push(token);
    at = end;
  }
  const last = tokens.findLastIndex((token) => token.kind !== 'star');
  const isMalformed = tokens.includes(MALFORMED);
  return { tokens: tokens.slice(0, last + 1), isOpen: last < tokens.length - 1, isMalformed };
}

/** Whether the pattern matches the whole text. The usual walk: on a mismatch the last star takes one byte more. */
export function matchBytes(
  { tokens, isOpen }: BytePattern,
  text: string,
  budget: WorkBudget,
): 'match' | 'mismatch' | 'malformed' {
  let index = 0;
  let at = 0;
  // Until there is a star, there is nowhere to go back to.
  let star = { index: 0, at: text.length };
  while (index < tokens.length || (!isOpen && at < text.length)) {
    budget.spend(STEP);
    const token = tokens[index];
    if (token?.kind === 'star') {
      index += 1;
      star = { index, at };
      continue;
    }
    const width = widthOf(token, text, at);
    if (width === undefined) return 'malformed';
    if (width > 0) {
      index += 1;
      at += width;
      continue;
    }
    const from = star.at + 1;
    star = { index: star.index, at: nextStart(tokens[star.index], text, from) };
    budget.spend((star.at - from) / CHARS_PER_STEP);
    if (star.at > text.length) return 'mismatch';
    ({ index, at } = star);
  }
  return 'match';
}

/** Where what follows a star may begin; beyond the end if nowhere. */
function nextStart(token: Token | undefined, text: string, from: number): number {
  if (token?.kind !== 'byte') return from;
  const found = text.indexOf(token.byte, from);
  return found < 0 ? text.length + 1 : found;
}

/** Bytes that the token takes at this place: 0 if it does not match, undefined if it is malformed. */
function widthOf(token: Token | undefined, text: string, at: number): number | undefined {
  if (token === undefined || at >= text.length) return 0;
  if (token.kind === 'malformed') return undefined;
  if (token.kind === 'byte') return text[at] === token.byte ? 1 : 0;
  const { rune, width } = readRune(text, at);
  if (token.kind !== 'class') return width;
  const isInside = token.ranges.some(([low, high]) => low <= rune && rune <= high);
  return isInside === token.isNegated ? 0 : width;
}

interface Read<T> {
  readonly token: T;
  readonly end: number;
}

function readToken(pattern: string, at: number): Read<Token> {
  const char = pattern[at] ?? '';
  if (char === '*') return { token: { kind: 'star' }, end: at + 1 };
  if (char === '?') return { token: { kind: 'any' }, end: at + 1 };
  if (char === '[') return readClass(pattern, at + 1) ?? { token: MALFORMED, end: pattern.length };
  if (char !== '\\') return { token: { kind: 'byte', byte: char }, end: at + 1 };
  const byte = pattern[at + 1];
  return { token: byte === undefined ? MALFORMED : { kind: 'byte', byte }, end: at + 2 };
}

function readClass(pattern: string, start: number): Read<Token> | undefined {
  const isNegated = pattern[start] === '^';
  const ranges: Range[] = [];
  let at = isNegated ? start + 1 : start;
  while (pattern[at] !== ']' || ranges.length === 0) {
    const low = readClassChar(pattern, at);
    if (low === undefined) return undefined;
    const high = pattern[low.end] === '-' ? readClassChar(pattern, low.end + 1) : low;
    if (high === undefined) return undefined;
    ranges.push([low.token, high.token]);
    at = high.end;
  }
  return { token: { kind: 'class', isNegated, ranges }, end: at + 1 };
}

function readClassChar(pattern: string, start: number): Read<number> | undefined {
  if (pattern[start] === '-' || pattern[start] === ']') return undefined;
  const at = pattern[start] === '\\' ? start + 1 : start;
  const { rune, width } = readRune(pattern, at);
  return width === 0 || at + width >= pattern.length ? undefined : { token: rune, end: at + width };
}

/** Reads one UTF-8 character; an incomplete one is a single byte that stands for U+FFFD, as in Go. */
function readRune(bytes: string, at: number): { readonly rune: number; readonly width: number } {
  const lead = bytes.charCodeAt(at);
  if (Number.isNaN(lead)) return { rune: REPLACEMENT, width: 0 };
  if (lead < 0x80) return { rune: lead, width: 1 };
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const rune =
    Buffer.from(bytes.slice(at, at + width), 'latin1')
      .toString('utf8')
      .codePointAt(0) ?? REPLACEMENT;
  return rune === REPLACEMENT ? { rune, width: 1 } : { rune, width };
}

const REPLACEMENT = 0xfffd;
