import { createHash } from 'node:crypto';
import type { Tree, TreeEntry } from '../model/tree.ts';
import { createTree } from './create-tree.ts';

/** A directory of another tree that appears at a path of this one. */
export interface Mount {
  /** Where it appears; plain names with `/` between them, never the root. */
  readonly path: string;
  readonly tree: Tree;
  /** Which directory of that tree; `''` is its root. */
  readonly from: string;
  /** Id of that directory. */
  readonly id: string;
}

/**
 * A tree with other trees in it, and with them what they hide. Where directories on the way are missing they appear;
 * symlinks are followed inside the whole, wherever they stand. Nothing is copied.
 */
export function mountTrees(base: Tree, mounts: readonly Mount[]): Tree {
  if (mounts.length === 0) return base;
  const locate = (path: string) => {
    let found: Mount | undefined;
    for (const mount of mounts) if (isWithin(path, mount.path) && !isDeeper(found, mount)) found = mount;
    if (!found) return { tree: base, path };
    return { tree: found.tree, path: join(found.from, path.slice(found.path.length + 1)) };
  };
  const listWith = async (path: string) => {
    const at = locate(path);
    const entries = new Map(((await at.tree.list(at.path)) ?? []).map((entry) => [entry.name, entry]));
    for (const [name, below] of groupByName(mounts, path)) {
      const id = toId(entries.get(name)?.id, below, join(path, name));
      entries.set(name, { name, kind: 'directory', executable: false, id });
    }
    return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  return createTree(
    {
      readTree: (_id, path) => listWith(path),
      readBlob: (_id, path) => readAt(locate(path)),
      readLink: (_id, path) => readLinkAt(locate(path)),
    },
    toId(base.id, mounts, ''),
  );
}

/** A tree of which only these directories are there, and those on the way to them; their paths are plain names. */
export function selectDirectories(base: Tree, directories: readonly string[]): Tree {
  const isKept = (path: string) => directories.some((directory) => isWithin(path, directory));
  const leadsTo = (path: string) => directories.some((directory) => isWithin(directory, path));
  const idOf = (id: string, path: string) => (isKept(path) ? id : hash(['select', id, directories]));
  const listKept = async (path: string) => {
    const entries = (await base.list(path)) ?? [];
    if (isKept(path)) return entries;
    return entries.flatMap((entry): TreeEntry[] => {
      const below = join(path, entry.name);
      if (entry.kind !== 'directory' || !leadsTo(below)) return [];
      return [{ ...entry, id: idOf(entry.id, below) }];
    });
  };
  return createTree(
    {
      readTree: (_id, path) => listKept(path),
      readBlob: (_id, path) => base.read(path),
      readLink: (_id, path) => base.readLink(path),
    },
    idOf(base.id, ''),
  );
}

/** What stands at a path, no symlink followed on the way; undefined if nothing does. */
export async function findPlain(tree: Tree, path: string): Promise<TreeEntry | undefined> {
  let directory = '';
  let found: TreeEntry | undefined;
  for (const name of path.split('/')) {
    if (found && found.kind !== 'directory') return undefined;
    const entries: readonly TreeEntry[] = (await tree.list(directory)) ?? [];
    found = entries.find((entry) => entry.name === name);
    if (!found) return undefined;
    directory = join(directory, name);
  }
  return found;
}

const MAX_PATH_BYTES = 1024;

/** Plain names of a path that somebody wrote, `./` and slashes at its ends left out; undefined if it leads elsewhere. */
export function toPlainPath(text: string): string | undefined {
  const names = text.split('/').filter((name) => name !== '' && name !== '.');
  const isPlain = Buffer.byteLength(text) <= MAX_PATH_BYTES && !/\p{Cc}/u.test(text);
  return isPlain && !names.some((name) => name === '..') ? names.join('/') : undefined;
}

interface Place {
  readonly tree: Tree;
  readonly path: string;
}

function readAt({ tree, path }: Place): Promise<Buffer> {
  return tree.read(path);
}

function readLinkAt({ tree, path }: Place): Promise<string> {
  return tree.readLink(path);
}

function isDeeper(found: Mount | undefined, than: Mount): boolean {
  return found !== undefined && found.path.length > than.path.length;
}

/** The mounts strictly below a path, by the name that leads to them. */
function groupByName(mounts: readonly Mount[], path: string): Map<string, Mount[]> {
  const groups = new Map<string, Mount[]>();
  for (const mount of mounts) {
    if (mount.path === path || !isWithin(mount.path, path)) continue;
    const [name = ''] = mount.path.slice(path === '' ? 0 : path.length + 1).split('/');
    groups.set(name, [...(groups.get(name) ?? []), mount]);
  }
  return groups;
}

/** A directory with nothing but one mount is that; else its own content and what is mounted below decide. */
function toId(id: string | undefined, below: readonly Mount[], path: string): string {
  const [only] = below;
  if (below.length === 1 && only?.path === path) return only.id;
  const rest = below.map((mount) => [mount.path.slice(path.length), mount.id]);
  return hash(['mounts', id ?? '', rest]);
}

function isWithin(path: string, directory: string): boolean {
  return directory === '' || path === directory || path.startsWith(`${directory}/`);
}

function join(directory: string, name: string): string {
  if (directory === '') return name;
  return name === '' ? directory : `${directory}/${name}`;
}

function hash(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
