import { HawserError } from '../errors/hawser-error.ts';

/**
 * The `${…}` language of Flux's post-build variables: a subset of the shell's, with habits of its own that are kept.
 * Text is handled as UTF-8 bytes, one character per byte, because offsets, lengths and patterns count bytes there.
 * This file reads the language; expand-template.ts evaluates it.
 */
export type TemplatePart = string | VariableReference;

/** One `${name<operator>args}`; the operator is empty for a bare variable and `length` for `${#name}`. */
export interface VariableReference {
  readonly name: string;
  readonly operator: string;
  readonly args: readonly TemplatePart[];
}

/** Deeper nesting is an attack on the stack. */
const DEEPEST = 200;

const BAD = 'bad substitution';
const BAD_ARGUMENT = 'unable to parse substitution within function';

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

/** Splits text into literal text and references. Throws SUBSTITUTION_FAILED in Flux's words for malformed ones. */
export function parseTemplate(text: string): TemplatePart[] {
  const cursor: Cursor = { text, at: 0, depth: 0 };
  const parts: TemplatePart[] = [];
  while (cursor.at < text.length) {
    parts.push(startsReference(cursor) ? readReference(cursor) : readText(cursor, '', '$'));
  }
  return parts;
}

function readReference(cursor: Cursor): VariableReference {
  cursor.depth += 1;
  if (cursor.depth > DEEPEST) throw problem(`variables are nested more than ${DEEPEST} levels deep`);
  cursor.at += 2;
  const reference = peek(cursor) === '#' ? readLength(cursor) : readOperation(cursor);
  cursor.depth -= 1;
  return reference;
}

function readLength(cursor: Cursor): VariableReference {
  cursor.at += 1;
  const name = readName(cursor);
  if (name === '') throw problem(BAD);
  return close(cursor, { name, operator: 'length', args: [] });
}

function readOperation(cursor: Cursor): VariableReference {
  const name = readName(cursor);
  if (name === '') throw problem('unable to parse variable name');
  const read = READERS[peek(cursor)];
  if (read) return read(cursor, name);
  if (peek(cursor) !== '}') throw problem('missing closing brace');
  return close(cursor, { name, operator: '', args: [] });
}

type Reader = (cursor: Cursor, name: string) => VariableReference;

/** By the character after the name. `-`, `+` and `?` alone are not among them: Flux refuses `${name-default}`. */
const READERS: Readonly<Record<string, Reader>> = {
  ':': readDefaultOrSlice,
  '=': (cursor, name) => readDefault(cursor, name, take(cursor, /=/y)),
  ',': readCasing,
  '^': readCasing,
  '/': readReplacement,
  '#': (cursor, name) => readTrim(cursor, name, take(cursor, /##?/y)),
  '%': (cursor, name) => readTrim(cursor, name, take(cursor, /%%?/y)),
};

function readDefaultOrSlice(cursor: Cursor, name: string): VariableReference {
  const operator = take(cursor, /:[-=?+]/y);
  return operator === '' ? readSlice(cursor, name) : readDefault(cursor, name, operator);
}

/** A default may mix text and references; it is the only argument that may. */
function readDefault(cursor: Cursor, name: string, operator: string): VariableReference {
  const args: TemplatePart[] = [];
  while (peek(cursor) !== '}') args.push(readArgument(cursor, '}', ''));
  return close(cursor, { name, operator, args });
}

function readSlice(cursor: Cursor, name: string): VariableReference {
  cursor.at += 1;
  if (peek(cursor) >= '\x80') throw problem(BAD);
  const args = [readArgument(cursor, ':}', '')];
  if (peek(cursor) === '}') return close(cursor, { name, operator: ':', args });
  if (take(cursor, /:+/y) === '') throw problem(BAD);
  args.push(readArgument(cursor, '}', ''));
  return close(cursor, { name, operator: ':', args });
}

function readCasing(cursor: Cursor, name: string): VariableReference {
  return close(cursor, { name, operator: take(cursor, /[,^]{1,2}/y), args: [] });
}

function readTrim(cursor: Cursor, name: string, operator: string): VariableReference {
  return close(cursor, { name, operator, args: [readArgument(cursor, '}', '')] });
}

/** The pattern ends only at a slash, so it may hold `}`; several slashes count as one. */
function readReplacement(cursor: Cursor, name: string): VariableReference {
  const operator = take(cursor, /\/[/#%]?/y);
  const args = [readArgument(cursor, '/', '$\\')];
  if (take(cursor, /\/+/y) === '') throw problem(BAD);
  if (peek(cursor) !== '}') args.push(readArgument(cursor, '}', '$\\'));
  return close(cursor, { name, operator, args });
}

function readArgument(cursor: Cursor, stops: string, escapes: string): TemplatePart {
  if (startsReference(cursor)) return readReference(cursor);
  const text = cursor.at < cursor.text.length && !stops.includes(peek(cursor)) ? readText(cursor, stops, escapes) : '';
  if (text === '') throw problem(BAD_ARGUMENT);
  return text;
}

/** Reads up to a stop character or a reference; `$$` is a dollar, `\/` and `\\` lose their backslash, where escapes say so. */
function readText(cursor: Cursor, stops: string, escapes: string): string {
  let text = '';
  let from = cursor.at;
  while (cursor.at < cursor.text.length && !startsReference(cursor)) {
    if (isEscape(cursor, escapes)) {
      text += cursor.text.slice(from, cursor.at);
      from = cursor.at + 1;
      cursor.at += 2;
    } else if (stops.includes(peek(cursor))) {
      break;
    } else {
      cursor.at += 1;
    }
  }
  return text + cursor.text.slice(from, cursor.at);
}

function isEscape(cursor: Cursor, escapes: string): boolean {
  const char = peek(cursor);
  if (!escapes.includes(char)) return false;
  const next = cursor.text[cursor.at + 1] ?? '';
  return char === '$' ? next === '$' : next === '/' || next === '\\';
}

function startsReference(cursor: Cursor): boolean {
  return cursor.text.startsWith('${', cursor.at);
}

/** Letters and digits of any script, as in Flux; such a variable cannot exist, but it is no syntax error. */
function readName(cursor: Cursor): string {
  const start = cursor.at;
  let width = nameCharWidth(cursor);
  while (width > 0) {
    cursor.at += width;
    width = nameCharWidth(cursor);
  }
  return cursor.text.slice(start, cursor.at);
}

function nameCharWidth({ text, at }: Cursor): number {
  if (/[\w]/.test(text[at] ?? '')) return 1;
  const lead = text.charCodeAt(at);
  if (!(lead >= 0xc2)) return 0;
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const char = Buffer.from(text.slice(at, at + width), 'latin1').toString('utf8');
  return /^[\p{L}\p{Nd}]$/u.test(char) ? width : 0;
}

function close(cursor: Cursor, reference: VariableReference): VariableReference {
  if (peek(cursor) !== '}') throw problem(BAD);
  cursor.at += 1;
  return reference;
}

function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const text = pattern.exec(cursor.text)?.[0] ?? '';
  cursor.at += text.length;
  return text;
}

function peek(cursor: Cursor): string {
  return cursor.text[cursor.at] ?? '';
}

function problem(what: string): HawserError {
  return new HawserError('SUBSTITUTION_FAILED', `variable substitution failed: ${what}`);
}
