import { HawserError } from '../errors/hawser-error.ts';
import type { Tree, TreeEntry, TreeNode } from '../model/tree.ts';

/** A file: its mode belongs to it, so that two names of one content may differ in it. */
export interface FileNode extends TreeNode {
  readonly kind: 'file';
  readonly content: Buffer;
}

/** A symlink, wherever it points: that is asked when it is followed. */
export interface SymlinkNode {
  readonly kind: 'symlink';
  readonly executable: false;
  readonly id: string;
  readonly target: string;
}

/** A directory that is complete. */
export interface DirectoryNode extends TreeNode {
  readonly kind: 'directory';
  readonly entries: readonly TreeEntry[];
  readonly children: ReadonlyMap<string, Node>;
}

export type Node = FileNode | SymlinkNode | DirectoryNode;

const MAX_HOPS = 40;
const MAX_PATH_BYTES = 1024;

/** Makes the readable tree of a root directory. */
export function createArtifactTree(root: DirectoryNode): Tree {
  return {
    id: root.id,
    list: async (path) => {
      const found = resolvePath(root, path, true);
      return found?.kind === 'directory' ? found.entries : undefined;
    },
    find: async (path) => {
      const found = resolvePath(root, path, true);
      if (!found || found.kind === 'symlink') return undefined;
      return { kind: found.kind, id: found.id, executable: found.executable };
    },
    read: async (path) => {
      const found = resolvePath(root, path, true);
      if (found?.kind !== 'file') throw notFound(path, found);
      return found.content;
    },
    readLink: async (path) => {
      const found = resolvePath(root, path, false);
      if (found?.kind !== 'symlink') throw notFound(path, found);
      return found.target;
    },
  };
}

/** A directory on the way, and how it was named there. */
interface Step {
  readonly name: string;
  readonly node: DirectoryNode;
}

/** A path being walked: the names to come (the next one last), the way so far, the symlink followed last. */
interface Walk {
  readonly pending: string[];
  readonly way: Step[];
  hops: number;
  link: string | undefined;
}

/** Walks a path name by name, as a file system does: `..` after a symlink means the parent of where it leads. */
function resolvePath(root: DirectoryNode, path: string, followLast: boolean): Node | undefined {
  const walk: Walk = { pending: splitPath(path), way: [{ name: '', node: root }], hops: 0, link: undefined };
  for (let name = walk.pending.pop(); name !== undefined; name = walk.pending.pop()) {
    const node = name === '..' ? goUp(walk) : goDown(walk, name);
    const isLast = walk.pending.length === 0;
    if (node?.kind === 'symlink' && (followLast || !isLast)) follow(walk, name, node);
    else if (node?.kind !== 'directory') return isLast ? node : undefined;
  }
  return walk.way.at(-1)?.node;
}

/** Above the root there is nothing, and a symlink that wants to go there is refused. */
function goUp({ way, link }: Walk): DirectoryNode | undefined {
  if (way.length > 1) way.pop();
  else if (link === undefined) return undefined;
  else throw escapes(link, 'leads out of the artifact');
  return way.at(-1)?.node;
}

function goDown({ way }: Walk, name: string): Node | undefined {
  const node = way.at(-1)?.node.children.get(name);
  if (node?.kind === 'directory') way.push({ name, node });
  return node;
}

function follow(walk: Walk, name: string, { target }: SymlinkNode): void {
  const link = [...walk.way.slice(1).map((step) => step.name), name].join('/');
  walk.link = link;
  walk.hops += 1;
  if (walk.hops > MAX_HOPS) throw escapes(link, 'goes around in circles');
  if (target.startsWith('/')) throw escapes(link, 'leads out of the artifact');
  walk.pending.push(...splitPath(target));
}

/** The names of a path, the first one last. */
function splitPath(path: string): string[] {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new HawserError('TREE_PATH_NOT_FOUND', `path is longer than ${MAX_PATH_BYTES} bytes`);
  }
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}

function escapes(link: string, problem: string): HawserError {
  return new HawserError('TREE_LINK_ESCAPES', `symbolic link '${link}' ${problem}`, { data: { link } });
}

function notFound(path: string, found: Node | undefined): HawserError {
  const problem = found ? `is a ${found.kind}` : 'no such file or directory';
  return new HawserError('TREE_PATH_NOT_FOUND', `${path}: ${problem}`, { data: { path } });
}
