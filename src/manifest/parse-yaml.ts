import { load, YAMLException } from 'js-yaml';
import { HawserError } from '../errors/hawser-error.ts';
import { measureYaml } from './measure-yaml.ts';
import { MANIFEST_SCHEMA, TEXT_SCHEMA } from './yaml-schema.ts';

/** One document of a YAML stream. */
export interface YamlDocument {
  /** Counted from 1 within the file; empty documents count too. */
  readonly number: number;
  readonly value: unknown;
  /** The same document with every scalar as the text that stands in the file. */
  readonly rawValue: () => unknown;
}

/** Larger than any set of manifests that is still readable; a larger file is a mistake or an attack. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What stands in a repository in place of a file that Git LFS keeps (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
const LFS_POINTER = /^version https:\/\/git-lfs\.github\.com\/spec\/v\d+\r?\n/;
const LFS_PROBLEM =
  "is a pointer of Git LFS, whose content is not fetched: take the file out of .gitattributes and commit its content ('git lfs migrate export')";

const SEPARATOR = /\n---(.*)(?=\n|$)/g;

/**
 * Reads a YAML or JSON stream as kustomize reads it, document by document; empty documents are left out.
 * Throws MANIFEST_INVALID naming file and line; the message never quotes the file.
 */
export function parseYaml(text: string, options: { file: string }): YamlDocument[] {
  if (text.length > MOST_BYTES) throw invalid(options.file, `is larger than ${MOST_BYTES / 1024 / 1024} MiB`);
  if (LFS_POINTER.test(text)) throw invalid(options.file, LFS_PROBLEM);
  const documents: YamlDocument[] = [];
  for (const piece of splitDocuments(text, options.file)) {
    const value = parseDocument(piece, options.file);
    if (value === undefined || value === null) continue;
    documents.push({ number: piece.number, value, rawValue: () => load(piece.text, { schema: TEXT_SCHEMA }) });
  }
  return documents;
}

interface Piece {
  readonly number: number;
  readonly text: string;
  /** Lines of the file before this document. */
  readonly linesBefore: number;
}

/** Splits at lines that start with `---`, as kyaml does: one bad document must not hide where the others are. */
function splitDocuments(text: string, file: string): Piece[] {
  const unix = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const pieces: Piece[] = [];
  let start = 0;
  let linesBefore = 0;
  for (const match of unix.matchAll(SEPARATOR)) {
    const piece = unix.slice(start, match.index + 1);
    pieces.push({ number: pieces.length + 1, text: piece, linesBefore });
    linesBefore += countLines(piece);
    const rest = (match[1] ?? '').trim();
    if (rest !== '' && !rest.startsWith('#')) {
      throw invalid(file, `line ${linesBefore + 1}: only a comment may follow '---'`);
    }
    linesBefore += 1;
    start = match.index + match[0].length + 1;
  }
  pieces.push({ number: pieces.length + 1, text: unix.slice(start), linesBefore });
  return pieces;
}

function parseDocument(piece: Piece, file: string): unknown {
  try {
    const value = load(piece.text, { schema: MANIFEST_SCHEMA, listener: refuseOtherKeys });
    measureYaml(value, piece.text.length);
    return value;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark ? `line ${piece.linesBefore + error.mark.line + 1}: ` : '';
    throw invalid(file, `${line}${error.reason}`, `document ${piece.number}`);
  }
}

interface ParserState {
  readonly input: string;
  readonly position: number;
  readonly kind: string | null;
  readonly result: unknown;
  readonly line: number;
}

/** Refuses keys such as `8080:` or `true:`: JSON has only text as keys, and kustomize fails on them without naming any. */
function refuseOtherKeys(event: string, state: ParserState): void {
  if (event !== 'close' || state.kind !== 'scalar' || typeof state.result === 'string') return;
  let next = state.position;
  while (isBlank(state.input.charCodeAt(next))) next += 1;
  if (state.input[next] !== ':') return;
  const mark = { line: state.line } as YAMLException['mark'];
  throw new YAMLException(`the key ${String(state.result)} must be a string: quote it`, mark);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a;
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}

function invalid(file: string, what: string, where?: string): HawserError {
  return new HawserError('MANIFEST_INVALID', `${where === undefined ? file : `${file}, ${where}`}: ${what}`);
}
