import type { ObjectKey } from '../model/object-key.ts';
import type { Cause, PendingRequest } from './pending-request.ts';

/** One run of a key's sync: alone, as long as its lease holds. */
export interface SyncRun {
  readonly key: ObjectKey;
  readonly pending: PendingRequest;
  /** Aborted, with an Error as reason, when the lease is lost or the process stops: before the next write, stop. */
  readonly signal: AbortSignal;
  /** Throws SYNC_LEASE_LOST unless the last acknowledged renewal still covers a write of this many milliseconds. */
  assertLease(writeTimeoutMs: number): void;
  /** Notes in Redis how far this key has come, for runs in any process; throws SYNC_LEASE_LOST if another run may know more. */
  moveCursor(cursor: string): Promise<void>;
  /** The newest request as Redis has it now: has something newer been asked since this run started? */
  refresh(): Promise<PendingRequest>;
}

/** How a run ended, as far as the queue must know: a failed run is done too, and says when it is tried again. */
export interface SyncEnding {
  /** The next wake-up (interval, retry, deadline, re-ask); undefined: only when someone asks. */
  readonly nextAt: Date | undefined;
  /** Why it is woken then; `interval` if not given. */
  readonly nextCause?: Cause;
  /** Delivery ids that this run dealt with, or all that it saw; the others stay pending. */
  readonly hintsSeen?: 'all' | readonly string[];
  /** Who asked (push ids, triggers) is not answered yet: the next run is to know them too. */
  readonly keepAskers?: boolean;
  /** The resource is gone: nothing of it is kept. */
  readonly forget?: boolean;
}
