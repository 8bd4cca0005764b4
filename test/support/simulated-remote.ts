import { HawserError } from '../../src/errors/hawser-error.ts';
import type { GitClient } from '../../src/git/create-git-client.ts';
import type { Tree } from '../../src/model/tree.ts';

/** What a ref named, from a time on; without a commit there was no such ref. */
interface RefState {
  readonly sha: string | undefined;
  /** Milliseconds since the epoch, as `now` of the simulation. */
  readonly at: number;
}

type Questions = Pick<GitClient, 'listRefs' | 'explainAbsence' | 'ensure' | 'has' | 'open'>;

export const MAIN = 'refs/heads/main';

/**
 * One ref of a remote as the Git client shows it, with replicas that answer late: a commit is nothing but its id and the
 * id of its tree. It stands in where thousands of interleavings are run; a contract test compares it with the real client.
 */
export class SimulatedRemote {
  /** What the ref has named, in order. */
  readonly states: RefState[] = [];
  /** How late each answer is in turn, in milliseconds: replicas that take turns. */
  lagsMs: readonly number[] = [0];
  isAway = false;
  /** When the ref was last asked for. */
  lastAskedAt = 0;
  readonly #now: () => number;
  /** Commits of the repository and of its forks, with the id of their tree: on a branch or not, all of them are served. */
  readonly #trees = new Map<string, string>();
  readonly #pushedAt = new Map<string, number>();
  readonly #stores = new WeakMap<object, Set<string>>();
  #asked = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get tip(): string | undefined {
    return this.states.at(-1)?.sha;
  }

  /** Adds a commit without moving the ref; one without a tree of its own has that of an earlier commit. */
  commit(sha: string, treeOf = sha): void {
    this.#trees.set(sha, this.#trees.get(treeOf) ?? treeOf);
    this.#pushedAt.set(sha, this.#now());
  }

  move(sha: string | undefined): void {
    this.states.push({ sha, at: this.#now() });
  }

  /** The remote as one process sees it: what it fetched stays in its store. `gate` is awaited while an answer is on its way. */
  client(store: object, gate: (label: string) => Promise<void>): Questions {
    const stored = this.#stores.get(store) ?? new Set();
    this.#stores.set(store, stored);
    return {
      listRefs: async (_remote, prefixes) => {
        await gate('ask');
        this.#requireThere();
        this.lastAskedAt = this.#now();
        const sha = this.#answer();
        await gate('answer');
        const isAsked = prefixes.length === 0 || prefixes.some((prefix) => MAIN.startsWith(prefix));
        return sha !== undefined && isAsked ? [{ name: MAIN, sha }] : [];
      },
      explainAbsence: async (_remote, ref) => {
        this.#requireThere();
        return this.#answer() === undefined
          ? new HawserError('GIT_EMPTY_REPOSITORY', 'git repository is empty')
          : new HawserError('GIT_REF_NOT_FOUND', `couldn't find remote ref "${ref}"`);
      },
      ensure: async ({ sha }) => {
        if (stored.has(sha)) return;
        this.#requireThere();
        if (!this.#trees.has(sha)) throw new HawserError('GIT_COMMIT_NOT_FOUND', `no commit ${sha}`);
        stored.add(sha);
      },
      has: async (_uid, sha) => stored.has(sha),
      open: async (_uid, sha) => {
        if (!stored.has(sha)) throw new HawserError('GIT_OBJECT_MISSING', `${sha} is not stored`);
        const tree = toTree(this.#trees.get(sha) ?? sha);
        return { sha, message: sha, author: 'A <a@example.com>', committedAt: new Date(0), parents: [], tree };
      },
    };
  }

  /** What a replica says that has heard of nothing since its lag began. */
  #answer(): string | undefined {
    const lagMs = this.lagsMs[this.#asked++ % this.lagsMs.length] ?? 0;
    const seenUntil = this.#now() - lagMs;
    return (this.states.findLast(({ at }) => at <= seenUntil) ?? this.states[0])?.sha;
  }

  #requireThere(): void {
    if (this.isAway) throw new HawserError('GIT_UNREACHABLE', 'the remote is away');
  }
}

/** Nothing but an identity: what is compared is whether two trees are the same one. */
function toTree(id: string): Tree {
  return {
    id,
    list: async () => [],
    find: async () => undefined,
    read: async (path) => {
      throw new HawserError('TREE_PATH_NOT_FOUND', path);
    },
    readLink: async (path) => {
      throw new HawserError('TREE_PATH_NOT_FOUND', path);
    },
  };
}
