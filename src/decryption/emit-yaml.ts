import { entriesOf } from './decrypt-tree.ts';
import { indentBelow, toYamlKey, toYamlNumber, toYamlText } from './yaml-scalar.ts';

/** Writes documents as SOPS writes YAML, without comments. */
export function emitYaml(documents: readonly unknown[]): string {
  return documents.map((document) => `${emitLines(document, 0).join('\n')}\n`).join('---\n');
}

/** The lines of a document's mapping; the first one without its margin, because it may follow a dash. */
function emitLines(tree: unknown, column: number): string[] {
  if (Array.isArray(tree)) return tree.length === 0 ? ['[]'] : emitList(tree, column);
  const entries = entriesOf(tree);
  return entries.length === 0 ? ['{}'] : emitMapping(entries, column);
}

function emitMapping(entries: readonly [string, unknown][], column: number): string[] {
  const below = indentBelow({ column, inList: false });
  const lines: string[] = [];
  for (const [key, value] of entries) {
    const start = `${toYamlKey(key)}:`;
    if (isScalar(value)) lines.push(`${start} ${emitScalar(value, { column, inList: false })}`);
    else if (isEmpty(value)) lines.push(`${start} ${emitLines(value, below)[0]}`);
    else lines.push(start, ...indent(emitLines(value, below), below - column));
  }
  return lines;
}

function emitList(list: readonly unknown[], column: number): string[] {
  const lines: string[] = [];
  for (const item of list) {
    const [first = '', ...rest] = isScalar(item)
      ? [emitScalar(item, { column, inList: true })]
      : emitLines(item, column + 2);
    lines.push(`- ${first}`, ...indent(rest, 2));
  }
  return lines;
}

/** Block scalars carry their margins already: such a text is one line here, whose breaks stay as they are. */
function indent(lines: readonly string[], width: number): string[] {
  return lines.map((line) => ' '.repeat(width) + line);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value !== 'object';
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : entriesOf(value).length === 0;
}

function emitScalar(value: unknown, place: { readonly column: number; readonly inList: boolean }): string {
  if (typeof value === 'string') return toYamlText(value, place);
  if (typeof value === 'number' || typeof value === 'bigint') return toYamlNumber(value);
  return String(value);
}
