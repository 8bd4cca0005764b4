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
 * A read-only snapshot of files, whoever made it: a commit, read without a checkout, or an artifact. Paths are relative to
 * the root, with `/` between names, and `''` is the root; `.` and `..` mean what they mean in a file system, and symlinks
 * are followed inside the snapshot only.
 */
export interface Tree {
  /** Identifies all content: equal for equal trees. */
  readonly id: string;
  /** The entries of a directory, sorted by name; undefined if there is no such directory. */
  list(path: string): Promise<readonly TreeEntry[] | undefined>;
  /** What is there; undefined if nothing is. Throws TREE_LINK_ESCAPES for a link that leads outside. */
  find(path: string): Promise<TreeNode | undefined>;
  /** Content of a file, shared, never to be changed; throws TREE_PATH_NOT_FOUND if there is none. */
  read(path: string): Promise<Buffer>;
  /** Where a symlink points, as written; throws TREE_PATH_NOT_FOUND if there is none. */
  readLink(path: string): Promise<string>;
}
