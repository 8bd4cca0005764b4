import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { HawserError } from '../errors/hawser-error.ts';
import { isSha } from '../model/revision.ts';
import { createRemoteGit, type RemoteGit, type RemoteProfile } from './create-remote-git.ts';
import { createSshGit } from './create-ssh-git.ts';
import { createTransport } from './create-transport.ts';
import type { GitObject } from './git-object.ts';
import type { GitRemote, RemoteRef } from './git-remote.ts';
import { GIT_LIMITS, type GitLimits } from './limits.ts';
import { createPackMemory, type PackMemory } from './pack-memory.ts';
import { createPackReader } from './read-pack.ts';
import { respectPauses } from './respect-pauses.ts';
import { sharePolls } from './share-polls.ts';
import { createSingleFlight } from './single-flight.ts';
import { type Commit, SourceObjects } from './source-objects.ts';
import { nameRemote, toGitError } from './to-git-error.ts';

export type { Commit, GitRemote, RemoteRef };

/*
 * Git for the pipeline: which commit a remote's ref names, and a commit's files in a local store, without a checkout.
 * Protocols, packs, bounds and the store's files are this module's; which ref is followed, how often, and what a
 * commit is good for is the caller's. What is stored is a cache: a miss or a damaged file costs one fetch.
 */

/** What a commit is fetched for, from where, and the commit at hand that it probably resembles. */
export interface EnsureRequest {
  readonly sourceUid: string;
  readonly remote: GitRemote;
  readonly sha: string;
  /** Left out, the commit stored last. */
  readonly have?: string | undefined;
  /** The tag object that names the commit, where it is wanted too. */
  readonly tag?: string | undefined;
}

/** Reads from Git remotes and from the local store of each source. */
export interface GitClient {
  /** The refs below prefixes (all refs if there are none), in one request; with patience one shared by several. */
  listRefs(remote: GitRemote, prefixes: readonly string[], signal: AbortSignal): Promise<readonly RemoteRef[]>;
  /** Why a ref that `listRefs` did not name is absent: GIT_EMPTY_REPOSITORY or GIT_REF_NOT_FOUND, to be thrown. */
  explainAbsence(remote: GitRemote, ref: string, signal: AbortSignal): Promise<HawserError>;
  /** Makes a commit's files present in the source's store with at most one fetch, shared by all who ask meanwhile. */
  ensure(request: EnsureRequest, signal: AbortSignal): Promise<void>;
  /** True if the commit is complete in the store; asks nobody. */
  has(sourceUid: string, sha: string): Promise<boolean>;
  /** Opens a stored commit; asks nobody. Throws GIT_OBJECT_MISSING if it is not there. */
  open(sourceUid: string, sha: string): Promise<Commit>;
  /** An object as it was stored, such as a commit or a tag; throws GIT_OBJECT_MISSING if it is not there. */
  readObject(sourceUid: string, id: string): Promise<GitObject>;
  /** Deletes the store of a source that is gone, and those of its parts: `<uid>.<part>`. */
  drop(sourceUid: string): Promise<void>;
  /** Ends all connections and closes all files; calling it again does nothing. */
  close(): Promise<void>;
}

/** What the client reports of its own accord. */
export type GitEvent =
  | {
      readonly kind: 'fetched';
      readonly sourceUid: string;
      readonly sha: string;
      readonly bytes: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'remote-classified'; readonly url: string; readonly protocol: RemoteProfile['protocol'] }
  | { readonly kind: 'store-dropped' | 'store-compacted' | 'compaction-failed'; readonly path: string };

export interface GitClientOptions {
  /** Owned by this process alone; stores are kept in its `git` directory. */
  readonly dataDir: string;
  readonly observe?: ((event: GitEvent) => void) | undefined;
  /** For tests. */
  readonly limits?: Partial<GitLimits>;
  /** A store is rewritten when it exceeds twice its live bytes by this much. */
  readonly slackBytes?: number;
}

interface Deps {
  readonly remoteGit: RemoteGit;
  readonly sourceOf: (uid: string) => SourceObjects;
  readonly packMemory: PackMemory;
  readonly observe: (event: GitEvent) => void;
}

/** Errors after which a fetch that builds on nothing local will do. */
const LOCAL_DAMAGE = new Set(['GIT_OBJECT_MISSING', 'GIT_STORE_CORRUPT']);

