import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DelayedError, type Job, WaitingError } from 'bullmq';
import { parseKey } from '../model/object-key.ts';
import { Lease, leaseLost } from './lease.ts';
import type { PendingRequest } from './pending-request.ts';
import type { EndingInput, PendingStore } from './pending-store.ts';
import { type ObserveQueue, toError } from './queue-event.ts';
import type { SyncEnding, SyncRun } from './sync-run.ts';

const POSTPONE_MS = 500;
/** A run that threw knows no better time. */
const FAILED_RUN_PAUSE_MS = 10_000;
const END_RETRY_MS = 50;

export interface SyncJobDeps {
  readonly store: PendingStore;
  readonly leaseMs: number;
  readonly now: () => Date;
  readonly observe: ObserveQueue;
  /** Keys that this process runs now: a lease that Redis forgot must not let a second run start beside the first. */
  readonly running: Map<string, AbortController>;
  readonly run: (run: SyncRun) => Promise<SyncEnding>;
  /** Tells the wake loop that something is due in so many milliseconds. */
  readonly nudge: (inMs: number) => void;
  /** True once the worker is stopping: its runs are aborted and hand their jobs back. */
  readonly isStopping: () => boolean;
}

type SyncJob = Pick<Job<{ key: string }>, 'data' | 'moveToDelayed' | 'moveToWait'>;

/** Runs one job: takes the key's lease, runs, ends. A key that is run elsewhere postpones the job. */
export async function runSyncJob(deps: SyncJobDeps, job: SyncJob, jobToken: string): Promise<void> {
  const member = job.data.key;
  const key = parseKey(member);
  if (deps.running.has(member)) return postpone(job, jobToken, POSTPONE_MS);
  const controller = new AbortController();
  deps.running.set(member, controller);
  try {
    const token = randomUUID();
    const askedAt = performance.now();
    const beginning = await deps.store.begin(member, token);
    if (beginning.kind === 'idle') return;
    if (beginning.kind === 'held') return await postpone(job, jobToken, Math.min(beginning.remainingMs, POSTPONE_MS));
    const { store, leaseMs } = deps;
    const onLost = (error: Error) => controller.abort(error);
    const lease = new Lease({ store, member, token, leaseMs, askedAt, onLost });
    const active = new ActiveRun(deps, { member, token, lease, controller, pending: beginning.pending });
    try {
      if (await active.run(key)) return;
    } finally {
      lease.stop();
    }
    await job.moveToWait(jobToken);
    throw new WaitingError();
  } finally {
    deps.running.delete(member);
  }
}

/** Only ever moves the active job: adding a delayed one would overwrite the parked request behind it. */
async function postpone(job: SyncJob, jobToken: string, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(1, delayMs), jobToken);
  throw new DelayedError();
}

interface ActiveRunOptions {
  readonly member: string;
  readonly token: string;
  readonly lease: Lease;
  readonly controller: AbortController;
  readonly pending: PendingRequest;
}

class ActiveRun {
  readonly #deps: SyncJobDeps;
  readonly #options: ActiveRunOptions;
  /** Hints up to this number were shown to the run. */
  #shown: number;

  constructor(deps: SyncJobDeps, options: ActiveRunOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#shown = options.pending.wanted;
  }

  /** False if the run was broken off by a stop and its job is to be handed back. */
  async run(key: SyncRun['key']): Promise<boolean> {
    const { lease, controller, pending, member, token } = this.#options;
    const { store } = this.#deps;
    const run: SyncRun = {
      key,
      pending,
      signal: controller.signal,
      assertLease: (writeTimeoutMs) => {
        controller.signal.throwIfAborted();
        lease.assert(writeTimeoutMs);
      },
      moveCursor: async (cursor) => {
        controller.signal.throwIfAborted();
        if (!(await store.moveCursor(member, token, cursor))) throw leaseLost(member, 'another run has taken it over');
      },
      refresh: async () => {
        const newest = await store.read(member);
        this.#shown = Math.max(this.#shown, newest.wanted);
        return newest;
      },
    };
    let ending: SyncEnding;
    try {
      ending = await this.#deps.run(run);
    } catch (thrown) {
      const error = toError(thrown);
      if (lease.isLost) return await this.#observeLost(error);
      if (this.#deps.isStopping()) {
        await store.release(member, token);
        return false;
      }
      this.#deps.observe({ kind: 'run-failed', member, error });
      ending = {
        nextAt: new Date(this.#deps.now().getTime() + FAILED_RUN_PAUSE_MS),
        nextCause: 'retry',
        keepAskers: true,
      };
    }
    return await this.#end(ending);
  }

  /** Tried until it is written or the lease is lost: without an ending the run is done again. */
  async #end(ending: SyncEnding): Promise<boolean> {
    const { lease } = this.#options;
    const input = this.#toInput(ending);
    for (;;) {
      try {
        const result = await this.#deps.store.end(input);
        if (result === 'lost') return await this.#observeLost(new Error('the lease was gone when the run ended'));
        if (result === 'again') this.#deps.nudge(0);
        else if (input.nextInMs !== undefined) this.#deps.nudge(input.nextInMs);
        return true;
      } catch (error) {
        if (lease.isLost) return await this.#observeLost(toError(error));
        await delay(END_RETRY_MS);
      }
    }
  }

  #toInput(ending: SyncEnding): EndingInput {
    const { member, token, pending } = this.#options;
    const { nextAt, hintsSeen = [] } = ending;
    return {
      member,
      token,
      started: pending.wanted,
      hintsUpTo: hintsSeen === 'all' ? this.#shown : 0,
      hintIds: hintsSeen === 'all' ? [] : hintsSeen,
      nextInMs: nextAt && Math.max(0, nextAt.getTime() - this.#deps.now().getTime()),
      nextCause: ending.nextCause ?? 'interval',
      forget: ending.forget ?? false,
      keepAskers: ending.keepAskers ?? false,
    };
  }

  /** Nobody knows what the run achieved: it is asked for again, also where Redis was emptied. */
  async #observeLost(error: Error): Promise<true> {
    const { member } = this.#options;
    this.#deps.observe({ kind: 'lease-lost', member, error });
    try {
      await this.#deps.store.wake(member, { inMs: POSTPONE_MS, cause: 'retry' });
      this.#deps.nudge(POSTPONE_MS);
    } catch {
      // Redis is away: its wake set still has the key.
    }
    return true;
  }
}
