import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readFiles } from './build-with-kustomize.ts';
import type { MemoryEntry } from './memory-tree.ts';

/** A directory of manifests as somebody publishes it. */
export interface Corpus {
  readonly name: string;
  readonly files: Readonly<Record<string, MemoryEntry>>;
  /** Not ours, and made for a cluster where its images run: see run-corpus. */
  readonly isForeign: boolean;
}

/** Every directory in a directory, as one corpus each. */
export async function readCorpora(root: string, { isForeign }: Pick<Corpus, 'isForeign'>): Promise<Corpus[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(names.sort().map(async (name) => ({ name, isForeign, files: await readFiles(join(root, name)) })));
}