/** Makes the client that all sources share. */
export function createGitClient(options: GitClientOptions): GitClient {
  const directory = join(options.dataDir, 'git');
  const limits = { ...GIT_LIMITS, ...options.limits };
  const observe = options.observe ?? (() => undefined);
  const transport = createTransport(limits);
  const sources = new Map<string, SourceObjects>();
  const reader = createPackReader(limits);
  const flights = createSingleFlight();
  const overHttp = createRemoteGit({
    transport,
    limits,
    scratchDir: join(directory, 'scratch'),
    onProfile: (url, { protocol }) => observe({ kind: 'remote-classified', url, protocol }),
  });
  const overSsh = createSshGit({ limits, directory: join(directory, 'ssh') });
  const remoteGit = sharePolls(respectPauses(byScheme(overHttp, overSsh)));
  const sourceOf = (uid: string): SourceObjects => {
    const known = sources.get(uid);
    if (known) return known;
    const path = join(directory, `${checkedUid(uid)}${STORE_SUFFIX}`);
    const { slackBytes } = options;
    const made = new SourceObjects({ path, limits, reader, observe, ...(slackBytes !== undefined && { slackBytes }) });
    sources.set(uid, made);
    return made;
  };
  const packMemory = createPackMemory({ mostBytes: limits.packsAtOnceBytes, largestBytes: limits.responseBytes });
  const deps: Deps = { remoteGit, sourceOf, packMemory, observe };

  return {
    listRefs: (remote, prefixes, signal) =>
      withRemote(remote, signal, (limited) => remoteGit.listRefs(remote, prefixes, limited)),
    explainAbsence: (remote, ref, signal) =>
      withRemote(remote, signal, async (limited) => {
        const refs = await remoteGit.listRefs(remote, ['refs/heads/', 'refs/tags/'], limited);
        if (refs.length === 0) return new HawserError('GIT_EMPTY_REPOSITORY', 'git repository is empty');
        return nameRemote(new HawserError('GIT_REF_NOT_FOUND', `couldn't find remote ref "${ref}"`), remote);
      }),
    ensure: async (request, signal) => {
      if (!isSha(request.sha)) throw new HawserError('GIT_COMMIT_NOT_FOUND', `'${request.sha}' is no commit id`);
      const key = [request.sourceUid, request.sha, request.tag].join(' ');
      await flights.run(key, (shared) => fetchCommit(deps, request, shared), signal);
    },
    has: (uid, sha) => sourceOf(uid).isComplete(sha),
    open: (uid, sha) => sourceOf(uid).open(sha),
    readObject: (uid, id) => sourceOf(uid).readObject(id),
    drop: async (uid) => {
      const uids = new Set([checkedUid(uid), ...(await listParts(directory, uid))]);
      for (const known of sources.keys()) if (known.startsWith(`${uid}.`)) uids.add(known);
      for (const part of uids) {
        await sourceOf(part).remove();
        sources.delete(part);
      }
    },
    close: async () => {
      await Promise.all([transport.close(), overSsh.close()]);
      await Promise.all([...sources.values()].map((source) => source.close()));
    },
  };
}

/** One fetch; where what is here turns out to be damaged or too little, one more that builds on nothing. */
async function fetchCommit(deps: Deps, request: EnsureRequest, signal: AbortSignal): Promise<void> {
  const source = deps.sourceOf(request.sourceUid);
  const hasTag = request.tag === undefined || (await source.has(request.tag));
  if ((await source.touch(request.sha)) && hasTag) return;
  const have = await baseOf(source, request);
  try {
    await fetchOnce(deps, { ...request, have }, signal);
  } catch (error) {
    const isLocal = error instanceof HawserError && LOCAL_DAMAGE.has(error.code);
    if (!isLocal || have === undefined) throw error;
    await fetchOnce(deps, { ...request, have: undefined }, signal);
  }
}

async function fetchOnce(deps: Deps, request: EnsureRequest, signal: AbortSignal): Promise<void> {
  const { sourceUid, remote, sha, have, tag = sha } = request;
  const startedAt = performance.now();
  await withRemote(remote, signal, async (limited) => {
    const room = deps.packMemory.open(limited);
    try {
      const pack = await deps.remoteGit.fetchPack(remote, { sha: tag, have, room }, room.signal);
      const bytes = pack.length; // reading takes the pack away
      await deps.sourceOf(sourceUid).add(pack, sha, room.signal);
      deps.observe({ kind: 'fetched', sourceUid, sha, bytes, durationMs: performance.now() - startedAt });
    } finally {
      room.close();
    }
  });
}

/** A commit that is not complete here is no base: the server would leave out what it believes is here. */
async function baseOf(source: SourceObjects, { have }: EnsureRequest): Promise<string | undefined> {
  return have !== undefined && (await source.isComplete(have)) ? have : source.latest();
}

/** Bounds an operation by the remote's timeout and makes its errors name the remote. */
async function withRemote<T>(
  remote: GitRemote,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await work(AbortSignal.any([signal, AbortSignal.timeout(remote.timeoutMs)]));
  } catch (error) {
    throw toGitError(error, remote, signal);
  }
}

function byScheme(overHttp: RemoteGit, overSsh: RemoteGit): RemoteGit {
  const speakerFor = ({ url }: GitRemote) => (url.toLowerCase().startsWith('ssh:') ? overSsh : overHttp);
  return {
    listRefs: (remote, ...rest) => speakerFor(remote).listRefs(remote, ...rest),
    fetchPack: (remote, ...rest) => speakerFor(remote).fetchPack(remote, ...rest),
  };
}

const STORE_SUFFIX = '.objects';

/** The stores on disk that belong to a source, such as its submodules'. */
async function listParts(directory: string, uid: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.startsWith(`${uid}.`) && name.endsWith(STORE_SUFFIX))
    .map((name) => name.slice(0, -STORE_SUFFIX.length));
}

/** A uid becomes a file name. */
function checkedUid(uid: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(uid)) return uid;
  throw new HawserError('INTERNAL', `${JSON.stringify(uid)} is no uid`);
}
