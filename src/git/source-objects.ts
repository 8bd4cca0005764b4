import { rm } from 'node:fs/promises';
import { HawserError } from '../errors/hawser-error.ts';
import type { Tree, TreeEntry } from '../model/tree.ts';
import { type CheckedTrees, checkComplete } from './check-complete.ts';
import { createTree } from './create-tree.ts';
import type { GitObject, ObjectType } from './git-object.ts';
import { GIT_LIMITS, type GitLimits } from './limits.ts';
import { ObjectStore } from './object-store.ts';
import { parseCommit } from './parse-commit.ts';
import { parseTree } from './parse-tree.ts';
import { createPackReader, type PackReader } from './read-pack.ts';

/** A commit whose files are all in the local store. */
export interface Commit {
  readonly sha: string;
  readonly message: string;
  /** `Name <address>`. */
  readonly author: string;
  readonly committedAt: Date;
  readonly parents: readonly string[];
  readonly tree: Tree;
}

export interface SourceObjectsOptions {
  readonly path: string;
  readonly limits?: GitLimits;
  /** Shared by all sources, to bound what is read at once. */
  readonly reader?: PackReader;
  /** Rewrite the file when it exceeds twice its live bytes by this much. */
  readonly slackBytes?: number;
  /** Told when a damaged file was dropped, or the file was rewritten. */
  readonly observe?: (event: {
    readonly kind: 'store-dropped' | 'store-compacted' | 'compaction-failed';
    readonly path: string;
  }) => void;
}

const DEFAULT_SLACK_BYTES = 64 * 1024 * 1024;
const COMMITS_KEPT = 8;
const CACHED_ENTRIES = 200_000;

/**
 * The objects of one source: its store, opened when first needed, what is known about it (complete trees, parsed
 * trees), and its renewal. A damaged store is dropped here; fetching again is the caller's part.
 */
export class SourceObjects {
  readonly #options: SourceObjectsOptions;
  readonly #limits: GitLimits;
  readonly #reader: PackReader;
  #opening: Promise<ObjectStore> | undefined;
  #checked: CheckedTrees = new Map();
  #trees = new Map<string, readonly TreeEntry[]>();
  #cachedEntries = 0;
  #liveBytes = 0;
  #removed = false;
  #working: Promise<unknown> = Promise.resolve();

  constructor(options: SourceObjectsOptions) {
    this.#options = options;
    this.#limits = options.limits ?? GIT_LIMITS;
    this.#reader = options.reader ?? createPackReader(this.#limits);
  }

