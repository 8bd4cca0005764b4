import type { PendingStore } from './pending-store.ts';
import { type ObserveQueue, toError } from './queue-event.ts';
import { addSyncJobs, readdSyncJob, type SyncQueues } from './sync-jobs.ts';

interface WakeLoopOptions {
  readonly store: Pick<PendingStore, 'claim'>;
  readonly queues: SyncQueues;
  readonly observe: ObserveQueue;
  /** Awaited before the first claim. */
  readonly ready: () => Promise<void>;
  /** Called when Redis turns out to have been emptied, or to be another one, since the last claim. */
  readonly onEmptied: () => void;
}

const MOST_KEYS_PER_CLAIM = 50;
/** Another process may have asked for an earlier wake-up than the one this loop sleeps for. */
const LONGEST_SLEEP_MS = 200;

/** Turns due wake-ups into jobs: timer and safety net in one. */
export class WakeLoop {
  readonly #options: WakeLoopOptions;
  readonly #finished: Promise<void>;
  #stopped = false;
  #wakeSleeper: (() => void) | undefined;
  #sleepsUntil = 0;
  #born: string | undefined;

  constructor(options: WakeLoopOptions) {
    this.#options = options;
    this.#finished = this.#run();
  }

  /** Something is due in so many milliseconds: shortens the sleep if it would last longer. */
  nudge(inMs: number): void {
    if (performance.now() + inMs < this.#sleepsUntil) this.#wakeSleeper?.();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#wakeSleeper?.();
    return this.#finished;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) await this.#sleep(await this.#turn());
  }

  /** Adds the jobs of all due keys and tells how long to sleep. */
  async #turn(): Promise<number> {
    const { store, queues, observe, ready, onEmptied } = this.#options;
    try {
      await ready();
      const { born, claimed, nextInMs } = await store.claim(MOST_KEYS_PER_CLAIM);
      if (this.#born !== undefined && this.#born !== born) onEmptied();
      this.#born = born;
      const members = claimed.filter(({ asked }) => !asked).map(({ member }) => member);
      if (members.length > 0) await addSyncJobs(queues, members);
      for (const { member, asked } of claimed) if (asked) await readdSyncJob(queues, member, observe);
      return Math.min(nextInMs ?? LONGEST_SLEEP_MS, LONGEST_SLEEP_MS);
    } catch (thrown) {
      if (!this.#stopped) observe({ kind: 'wake-loop-failed', error: toError(thrown) });
      return LONGEST_SLEEP_MS;
    }
  }

  #sleep(ms: number): Promise<void> {
    if (this.#stopped || ms <= 0) return Promise.resolve();
    this.#sleepsUntil = performance.now() + ms;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wakeSleeper?.(), ms);
      this.#wakeSleeper = () => {
        clearTimeout(timer);
        this.#sleepsUntil = 0;
        this.#wakeSleeper = undefined;
        resolve();
      };
    });
  }
}
