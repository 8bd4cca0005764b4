import { assessHealth, type JudgedObject } from '../apply/assess-health.ts';
import { type DesiredObject, isLeftAlone, isNotWritten } from '../apply/desired.ts';
import type { ObjectRecord } from '../apply/live-objects.ts';
import { isSpentJob } from '../apply/spent-job.ts';
import type { Sighting } from '../apply/switches.ts';
import { type CompiledHealthChecks, compileHealthChecks } from '../health/compile-health-checks.ts';
import { hasHealthRule } from '../health/compute-health.ts';
import type { Health } from '../health/health.ts';
import { judgeHealth } from '../health/judge-health.ts';
import type { ObjectRef } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { healthChecksOf, wantsHealth } from '../model/kustomization-health.ts';
import { formatKey, keyOf } from '../model/object-key.ts';
import { concludeHealth } from './conclude-health.ts';
import type { SyncDeps } from './deps.ts';
import type { Attempt, SyncOutcome } from './outcome.ts';
import type { Target } from './targets.ts';

/** What a Kustomization's spec says of health. */
export interface HealthChecks {
  /** Whether the result waits for health at all. */
  readonly isWanted: boolean;
  readonly expressions: CompiledHealthChecks;
}

/** Reads the spec's health checks before anything is done; throws CEL_INVALID. */
export function requireHealthChecks(kustomization: Kustomization): HealthChecks {
  return {
    isWanted: wantsHealth(kustomization),
    expressions: compileHealthChecks(kustomization.spec.healthCheckExprs),
  };
}

interface AssessInput {
  readonly kustomization: Kustomization;
  readonly attempt: Attempt;
  readonly checks: HealthChecks;
  readonly desired: readonly DesiredObject[];
  readonly target: Target;
  readonly signal: AbortSignal;
}

/** Judges what the spec wants to be healthy, as it is known now; waits for nothing. */
export async function assessKustomization(deps: SyncDeps, input: AssessInput): Promise<SyncOutcome> {
  const { kustomization, attempt, checks, desired, target } = input;
  const refs = kustomization.spec.wait
    ? desired.filter((object) => isOurs(object, target.live.live(object.ref)?.sighting)).map(({ ref }) => ref)
    : healthChecksOf(kustomization);
  const judged = await Promise.all(
    refs
      .filter((ref) => !kustomization.spec.wait || hasHealthRule(ref) || checks.expressions.covers(ref))
      .filter((ref) => !isItself(kustomization, ref))
      .map(async (ref): Promise<JudgedObject> => ({ ref, health: await judge(input, ref) })),
  );
  return concludeHealth({ kustomization, attempt, verdict: assessHealth(judged), now: deps.now() });
}

/** What is left alone does not count: nobody here answers for its health (Flux). */
function isOurs(desired: DesiredObject, sighting: Sighting | undefined): boolean {
  return !isLeftAlone(desired.object) && !isNotWritten(desired, sighting);
}

/** A Kustomization that deploys itself would wait for itself for ever. */
function isItself({ metadata }: Kustomization, { kind, namespace, name }: ObjectRef): boolean {
  return kind === 'Kustomization' && namespace === metadata.namespace && name === metadata.name;
}

const NOT_FOUND: Health = { status: 'NotFound', message: '' };
const UNKNOWN: Health = { status: 'Unknown', message: '' };
const SPENT: Health = { status: 'Current', message: 'the Job is finished and was cleaned up' };

/** By what the watch has shown, if that is at least as new as our own write; what is not watched is read. */
async function judge(input: AssessInput, ref: ObjectRef): Promise<Health> {
  const { live } = input.target;
  const state = live.live(ref);
  const record = live.record(ref);
  if (!state) return isSpentJob(live, ref) ? SPENT : await read(input, ref);
  if (!mayKnow(input, record)) return await read(input, ref);
  if ((state.generation ?? 0) < (record?.generation ?? 0)) return UNKNOWN;
  if (!input.checks.expressions.covers(ref)) return state.health;
  return state.object ? judgeHealth(state.object, input.checks.expressions) : await read(input, ref);
}

/** Hawser sees what others have deployed, but a service account is told of that only what it may read itself. */
function mayKnow({ target, kustomization }: AssessInput, record: ObjectRecord | undefined): boolean {
  if (!target.serviceAccount) return true;
  return record?.owner !== undefined && formatKey(record.owner) === formatKey(keyOf('Kustomization', kustomization));
}

async function read({ target, checks, signal }: AssessInput, named: ObjectRef): Promise<Health> {
  const resource = await target.client.discovery.resolve(named);
  if (!resource) return NOT_FOUND;
  const ref = resource.namespaced ? named : { ...named, namespace: '' };
  const object = await target.client.get(ref, { signal, urgent: true });
  return object ? judgeHealth(object, checks.expressions) : NOT_FOUND;
}
