import { entriesOf } from './decrypt-tree.ts';

/** Writes a document as SOPS (Go's encoding/json, indented by tabs) writes it, byte by byte. */
export function emitJson(tree: unknown): string {
  return `${emit(tree, '\n')}\n`;
}

function emit(tree: unknown, line: string): string {
  const inner = `${line}\t`;
  if (Array.isArray(tree)) {
    return wrap(
      tree.map((item) => inner + emit(item, inner)),
      ['[', `${line}]`],
    );
  }
  if (tree === null || typeof tree !== 'object') return emitScalar(tree);
  return wrap(
    entriesOf(tree).map(([key, value]) => `${inner}${quote(key)}: ${emit(value, inner)}`),
    ['{', `${line}}`],
  );
}

function wrap(items: readonly string[], [open, close]: readonly [string, string]): string {
  return items.length === 0 ? open + close.trim() : open + items.join(',') + close;
}

function emitScalar(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}

/** Go also escapes what would be markup inside HTML, and the two line separators. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
