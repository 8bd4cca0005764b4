import type { Hint } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';

/** How long a hook is believed against a ref that has not moved, and how long a commit counts as left (DESIGN 4). */
export const PATIENCE_MS = 30_000;
const FIRST_DELAY_MS = 25;
const LONGEST_DELAY_MS = 2_000;
/** How long every answer must name a commit that was left before it is believed without a hook. */
const AGREEMENT_MS = 3_000;

export interface TipQuestion {
  /** What the remote answered just now. */
  readonly tip: string;
  /** The tip that was used last; undefined before the first. */
  readonly current: string | undefined;
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
  | { readonly kind: 'unchanged'; readonly unconfirmed: readonly Hint[] }
  | { readonly kind: 'askAgain'; readonly afterMs: number; readonly why: string };

/** Decides whether a remote's answer may be used: never an older state after a newer one (DESIGN 4, a to e). Pure. */
export function decideTip(question: TipQuestion): TipDecision {
  const { tip, current, left, now } = question;
  if (tip === current) return decideUnmoved(question);
  const leftAt = left.get(tip);
  if (leftAt === undefined || now - leftAt > PATIENCE_MS) return { kind: 'go' };
  const isExplained = question.hints.some((hint) => hint.firstSeen && hint.before === current && hint.after === tip);
  if (isExplained || now - question.namedSince >= AGREEMENT_MS) return { kind: 'go' };
  const afterMs = Math.min(AGREEMENT_MS - (now - question.namedSince), 500);
  return { kind: 'askAgain', afterMs, why: `the remote names ${tip}, which the ref left a moment ago` };
}

function decideUnmoved({ tip, left, hints, now }: TipQuestion): TipDecision {
  const ahead = hints.filter(
    (hint) => hint.firstSeen && hint.after !== tip && !isZeroSha(hint.after) && !left.has(hint.after),
  );
  const fresh = ahead.filter((hint) => now - hint.heardAt < PATIENCE_MS);
  const newest = fresh.at(-1);
  if (!newest) return { kind: 'unchanged', unconfirmed: ahead };
  const age = Math.max(now - newest.heardAt, 0);
  const afterMs = Math.min(Math.max(age / 2, FIRST_DELAY_MS), LONGEST_DELAY_MS);
  return { kind: 'askAgain', afterMs, why: `the ref does not name ${newest.after} yet, which a hook announced` };
}
