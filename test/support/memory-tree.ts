import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Tree, TreeEntry, TreeNode } from '../../src/model/tree.ts';

/** A file's text, or what else a path can be. */
export type MemoryEntry = string | Buffer | { readonly symlink: string } | { readonly submodule: string };

interface Directory {
  readonly children: Map<string, Directory | MemoryEntry>;
}

/** A `Tree` over paths given as data; ids are hashes of content, as in Git. */
export function createMemoryTree(files: Readonly<Record<string, MemoryEntry>>): Tree & { readonly reads: string[] } {
  const root: Directory = { children: new Map() };
  for (const [path, entry] of Object.entries(files)) put(root, path, entry);
  const reads: string[] = [];

  function find(path: string): Directory | MemoryEntry | undefined {
    return resolve(root, path, 0);
  }

  return {
    id: idOf(root),
    reads,
    async list(path) {
      const found = find(path);
      return isDirectory(found) ? [...found.children].map(([name, child]) => toEntry(name, child)) : undefined;
    },
    async find(path) {
      const found = find(path);
      return found === undefined ? undefined : toNode(found);
    },
    async read(path) {
      reads.push(path);
      const found = find(path);
      if (typeof found === 'string') return Buffer.from(found);
      if (Buffer.isBuffer(found)) return found;
      throw new Error(`${path} is not a file`);
    },
    async readLink(path) {
      const parent = find(posix.dirname(path));
      const found = isDirectory(parent) ? parent.children.get(posix.basename(path)) : undefined;
      if (isSymlink(found)) return found.symlink;
      throw new Error(`${path} is not a symlink`);
    },
  };
}

function put(root: Directory, path: string, entry: MemoryEntry): void {
  const names = path.split('/');
  const last = names.pop() ?? '';
  let directory = root;
  for (const name of names) {
    const next = directory.children.get(name) ?? { children: new Map() };
    if (!isDirectory(next)) throw new Error(`${name} in ${path} is not a directory`);
    directory.children.set(name, next);
    directory = next;
  }
  directory.children.set(last, entry);
}

function resolve(root: Directory, path: string, hops: number): Directory | MemoryEntry | undefined {
  if (hops > 40) throw new Error(`${path} follows too many symlinks`);
  const normal = posix.normalize(`./${path}`).replace(/\/$/, '');
  if (normal.startsWith('..')) throw new Error(`${path} leaves the snapshot`);
  let current: Directory | MemoryEntry | undefined = root;
  const names = normal === '.' ? [] : normal.split('/');
  for (const [index, name] of names.entries()) {
    if (!isDirectory(current)) return undefined;
    current = current.children.get(name);
    if (!isSymlink(current)) continue;
    const parent = names.slice(0, index).join('/');
    return resolve(root, posix.join(parent, current.symlink, ...names.slice(index + 1)), hops + 1);
  }
  return current;
}

function toEntry(name: string, entry: Directory | MemoryEntry): TreeEntry {
  const node = isSymlink(entry) ? { kind: 'symlink' as const, id: idOf(entry), executable: false } : toNode(entry);
  return { name, ...node };
}

function toNode(entry: Directory | MemoryEntry): TreeNode {
  if (isDirectory(entry)) return { kind: 'directory', id: idOf(entry), executable: false };
  const isSubmodule = typeof entry === 'object' && 'submodule' in entry;
  return { kind: isSubmodule ? 'submodule' : 'file', id: idOf(entry), executable: false };
}

function idOf(entry: Directory | MemoryEntry): string {
  const hash = createHash('sha1');
  if (typeof entry === 'string' || Buffer.isBuffer(entry)) return hash.update('file').update(entry).digest('hex');
  if (!isDirectory(entry)) return hash.update(JSON.stringify(entry)).digest('hex');
  for (const [name, child] of entry.children) {
    const { kind, id } = toEntry(name, child);
    hash.update(`${name}\0${kind}\0${id}\0`);
  }
  return hash.digest('hex');
}

function isDirectory(entry: Directory | MemoryEntry | undefined): entry is Directory {
  return typeof entry === 'object' && 'children' in entry;
}

function isSymlink(entry: Directory | MemoryEntry | undefined): entry is { readonly symlink: string } {
  return typeof entry === 'object' && 'symlink' in entry;
}
