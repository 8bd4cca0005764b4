import { posix } from 'node:path';
import type { Tree, TreeEntry } from '../model/tree.ts';
import { renderFailed } from './render-error.ts';

/** As many symlinks as Linux follows for one path. */
const MOST_HOPS = 40;

/** A path of the snapshot with every symlink resolved, and what it names. */
export interface ResolvedPath {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'submodule';
  readonly id: string;
}

/** Finds paths of one snapshot, following symlinks inside it and refusing those that lead out. */
export interface SnapshotPaths {
  readonly tree: Tree;
  /** Every symlink that was followed: its path and its target as written. */
  readonly links: ReadonlyMap<string, string>;
  /** Undefined if the path names nothing; throws RENDER_FAILED if it leads out of the snapshot. */
  resolve(path: string): Promise<ResolvedPath | undefined>;
  /** Entries of a resolved directory, sorted by name. */
  list(path: string): Promise<readonly TreeEntry[]>;
}

type Entries = ReadonlyMap<string, TreeEntry>;

interface Walk {
  readonly written: string;
  /** Names still to take, the next one first. */
  readonly pending: string[];
  current: string;
  lastLink: string;
  hops: number;
}

/** Joins a relative reference to the directory it is written in; undefined if it is absolute or leaves the snapshot. */
export function joinInside(directory: string, reference: string): string | undefined {
  const path = posix.join(directory, reference);
  if (reference.startsWith('/') || path === '..' || path.startsWith('../')) return undefined;
  return path.replace(/\/$/, '').replace(/^\.$/, '');
}

export function createSnapshotPaths(tree: Tree): SnapshotPaths {
  const links = new Map<string, string>();
  const directories = new Map<string, Entries>();

  async function entriesOf(directory: string): Promise<Entries> {
    const known = directories.get(directory);
    if (known) return known;
    const entries = new Map(((await tree.list(directory)) ?? []).map((entry) => [entry.name, entry]));
    directories.set(directory, entries);
    return entries;
  }

  async function followLink(walk: Walk, path: string): Promise<void> {
    walk.hops += 1;
    if (walk.hops > MOST_HOPS) throw renderFailed(`'${walk.written}' follows too many symbolic links`);
    const target = await tree.readLink(path);
    if (target.startsWith('/')) throw leavesSnapshot(path);
    links.set(path, target);
    walk.lastLink = path;
    walk.pending.unshift(...target.split('/'));
  }

  /** Takes one name; the end of the walk if there is nothing to walk on from. */
  async function step(walk: Walk, name: string): Promise<{ readonly found: ResolvedPath | undefined } | undefined> {
    if (takeDots(walk, name)) return undefined;
    const entry = (await entriesOf(walk.current)).get(name);
    const path = posix.join(walk.current, name);
    if (entry?.kind === 'symlink') await followLink(walk, path);
    else if (entry?.kind === 'directory') walk.current = path;
    else return { found: entry && isEnd(walk.pending) ? { path, kind: entry.kind, id: entry.id } : undefined };
    return undefined;
  }

  return {
    tree,
    links,
    async resolve(path) {
      const walk: Walk = { written: path, pending: path.split('/'), current: '', lastLink: path, hops: 0 };
      for (let name = walk.pending.shift(); name !== undefined; name = walk.pending.shift()) {
        const end = await step(walk, name);
        if (end) return end.found;
      }
      return toDirectory(tree, walk.current);
    },
    async list(path) {
      const entries = [...(await entriesOf(path)).values()];
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

/** Takes a name that stays or goes up; false if it is neither. */
function takeDots(walk: Walk, name: string): boolean {
  if (name === '' || name === '.') return true;
  if (name !== '..') return false;
  if (walk.current === '') throw leavesSnapshot(walk.lastLink);
  walk.current = parentOf(walk.current);
  return true;
}

function isEnd(pending: readonly string[]): boolean {
  return pending.every((name) => name === '' || name === '.');
}

async function toDirectory(tree: Tree, path: string): Promise<ResolvedPath | undefined> {
  const node = await tree.find(path);
  return node && { path, kind: node.kind, id: node.id };
}

function parentOf(path: string): string {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
}

function leavesSnapshot(link: string): Error {
  return renderFailed(`'${link}' is a symbolic link that leads out of the repository`);
}
