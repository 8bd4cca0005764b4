import { posix } from 'node:path';
import type { MemoryEntry } from './memory-tree.ts';

const NAMES: ReadonlySet<string> = new Set(['kustomization.yaml', 'kustomization.yml', 'Kustomization']);

/** The directories with a kustomization file among a repository's files, in order. */
export function findKustomizations(files: Readonly<Record<string, MemoryEntry>>): readonly string[] {
  const directories = Object.keys(files)
    .filter((path) => NAMES.has(posix.basename(path)) && isText(files[path]))
    .map((path) => posix.dirname(path))
    .map((directory) => (directory === '.' ? '' : directory));
  return [...new Set(directories)].sort();
}

function isText(entry: MemoryEntry | undefined): boolean {
  return typeof entry === 'string' || Buffer.isBuffer(entry);
}
