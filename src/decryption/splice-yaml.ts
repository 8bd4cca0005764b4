import type { KeyObject } from 'node:crypto';
import type { FoundValues } from './decrypted-file.ts';
import { ENCRYPTED_PREFIX, type SopsPath, type SopsValue, toPlainValue, tryDecryptValue } from './sops-value.ts';
import { toYamlFloat, toYamlText } from './yaml-scalar.ts';

/**
 * Puts decrypted values where their encrypted texts stand and takes the metadata out; the result must be checked, as
 * this looks at lines only.
 */
export function spliceYaml(text: string, found: FoundValues, dataKey: KeyObject): string {
  const lines = withoutMetadata(text.replaceAll('\r\n', '\n').split('\n'));
  const written: string[] = [];
  const paths = pathsOf(lines, found);
  for (const [index, line] of lines.entries()) {
    const openComment = createCommentOpener(dataKey, paths[index] ?? []);
    written.push(...writeLine(line, found, openComment));
  }
  const rest = written.join('\n');
  return rest.trim() === '' ? '{}\n' : rest;
}

interface Parts {
  readonly before: string;
  readonly encrypted: string;
  readonly after: string;
}

function split(line: string): Parts | undefined {
  const start = line.indexOf(ENCRYPTED_PREFIX);
  const end = start < 0 ? -1 : line.indexOf(']', start);
  if (end < 0) return undefined;
  return { before: line.slice(0, start), encrypted: line.slice(start, end + 1), after: line.slice(end + 1) };
}

/** The metadata is a block of its own at the end of each document, as SOPS writes it. */
function withoutMetadata(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let isInside = false;
  for (const [index, line] of lines.entries()) {
    if (/^sops:\s*$/.test(line)) isInside = true;
    else if (isInside && !/^(?:\s|$)/.test(line)) isInside = false;
    const isLast = index === lines.length - 1;
    if (!isInside || isLast) kept.push(line);
  }
  return kept;
}

type OpenComment = (encrypted: string) => string | undefined;

function writeLine(line: string, found: FoundValues, openComment: OpenComment): string[] {
  const parts = split(line);
  if (!parts) return [line];
  const value = found.get(parts.encrypted)?.value;
  if (!value) return writeComment(parts, openComment);
  if (value.type === 'comment') return [`${parts.before.replace(/- $/, '#')}${value.text}${parts.after}`];
  const inline = split(parts.after);
  const [comment, rest] = inline ? liftComment(inline, openComment) : [undefined, parts.after];
  const written = writeValue({ ...parts, after: rest }, value);
  return comment === undefined ? [written] : [`${marginOf(line)}#${comment}`, written];
}

/** SOPS puts the comment behind a value above it when it decrypts; what it cannot decrypt it leaves. */
function writeComment(parts: Parts, openComment: OpenComment): string[] {
  const [comment, rest] = liftComment(parts, openComment);
  if (comment === undefined) return [rest];
  const line = `${marginOf(parts.before)}#${comment}`;
  return rest === '' ? [line] : [line, rest];
}

function liftComment({ before, encrypted, after }: Parts, openComment: OpenComment): [string | undefined, string] {
  const comment = before.endsWith('#') ? openComment(encrypted) : undefined;
  if (comment === undefined) return [undefined, before + encrypted + after];
  return [comment, before.slice(0, -1).trimEnd()];
}

function createCommentOpener(dataKey: KeyObject, paths: readonly SopsPath[]): OpenComment {
  return (encrypted) => {
    for (const path of paths) {
      const value = tryDecryptValue(encrypted, dataKey, path);
      if (value) return value.text;
    }
    return undefined;
  };
}

function marginOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? '';
}

/** What follows the value on its line, a comment, stays on the first line of a block scalar. */
function writeValue({ before, after }: Parts, value: SopsValue): string {
  const margin = /^(?:- | )*/.exec(before)?.[0] ?? '';
  const inList = before.length === margin.length;
  const column = inList ? margin.length - 2 : margin.length;
  const [first = '', ...rest] = writeScalar(value, { column, inList }).split('\n');
  return [before + first + after, ...rest].join('\n');
}

function writeScalar(value: SopsValue, place: { readonly column: number; readonly inList: boolean }): string {
  const plain = toPlainValue(value);
  if (value.type === 'time') return value.text;
  if (typeof plain === 'string') return toYamlText(plain, place);
  return value.type === 'float' ? toYamlFloat(Number(plain)) : String(plain);
}

/**
 * For each line the mappings that a comment there may belong to: those around the value above and the value below. SOPS
 * authenticates a comment with the path of its mapping, which only the parser of the comments would know.
 */
function pathsOf(lines: readonly string[], found: FoundValues): SopsPath[][] {
  const own = lines.map((line) => found.get(split(line)?.encrypted ?? '')?.path);
  const above = carry(own);
  const below = carry([...own].reverse()).reverse();
  return lines.map((_, index) => [...around(below[index]), ...around(above[index])]);
}

function carry(paths: readonly (SopsPath | undefined)[]): (SopsPath | undefined)[] {
  let last: SopsPath | undefined;
  return paths.map((path) => {
    last = path ?? last;
    return last;
  });
}

function around(path: SopsPath = []): SopsPath[] {
  return path.map((_, index) => path.slice(0, path.length - 1 - index));
}
