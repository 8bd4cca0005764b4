/**
 * Carries out the writing half of a plan: dry-runs, then stage by stage, each stage in parallel. What to write is
 * plan-sync's decision, when to stop between stages is the caller's.
 */
import { type ApplyContext, applyObject, dryRunObject } from './apply-object.ts';
import type { Change } from './change.ts';
import type { DesiredObject } from './desired.ts';
import type { SyncPlan } from './plan-sync.ts';
import { definedKind } from './stages.ts';
import { waitEstablished } from './wait-established.ts';

export interface ApplyResult {
  readonly changes: readonly Change[];
  /** What went wrong, one error per object; a failed stage stops what comes after it. */
  readonly failures: readonly unknown[];
  /** False if the plan was refused before its first write. */
  readonly hasWritten: boolean;
}

interface ApplyHooks {
  /** Awaited after the dry-runs and before the first write: the inventory must be stored by then. */
  readonly readyToWrite: () => Promise<void>;
  /** Called between stages; throws to stop (a newer revision supersedes this one). */
  readonly betweenStages: () => Promise<void>;
}

/** Writes what a plan calls for. Nothing at all is written if one of the objects that can be tried first is refused. */
export async function applyPlan(
  context: Omit<ApplyContext, 'kindsAreNew'>,
  plan: SyncPlan,
  hooks: ApplyHooks,
): Promise<ApplyResult> {
  const first = plan.stages.flat().filter((object) => plan.validateFirst.has(object.identity));
  const refused = await failuresOf(first.map((object) => dryRunObject({ ...context, kindsAreNew: false }, object)));
  if (refused.length > 0) return { changes: [], failures: refused, hasWritten: false };
  await hooks.readyToWrite();

  const changes: Change[] = [];
  let kindsAreNew = false;
  for (const [index, stage] of plan.stages.entries()) {
    if (index > 0) await hooks.betweenStages();
    const result = await applyStage({ ...context, kindsAreNew }, plan, stage);
    changes.push(...result.changes);
    if (result.failures.length > 0)
      return { changes, failures: result.failures, hasWritten: result.hasWritten || index > 0 };
    kindsAreNew = (await establishKinds(context, plan, stage)) || kindsAreNew;
  }
  return { changes, failures: [], hasWritten: true };
}

async function applyStage(
  context: ApplyContext,
  plan: SyncPlan,
  stage: readonly DesiredObject[],
): Promise<ApplyResult> {
  const untried = plan.validates ? stage.filter((object) => !plan.validateFirst.has(object.identity)) : [];
  const refused = await failuresOf(untried.map((object) => dryRunObject(context, object)));
  if (refused.length > 0) return { changes: [], failures: refused, hasWritten: false };
  const results = await Promise.allSettled(stage.map((object) => applyObject(context, object)));
  context.signal.throwIfAborted();
  return {
    changes: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    failures: results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])),
    hasWritten: true,
  };
}

async function establishKinds(
  context: Pick<ApplyContext, 'client' | 'signal'>,
  plan: SyncPlan,
  stage: readonly DesiredObject[],
): Promise<boolean> {
  const definitions = stage.filter(({ object }) => definedKind(object) !== undefined);
  const defined = new Set(definitions.map(({ object }) => definedKind(object)));
  const used = plan.desired.some(({ ref }) => defined.has(`${ref.group}/${ref.kind}`));
  if (!used) return false;
  await waitEstablished(
    context.client,
    definitions.map(({ ref }) => ref.name),
    context.signal,
  );
  return true;
}

async function failuresOf(attempts: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(attempts);
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
}
