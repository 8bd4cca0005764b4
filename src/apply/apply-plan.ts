/**
 * Carries out the writing half of a plan: dry-runs, then stage by stage, each stage in parallel. What to write is
 * plan-sync's decision, when to stop between stages is the caller's.
 */
import { throwIfStopped } from './apply-error.ts';
import { type ApplyContext, isDeniedBy } from './apply-object.ts';
import type { Change } from './change.ts';
import type { DesiredObject } from './desired.ts';
import type { SyncPlan } from './plan-sync.ts';
import { definedKind } from './stages.ts';
import { type Trial, tryObject } from './try-object.ts';
import { waitEstablished } from './wait-established.ts';
import { writeObject } from './write-object.ts';

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
  given: Omit<ApplyContext, 'kindsAreNew' | 'rolesAreNew' | 'changedPolicies'>,
  plan: SyncPlan,
  hooks: ApplyHooks,
): Promise<ApplyResult> {
  const context: ApplyContext = { ...given, kindsAreNew: false, rolesAreNew: false, changedPolicies: NONE };
  const first = plan.stages.flat().filter((object) => plan.validateFirst.has(object.identity));
  const tried = await tryObjects(context, first);
  const refused = tried.failures.filter((error) => !isDeniedBy(plan.changedPolicies, causeOf(error)));
  if (refused.length > 0) return { changes: [], failures: refused, hasWritten: false };
  await hooks.readyToWrite();

  const changes: Change[] = [];
  let kindsAreNew = false;
  let rolesAreNew = false;
  for (const [index, stage] of plan.stages.entries()) {
    if (index > 0) await hooks.betweenStages();
    const changedPolicies = index > 0 ? plan.changedPolicies : NONE;
    const result = await applyStage({ ...context, kindsAreNew, rolesAreNew, changedPolicies }, { plan, stage, tried });
    changes.push(...result.changes);
    if (result.failures.length > 0)
      return { changes, failures: result.failures, hasWritten: result.hasWritten || index > 0 };
    kindsAreNew = (await establishKinds(context, plan, stage)) || kindsAreNew;
    rolesAreNew ||= stage.some(({ ref }) => ref.kind === 'Role' || ref.kind === 'ClusterRole');
  }
  return { changes, failures: [], hasWritten: true };
}

const NONE: ReadonlySet<string> = new Set();

interface StageInput {
  readonly plan: SyncPlan;
  readonly stage: readonly DesiredObject[];
  readonly tried: Pick<Tried, 'trials'>;
}

async function applyStage(context: ApplyContext, { plan, stage, tried }: StageInput): Promise<ApplyResult> {
  const untried = plan.validates ? stage.filter((object) => !tried.trials.has(object.identity)) : [];
  const { trials, failures } = await tryObjects(context, untried);
  if (failures.length > 0) return { changes: [], failures, hasWritten: false };
  const trialOf = ({ identity }: DesiredObject) => trials.get(identity) ?? tried.trials.get(identity);
  const results = await Promise.allSettled(stage.map((object) => writeObject(context, object, trialOf(object))));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  throwIfStopped(context.signal, ...errors);
  return {
    changes: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    failures: errors,
    hasWritten: true,
  };
}

interface Tried {
  /** What the trials showed, by identity. */
  readonly trials: ReadonlyMap<string, Trial>;
  readonly failures: readonly unknown[];
}

async function tryObjects(context: ApplyContext, objects: readonly DesiredObject[]): Promise<Tried> {
  const trials = new Map<string, Trial>();
  const results = await Promise.allSettled(
    objects.map(async (object) => trials.set(object.identity, await tryObject(context, object))),
  );
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  throwIfStopped(context.signal, ...failures);
  return { trials, failures };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
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
