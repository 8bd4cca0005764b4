import type { Hint } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';
import type { HookHistory, PolledMove } from '../push-record/hook-history.ts';

/** How long a hook may come after polling has found its push, in milliseconds. */
export const HOOK_GRACE_MS = 30_000;
const MOST_ENTRIES = 20;
/** A hook is heard of before its push is found only while the remote lags or fails. */
const NAMED_FOR_MS = 3_600_000;

/** What a sync of a source has met. */
export interface HookNotice {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly hints: readonly Hint[];
  /** When a hook without a hint asked; undefined if none did. */
  readonly askedAt?: number | undefined;
  /** What the source has come to, in all names; empty if that could not be found. */
  readonly tip: readonly string[];
  /** The move that the sync made without a hook of it. */
  readonly polled?: Omit<PolledMove, 'at' | 'isMissed'> | undefined;
}

/** What is known after a sync, and what is news. */
export interface NotedHooks {
  readonly history: HookHistory;
  /** Moves for which no hook came in time. */
  readonly missed: readonly PolledMove[];
  /** Moves whose hook has come after all, with its time. */
  readonly told: readonly { readonly move: PolledMove; readonly heardAt: number }[];
}

/** Compares what polling found with what hooks told. Any hook ends the row of missed ones. Pure. */
export function noteHooks(history: HookHistory, notice: HookNotice): NotedHooks {
  const { now, hints, polled } = notice;
  const told: NotedHooks['told'][number][] = [];
  const open: PolledMove[] = [];
  for (const move of history.moves) {
    const hint = hints.find(({ after }) => isZeroSha(after) || after === move.object || after === move.sha);
    if (hint) told.push({ move, heardAt: hint.heardAt });
    else open.push(move);
  }
  const late = told.filter(({ move, heardAt }) => !move.isMissed && isOverdue(move, heardAt)).map(({ move }) => move);
  const overdue = open.filter((move) => !move.isMissed && isOverdue(move, now));
  const named = toNamed(history, notice);
  const isNamed = polled !== undefined && (named[polled.object] !== undefined || named[polled.sha] !== undefined);
  const found = polled && !isNamed ? [{ ...polled, at: now, isMissed: false }] : [];
  const moves = open.map((move) => (overdue.includes(move) ? { ...move, isMissed: true } : move));
  const heardAt = newest([history.heardAt, notice.askedAt, ...hints.map((hint) => hint.heardAt)]);
  const isHooked = hints.length > 0 || notice.askedAt !== undefined;
  return {
    history: {
      ...(heardAt === undefined ? {} : { heardAt }),
      named: without(named, notice.tip),
      moves: [...moves, ...found].slice(-MOST_ENTRIES),
      missed: isHooked ? 0 : history.missed + overdue.length,
    },
    missed: [...late, ...overdue],
    told,
  };
}

function isOverdue({ at }: PolledMove, now: number): boolean {
  return now - at > HOOK_GRACE_MS;
}

function toNamed({ named }: HookHistory, { hints, now }: HookNotice): Record<string, number> {
  const all = [...Object.entries(named), ...hints.map(({ after, heardAt }): [string, number] => [after, heardAt])];
  return Object.fromEntries(all.filter(([sha, at]) => !isZeroSha(sha) && now - at < NAMED_FOR_MS).slice(-MOST_ENTRIES));
}

function without(named: Record<string, number>, tip: readonly string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(named).filter(([sha]) => !tip.includes(sha)));
}

function newest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