  /** True once everything that this commit needs was stored. */
  async isComplete(sha: string): Promise<boolean> {
    return (await this.#store()).isMarked(sha);
  }

  /** The commit stored last: the base of the next fetch. */
  async latest(): Promise<string | undefined> {
    return (await this.#store()).marks.at(-1);
  }

  /**
   * Stores what a pack brings, then checks that the commit is complete; throws GIT_OBJECT_MISSING if it is not. The signal
   * ends only the waiting for a turn to be read.
   */
  async add(pack: Buffer, sha: string, signal: AbortSignal): Promise<void> {
    const store = await this.#store();
    const findBases = async (ids: readonly string[]) => {
      const known = ids.filter((id) => store.typeOf(id) !== undefined);
      requireBounded(store, known, this.#limits);
      return Promise.all(known.map((id) => this.#read(store, id)));
    };
    const objects = await this.#reader.read(pack, findBases, signal);
    try {
      await this.#exclusively(async () => {
        await store.append(objects).catch(rejectAsStoreError);
        await this.#check(store, sha, this.#checked);
        await store.mark(sha).catch(rejectAsStoreError);
      });
    } finally {
      this.#compactIfWorthwhile(store); // a remote whose packs are never complete must not fill the disk
    }
  }

  /** Makes a stored commit the latest one; false if it is not here. */
  async touch(sha: string): Promise<boolean> {
    const store = await this.#store();
    if (!store.isMarked(sha)) return false;
    if (store.marks.at(-1) !== sha) await store.mark(sha);
    return true;
  }

  /** True if this object is here, whatever else may be missing. */
  async has(id: string): Promise<boolean> {
    return (await this.#store()).typeOf(id) !== undefined;
  }

  /** Reads an object as it was stored; throws GIT_OBJECT_MISSING if it is not here. */
  async readObject(id: string): Promise<GitObject> {
    return await this.#read(await this.#store(), id);
  }

  /** Opens a stored commit; throws GIT_OBJECT_MISSING if it is not here. */
  async open(sha: string): Promise<Commit> {
    const store = await this.#store();
    if (!store.isMarked(sha)) throw new HawserError('GIT_OBJECT_MISSING', `commit ${sha} is not in the local store`);
    const { treeId, ...facts } = parseCommit(sha, (await this.#read(store, sha)).data);
    const reader = {
      readTree: (id: string) => this.#readTree(id),
      readBlob: (id: string) => this.#readBlob(id),
      readLink: async (id: string) => (await this.#readBlob(id)).toString('utf8'),
    };
    return { sha, ...facts, tree: createTree(reader, treeId) };
  }

  /** Forgets everything, and starts with an empty file when needed again. */
  async reset(): Promise<void> {
    const opening = this.#opening;
    this.#forget();
    this.#opening = Promise.resolve(opening)
      .then((store) => store?.remove())
      .then(() => ObjectStore.open(this.#options.path));
    await this.#opening;
  }

  /** Closes the file; it is opened again if it is still needed. */
  async close(): Promise<void> {
    await this.#working;
    const store = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await store?.close();
  }

  /** Closes and deletes the file: the source is gone. */
  async remove(): Promise<void> {
    this.#removed = true;
    await this.close();
    this.#forget();
    await rm(this.#options.path, { force: true });
  }

  #store(): Promise<ObjectStore> {
    if (this.#removed) return Promise.reject(new HawserError('GIT_OBJECT_MISSING', 'the source is gone'));
    this.#opening ??= ObjectStore.open(this.#options.path).catch((error: unknown) => {
      this.#opening = undefined;
      return rejectAsStoreError(error);
    });
    return this.#opening;
  }

  #forget(): void {
    this.#checked = new Map();
    this.#trees.clear();
    this.#cachedEntries = 0;
    this.#liveBytes = 0;
  }

  async #read(store: ObjectStore, id: string): Promise<GitObject> {
    try {
      return await store.read(id);
    } catch (error) {
      if (!(error instanceof HawserError) || error.code !== 'GIT_STORE_CORRUPT') throw error;
      if ((await this.#store()) === store) {
        this.#options.observe?.({ kind: 'store-dropped', path: this.#options.path });
        await this.reset();
      }
      throw error;
    }
  }

  async #readBlob(id: string): Promise<Buffer> {
    return (await this.#read(await this.#store(), id)).data;
  }

  async #readTree(id: string): Promise<readonly TreeEntry[]> {
    return this.#trees.get(id) ?? this.#parseTree(await this.#store(), id);
  }

  async #parseTree(store: ObjectStore, id: string): Promise<readonly TreeEntry[]> {
    const { type, data } = await this.#read(store, id);
    if (type !== 'tree') throw new HawserError('GIT_CONTENT_INVALID', `object ${id} is a ${type}, not a tree`);
    const entries = parseTree(id, data, this.#limits);
    this.#cachedEntries += entries.length;
    if (this.#cachedEntries > CACHED_ENTRIES) {
      this.#trees.clear();
      this.#cachedEntries = entries.length;
    }
    this.#trees.set(id, entries);
    return entries;
  }

  #check(store: ObjectStore, sha: string, checked: CheckedTrees, visit?: (id: string) => void): Promise<void> {
    const objects = {
      read: (id: string) => this.#read(store, id),
      readTree: (id: string) => this.#parseTree(store, id),
      typeOf: (id: string): ObjectType | undefined => store.typeOf(id),
    };
    return checkComplete({ objects, checked, limits: this.#limits, ...(visit && { visit }) }, sha);
  }
  /** Adding and compacting never overlap: a mark must not outlive an object that it vouches for. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined);
    return done;
  }

  #compactIfWorthwhile(store: ObjectStore): void {
    if (store.size <= this.#worthwhileFrom()) return;
    this.#exclusively(() => this.#compact(store)).catch(() => {
      this.#options.observe?.({ kind: 'compaction-failed', path: this.#options.path });
    });
  }

  async #compact(store: ObjectStore): Promise<void> {
    if (store.size <= this.#worthwhileFrom() || (await this.#store()) !== store) return;
    const marks = store.marks.slice(-COMMITS_KEPT);
    const live = new Set<string>();
    const checked: CheckedTrees = new Map();
    for (const sha of marks) await this.#check(store, sha, checked, (id) => live.add(id));
    this.#liveBytes = 0;
    for (const id of live) this.#liveBytes += store.sizeOf(id);
    if (store.size <= this.#worthwhileFrom()) return;
    await store.keep(live, marks);
    this.#checked = checked;
    this.#options.observe?.({ kind: 'store-compacted', path: this.#options.path });
  }

  #worthwhileFrom(): number {
    return 2 * this.#liveBytes + (this.#options.slackBytes ?? DEFAULT_SLACK_BYTES);
  }
}

/** A thin pack may name any objects that are here; they are in memory together. */
function requireBounded(store: ObjectStore, ids: readonly string[], { packBytes }: GitLimits): void {
  let bytes = 0;
  for (const id of ids) bytes += store.sizeOf(id);
  if (bytes <= packBytes) return;
  throw new HawserError('GIT_LIMIT_EXCEEDED', `pack builds on objects of more than ${packBytes} bytes`);
}

/** The disk is no fault of the remote. */
function rejectAsStoreError(error: unknown): never {
  if (error instanceof HawserError) throw error;
  const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause';
  throw new HawserError('GIT_STORE_FAILED', `the local store cannot be written (${cause})`, { cause: error });
}
