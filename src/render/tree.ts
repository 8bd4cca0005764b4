/** One name in a directory of a snapshot; `id` identifies the content, whatever names it. */
export interface TreeEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'submodule';
  readonly executable: boolean;
  readonly id: string;
}

/** What a path names once symlinks are resolved. */
export interface TreeNode {
  readonly kind: 'file' | 'directory' | 'submodule';
  readonly id: string;
  readonly executable: boolean;
}

/**
 * A read-only snapshot of files: what render reads, whoever made it (a commit, an artifact). Paths are relative
 * to the root, with `/` between names; the root is the empty path. No path ever leads out of the snapshot.
 */
export interface Tree {
  readonly id: string;
  /** The entries of a directory, symlinks in `path` resolved; undefined if there is no such directory. */
  list(path: string): Promise<readonly TreeEntry[] | undefined>;
  /** What a path names, symlinks resolved; undefined if it names nothing; throws if a symlink leaves the snapshot. */
  find(path: string): Promise<TreeNode | undefined>;
  /** The bytes of a file, symlinks resolved. */
  read(path: string): Promise<Buffer>;
  /** The target of a symlink as written. */
  readLink(path: string): Promise<string>;
}
