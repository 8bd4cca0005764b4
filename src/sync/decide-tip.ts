import type { Hint } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';
import { askAgainAfter } from './ask-again-after.ts';
import { listPassed } from './list-passed.ts';

/** How long a hook is believed against a ref that has not moved, and how long a commit counts as left (DESIGN 4). */
export const PATIENCE_MS = 30_000;
const DELAYS = { leastMs: 25, mostMs: 2_000 };
/** How late a replica may answer: so long is an answer doubted that no hook explains. */
export const REPLICA_LAG_MS = 3_000;
const LONGEST_DOUBT_MS = 500;

export interface TipQuestion {
  /** What the remote answered just now. */
  readonly tip: string;
  /** The tip that was used last; undefined before the first. */
  readonly current: string | undefined;
  /** When that became the one in use; undefined where no move of this ref is known. */
  readonly movedAt?: number | undefined;
  /** True if the source had left `current` before and came back to it. */
  readonly isReturn?: boolean;
  /** Commits that the ref has left, with the time. */
  readonly left: ReadonlyMap<string, number>;
  /** What hooks said about this ref. */
  readonly hints: readonly Hint[];
  /** Since when every answer has named this tip. */
  readonly namedSince: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type TipDecision =
  | { readonly kind: 'go' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'askAgain'; readonly afterMs: number; readonly why: string };

/** Decides whether a remote's answer may be used: never an older state after a newer one (DESIGN 4, ADR 0019). Pure. */
export function decideTip(question: TipQuestion): TipDecision {
  const { tip, current } = question;
  if (tip === current) return decideUnmoved(question);
  const doubtedForMs = whileDoubted(question);
  if (doubtedForMs <= 0 || isExplained(question)) return { kind: 'go' };
  const why = `the remote names ${tip}, and may have done so before the source came to ${current}`;
  return { kind: 'askAgain', afterMs: Math.min(doubtedForMs, LONGEST_DOUBT_MS), why };
}

/** For how many milliseconds more an answer may be that of a replica which has not heard of what is in use. */
function whileDoubted({ tip, current, movedAt, left, namedSince, now }: TipQuestion): number {
  const leftAt = left.get(tip);
  // What was answered before the ref had left the commit says nothing about a return to it.
  if (leftAt !== undefined && now - leftAt <= PATIENCE_MS) return REPLICA_LAG_MS - (now - Math.max(namedSince, leftAt));
  // The ref may have passed a commit unseen.
  return current === undefined || movedAt === undefined ? 0 : REPLICA_LAG_MS - (now - movedAt);
}

/** A first-seen hook, or several, say that the ref went from what is in use to the tip, and cannot be of an earlier time. */
function isExplained({ tip, current, isReturn = false, hints }: TipQuestion): boolean {
  return current !== undefined && !isReturn && listPassed(tip, hints, NOTHING).includes(current);
}

const NOTHING: ReadonlyMap<string, number> = new Map();

function decideUnmoved({ tip, left, hints, now }: TipQuestion): TipDecision {
  const newest = hints.findLast((hint) => isAhead(hint, { tip, left, now }));
  if (!newest) return { kind: 'unchanged' };
  const afterMs = askAgainAfter(now - newest.heardAt, DELAYS);
  return { kind: 'askAgain', afterMs, why: `the ref does not name ${newest.after} yet, which a hook announced` };
}

/** Whether a hook announced a commit that the ref has neither come to nor left: for 30 s it is waited for. Pure. */
export function isAhead(
  { firstSeen, after, heardAt }: Hint,
  { tip, left, now }: Pick<TipQuestion, 'tip' | 'left' | 'now'>,
): boolean {
  return firstSeen && after !== tip && !isZeroSha(after) && !left.has(after) && now - heardAt < PATIENCE_MS;
}
