import { HawserError } from '../errors/hawser-error.ts';
import type { Tree, TreeEntry } from '../model/tree.ts';

/** Where a tree reads from: the store of one source. */
export interface TreeReader {
  readTree(id: string): Promise<readonly TreeEntry[]>;
  readBlob(id: string): Promise<Buffer>;
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
      return found?.kind === 'directory' ? reader.readTree(found.id) : undefined;
    },
    find: async (path) => {
      const found = await resolve(path, true);
      if (!found || found.kind === 'symlink') return undefined;
      return { kind: found.kind, id: found.id, executable: found.executable };
    },
    read: async (path) => {
      const found = await resolve(path, true);
      if (found?.kind !== 'file') throw notFound(path, found);
      return reader.readBlob(found.id);
    },
    readLink: async (path) => {
      const found = await resolve(path, false);
      if (found?.kind !== 'symlink') throw notFound(path, found);
      return (await reader.readBlob(found.id)).toString('utf8');
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

/** Walks a path name by name, as a file system does: `..` after a symlink means the parent of where it leads. */
async function resolvePath(reader: TreeReader, { root, path, followLast }: PathRequest): Promise<Step | undefined> {
  const walk: Walk = { pending: splitPath(path).reverse(), way: [root], hops: 0, link: undefined };
  for (let name = walk.pending.pop(); name !== undefined; name = walk.pending.pop()) {
    const entry = name === '..' ? goUp(walk) : await enter(reader, walk, name);
    if (!entry) return undefined;
    if (entry.kind !== 'symlink') continue;
    if (walk.pending.length === 0 && !followLast) return entry;
    await follow(reader, walk, entry);
  }
  return walk.way.at(-1);
}

/** Above the root there is nothing, and a symlink that wants to go there is refused. */
function goUp({ way, link }: Walk): Step | undefined {
  if (way.length > 1) way.pop();
  else if (link === undefined) return undefined;
  else throw escapes(link, 'leads out of the repository');
  return way.at(-1);
}

async function enter(reader: TreeReader, { way }: Walk, name: string): Promise<Step | undefined> {
  const here = way.at(-1);
  if (here?.kind !== 'directory' || way.length > MAX_DEPTH) return undefined;
  const entry = findEntry(await reader.readTree(here.id), name);
  if (entry && entry.kind !== 'symlink') way.push(entry);
  return entry;
}

async function follow(reader: TreeReader, walk: Walk, entry: Step): Promise<void> {
  walk.link = [...walk.way.slice(1), entry].map((step) => step.name).join('/');
  walk.hops++;
  if (walk.hops > MAX_HOPS) throw escapes(walk.link, 'goes around in circles');
  walk.pending.push(...(await readTarget(reader, entry, walk.link)).reverse());
}

async function readTarget(reader: TreeReader, entry: TreeEntry, link: string): Promise<string[]> {
  const target = (await reader.readBlob(entry.id)).toString('utf8');
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
