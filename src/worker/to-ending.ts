import type { SyncEnding } from '../queue/sync-run.ts';
import { describeFailure } from '../sync/kustomization-status.ts';
import type { SyncOutcome } from '../sync/outcome.ts';

/** When a resource wants to be looked at again. */
export interface Rhythm {
  /** After a sync that ended well. */
  readonly nextAt: Date;
  /** Milliseconds from now, after one that did not. */
  readonly retryMs: number;
}

/** What the queue does after an outcome: sleep until the interval, the retry, the deadline, or the next question. Pure. */
export function toEnding(outcome: SyncOutcome, rhythm: Rhythm, now: Date): SyncEnding {
  const after = (ms: number) => new Date(now.getTime() + ms);
  switch (outcome.kind) {
    case 'done':
      return { nextAt: rhythm.nextAt, nextCause: 'interval' };
    case 'waiting':
      return { nextAt: outcome.deadline, nextCause: 'health', keepAskers: true };
    case 'unsettled':
      return { nextAt: after(outcome.afterMs), nextCause: 'retry', keepAskers: true };
    case 'blocked':
      return { nextAt: after(rhythm.retryMs), nextCause: 'retry', keepAskers: true };
    case 'failed': {
      const { retryAt } = describeFailure(outcome.error) as { retryAt?: Date };
      return { nextAt: retryAt ?? after(rhythm.retryMs), nextCause: 'retry' };
    }
    case 'superseded':
      return { nextAt: now, nextCause: 'source' };
    case 'suspended':
      return { nextAt: undefined };
    case 'gone':
      return { nextAt: undefined, forget: true };
  }
}

const JITTER = 0.05;

/** An interval, give or take 5 %, so that what began together does not stay together; `random` is from 0 to 1. Pure. */
export function withJitter(ms: number, random: number): number {
  return ms * (1 - JITTER + 2 * JITTER * random);
}

const FIRST_RETRY_MS = 750;
const LONGEST_RETRY_MS = 15 * 60_000;

/** Flux's backoff of a source: doubling from 750 ms, at most 15 minutes, and never rarer than the interval asks. Pure. */
export function sourceRetryMs(failures: number, intervalMs: number): number {
  const backoff = FIRST_RETRY_MS * 2 ** Math.min(Math.max(failures - 1, 0), 20);
  return Math.min(backoff, Math.max(intervalMs, FIRST_RETRY_MS), LONGEST_RETRY_MS);
}
