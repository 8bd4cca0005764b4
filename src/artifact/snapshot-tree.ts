/** The part of a snapshot of files that archiving reads; git's Tree satisfies it. Paths as in a Tree: '' is the root. */
export interface SnapshotTree {
  list(path: string): Promise<readonly SnapshotEntry[] | undefined>;
  read(path: string): Promise<Buffer>;
}

interface SnapshotEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'submodule';
  readonly executable: boolean;
}
