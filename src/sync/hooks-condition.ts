/** The condition of a GitRepository that says that its webhooks do not arrive. Not one of Flux's, and no part of Ready. Pure. */
import { type Condition, findCondition, toConditions } from '../model/conditions.ts';
import type { GitRepository, GitRepositoryStatus } from '../model/git-repository.ts';

export const HOOKS_MISSING = 'HooksMissing';

/** A single lost hook happens to every provider; of two in a row somebody should know. */
const MOST_MISSED = 1;

interface Hooks {
  readonly missed: number;
  /** Milliseconds since the epoch. */
  readonly heardAt?: number | undefined;
  readonly isExpected: boolean;
}

/** Whether the condition is to be there: it comes with the second hook missed in a row and goes with the next one heard. */
export function areHooksMissing(
  source: Pick<GitRepository, 'status'>,
  { missed, heardAt, isExpected }: Hooks,
): boolean {
  if (!isExpected) return false;
  if (missed > MOST_MISSED) return true;
  const standing = findCondition(source.status?.conditions, HOOKS_MISSING);
  // What was heard may have been lost; the condition stays until something is heard.
  return standing !== undefined && (heardAt === undefined || heardAt < Date.parse(standing.lastTransitionTime));
}

/** What the condition and the event say; it changes only with what was heard last. */
export function describeMissing(heardAt: number | undefined): string {
  const since = heardAt === undefined ? 'none was heard so far' : `the last one was heard at ${toTime(heardAt)}`;
  return `hooks for this repository do not arrive: its last pushes were found by polling, and no webhook told of them (${since}); look at the provider's list of deliveries: is there a webhook for pushes, is it active, does it reach Hawser's public listener, is it answered with 202? If it is not meant to have one, set the annotation hawser/webhooks: none`;
}

/** The status with the condition, or without it. */
export function withHooksCondition(
  source: Pick<GitRepository, 'metadata' | 'status'>,
  message: string | undefined,
  now: Date,
): GitRepositoryStatus {
  const before = source.status?.conditions ?? [];
  const others: Condition[] = before.filter(({ type }) => type !== HOOKS_MISSING);
  const status = { ...source.status, conditions: others };
  if (message === undefined) return status;
  const { generation: observedGeneration } = source.metadata;
  const missing = { type: HOOKS_MISSING, status: 'True', reason: HOOKS_MISSING, message, observedGeneration } as const;
  return { ...status, conditions: toConditions(before, [...others, missing], now) };
}

function toTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
