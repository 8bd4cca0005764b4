import { HawserError } from '../errors/hawser-error.ts';
import type { Tree, TreeEntry } from '../model/tree.ts';

/**
 * Where a tree reads from: the store of one source, which needs ids only, or other trees, which need paths. A path that
 * is asked for leads through directories only, never through a symlink.
 */
export interface TreeReader {
  readTree(id: string, path: string): Promise<readonly TreeEntry[]>;
  readBlob(id: string, path: string): Promise<Buffer>;
  /** Where a symlink points. */
  readLink(id: string, path: string): Promise<string>;
}

const MAX_HOPS = 40;
const MAX_PATH_BYTES = 1024;
const MAX_DEPTH = 64;
const ROOT_NAME = '';

/** Makes the tree of a commit's root. */
export function createTree(reader: TreeReader, rootId: string): Tree {
  const root: Step = { name: ROOT_NAME, kind: 'directory', executable: false, id: rootId };
  const resolve = (path: string, follow: boolean) => resolvePath(reader, { root, path, followLast: follow });
  return {
    id: rootId,
    list: async (path) => {
      const found = await resolve(path, true);
      return found?.entry.kind === 'directory' ? reader.readTree(found.entry.id, found.path) : undefined;
    },
    find: async (path) => {
      const found = await resolve(path, true);
      if (!found || found.entry.kind === 'symlink') return undefined;
      const { kind, id, executable } = found.entry;
      return { kind, id, executable };
    },
    read: async (path) => {
      const found = await resolve(path, true);
      if (found?.entry.kind !== 'file') throw notFound(path, found?.entry);
      return reader.readBlob(found.entry.id, found.path);
    },
    readLink: async (path) => {
      const found = await resolve(path, false);
      if (found?.entry.kind !== 'symlink') throw notFound(path, found?.entry);
      return reader.readLink(found.entry.id, found.path);
    },
  };
}

type Step = TreeEntry;

interface PathRequest {
  readonly root: Step;
  readonly path: string;
  readonly followLast: boolean;
}

/** A path being walked: the names to come (the next one last), the way so far, the symlink followed last. */
interface Walk {
  readonly pending: string[];
  readonly way: Step[];
  hops: number;
  link: string | undefined;
}

interface Found {
  readonly entry: Step;
  /** As it stands, every symlink resolved. */
  readonly path: string;
}

/** Walks a path name by name, as a file system does: `..` after a symlink means the parent of where it leads. */
async function resolvePath(reader: TreeReader, { root, path, followLast }: PathRequest): Promise<Found | undefined> {
  const walk: Walk = { pending: splitPath(path).reverse(), way: [root], hops: 0, link: undefined };
  for (let name = walk.pending.pop(); name !== undefined; name = walk.pending.pop()) {
    const entry = name === '..' ? goUp(walk) : await enter(reader, walk, name);
    if (!entry) return undefined;
    if (entry.kind !== 'symlink') continue;
    if (walk.pending.length === 0 && !followLast) return { entry, path: pathOf(walk, entry) };
    await follow(reader, walk, entry);
  }
  const last = walk.way.at(-1);
  return last && { entry: last, path: pathOf(walk) };
}

function pathOf({ way }: Walk, ...further: readonly Step[]): string {
  return [...way.slice(1), ...further].map((step) => step.name).join('/');
}

/** Above the root there is nothing, and a symlink that wants to go there is refused. */
function goUp({ way, link }: Walk): Step | undefined {
  if (way.length > 1) way.pop();
  else if (link === undefined) return undefined;
  else throw escapes(link, 'leads out of the repository');
  return way.at(-1);
}

async function enter(reader: TreeReader, walk: Walk, name: string): Promise<Step | undefined> {
  const { way } = walk;
  const here = way.at(-1);
  if (here?.kind !== 'directory' || way.length > MAX_DEPTH) return undefined;
  const entry = findEntry(await reader.readTree(here.id, pathOf(walk)), name);
  if (entry && entry.kind !== 'symlink') way.push(entry);
  return entry;
}

async function follow(reader: TreeReader, walk: Walk, entry: Step): Promise<void> {
  walk.link = pathOf(walk, entry);
  walk.hops++;
  if (walk.hops > MAX_HOPS) throw escapes(walk.link, 'goes around in circles');
  walk.pending.push(...(await readTarget(reader, entry, walk.link)).reverse());
}

async function readTarget(reader: TreeReader, entry: TreeEntry, link: string): Promise<string[]> {
  const target = await reader.readLink(entry.id, link);
  if (target.startsWith('/')) throw escapes(link, 'leads out of the repository');
  if (Buffer.byteLength(target) > MAX_PATH_BYTES) throw escapes(link, 'is longer than any path may be');
  return splitPath(target);
}

function splitPath(path: string): string[] {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new HawserError('TREE_PATH_NOT_FOUND', `path is longer than ${MAX_PATH_BYTES} bytes`);
  }
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** Binary search: entries are sorted by name. */
function findEntry(entries: readonly TreeEntry[], name: string): TreeEntry | undefined {
  let low = 0;
  let high = entries.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (!entry || entry.name === name) return entry;
    if (entry.name < name) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

function escapes(link: string, problem: string): HawserError {
  return new HawserError('TREE_LINK_ESCAPES', `symbolic link '${link}' ${problem}`, { data: { link } });
}

function notFound(path: string, found: Step | undefined): HawserError {
  const problem = found ? `is a ${found.kind}` : 'no such file or directory';
  return new HawserError('TREE_PATH_NOT_FOUND', `${path}: ${problem}`, { data: { path } });
}
