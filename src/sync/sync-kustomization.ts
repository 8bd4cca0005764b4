/**
 * The second half of the pipeline: one Kustomization, from its source's commit to the cluster. This file holds the
 * order of the steps; each step has one owner, and what fails is turned into a status by run-sync.ts.
 */
import { applyPlan } from '../apply/apply-plan.ts';
import type { Change } from '../apply/change.ts';
import type { Correction } from '../apply/correction.ts';
import { type DesiredObject, toDesiredObjects } from '../apply/desired.ts';
import { hasWrites, planSync, type SyncPlan } from '../apply/plan-sync.ts';
import { prune } from '../apply/prune.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { mergeInventories, toInventoryEntry } from '../model/inventory.ts';
import { type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { assessKustomization, requireHealthChecks } from './assess-kustomization.ts';
import { findUnreadyDependency } from './check-dependencies.ts';
import type { SyncDeps } from './deps.ts';
import { ensureFinalizer } from './ensure-finalizer.ts';
import { explainForbidden } from './explain-forbidden.ts';
import { finalizeKustomization } from './finalize-kustomization.ts';
import { refuseUnsupportedKustomization } from './find-unsupported.ts';
import { openSource } from './open-source.ts';
import { type Attempt, beginStep, type SyncOutcome } from './outcome.ts';
import { renderObjects } from './render-objects.ts';
import type { KustomizationSync } from './sync-context.ts';
import type { Target } from './targets.ts';

export async function syncKustomization(deps: SyncDeps, sync: KustomizationSync): Promise<SyncOutcome> {
  const { run, attempt, status } = sync;
  if (sync.kustomization.metadata.deletionTimestamp) return finalizeKustomization(deps, sync);
  if (sync.kustomization.spec.suspend) return { kind: 'suspended' };
  refuseUnsupportedKustomization(sync.kustomization);
  const checks = requireHealthChecks(sync.kustomization);
  const kustomization = await ensureFinalizer(deps, sync.kustomization, run);
  status.current = kustomization;
  const source = await openSource(deps, kustomization, run);
  if (source && 'kind' in source) return source;
  if (!source) return blocked('ArtifactFailed', 'Source is not ready, artifact not found');
  attempt.revision = source.revision;
  attempt.originRevision = source.originRevision;
  attempt.source = source.git?.source;
  const unready = findUnreadyDependency(deps.resources, { kustomization, revision: source.revision });
  if (unready !== undefined) return blocked('DependencyNotReady', unready);
  if (source.git) {
    deps.reports.started({ kustomization, ...source.git, pushIds: run.pending.pushIds });
  }

  beginStep(attempt, 'build');
  const target = await deps.targets.open(kustomization, run.signal);
  const rendered = await renderObjects(deps, { kustomization, source, signal: run.signal });
  attempt.digest = rendered.digest;
  attempt.warnings = rendered.warnings;
  const desired = await toDesired(target, kustomization, rendered.objects);

  beginStep(attempt, 'apply');
  const plan = toPlan(target, { kustomization, desired, attempt });
  await carryOut({ ...sync, kustomization }, target, plan);

  if (!checks.isWanted) return { kind: 'done', revision: source.revision, changes: attempt.changes };
  beginStep(attempt, 'health');
  return await assessKustomization(deps, { kustomization, attempt, checks, desired, target, signal: run.signal });
}

function blocked(reason: string, message: string): SyncOutcome {
  return { kind: 'blocked', reason, message };
}

async function toDesired(
  target: Target,
  kustomization: Kustomization,
  objects: readonly KubeObject[],
): Promise<DesiredObject[]> {
  const { discovery } = target.client;
  const kinds = new Map(objects.map((object) => [`${object.apiVersion}/${object.kind}`, refOf(object)]));
  const scopes = new Map<string, { namespaced: boolean } | undefined>();
  await Promise.all([...kinds].map(async ([kind, ref]) => scopes.set(kind, await discovery.resolve(ref))));
  const { name, namespace = '' } = kustomization.metadata;
  return toDesiredObjects(objects, { name, namespace }, (ref) =>
    scopes.get(`${ref.group === '' ? '' : `${ref.group}/`}${ref.version}/${ref.kind}`),
  );
}

function toPlan(
  { live }: Target,
  { kustomization, desired, attempt }: { kustomization: Kustomization; desired: DesiredObject[]; attempt: Attempt },
): SyncPlan {
  const last = kustomization.status?.history?.[0];
  const isSame = last?.digest === attempt.digest;
  return planSync({
    desired,
    inventory: kustomization.status?.inventory?.entries ?? [],
    prune: kustomization.spec.prune,
    appliedBefore: isSame && last?.lastReconciledStatus === 'ReconciliationSucceeded',
    failedBefore: isSame && last?.lastReconciledStatus !== 'ReconciliationSucceeded',
    recordOf: (ref) => live.record(ref),
    sightingOf: (ref) => live.live(ref)?.sighting,
  });
}

/** Applies and prunes; failures are thrown as one. What should be gone and is not stays in the inventory. */
async function carryOut(sync: KustomizationSync, target: Target, plan: SyncPlan): Promise<void> {
  const { run, attempt, kustomization, status } = sync;
  status.inventory = plan.inventoryAfter;
  if (!hasWrites(plan)) return;
  const context = {
    client: target.client,
    live: target.live,
    signal: run.signal,
    beforeWrite: (timeoutMs: number) => run.assertLease(timeoutMs),
    force: kustomization.spec.force ?? false,
    ignore: kustomization.spec.ignore ?? [],
    sightingOf: (ref: ObjectRef) => target.live.live(ref)?.sighting,
  };
  status.inventory = undefined;
  status.begin(plan);
  const applied = await applyPlan(context, plan, {
    readyToWrite: () => status.readyToWrite(),
    betweenStages: () => giveWayToNewer(sync),
  });
  attempt.changes = applied.changes;
  attempt.corrections = listCorrections(target, applied.changes);
  if (!applied.hasWritten) status.inventory = kustomization.status?.inventory?.entries ?? [];
  throwAll(await explainForbidden(target, applied.failures, run.signal));

  const { name, namespace = '' } = kustomization.metadata;
  const staying = plan.desired.map(({ ref }) => ref);
  const pruned = await prune({ ...context, staying }, { name, namespace }, plan.prune);
  attempt.changes = [...applied.changes, ...pruned.changes];
  status.inventory = mergeInventories(plan.inventoryAfter, pruned.survivors.map(toInventoryEntry));
  throwAll(await explainForbidden(target, pruned.failures, run.signal));
}

function listCorrections({ live }: Target, changes: readonly Change[]): Correction[] {
  return changes.flatMap(({ ref, action }) => {
    const correction = live.takeCorrection(ref);
    return correction && action !== 'unchanged' ? [correction] : [];
  });
}

/** Between stages a newer revision takes over; what this one has written is in the inventory already. */
async function giveWayToNewer({ run, attempt, mayBeSuperseded }: KustomizationSync): Promise<void> {
  if (!mayBeSuperseded) return;
  const newest = await run.refresh();
  if (newest.wanted === run.pending.wanted) return;
  if (newest.revision === undefined || newest.revision === attempt.revision) return;
  throw new HawserError('SYNC_SUPERSEDED', `superseded by ${newest.revision}`, { data: { by: newest.revision } });
}

function throwAll(failures: readonly unknown[]): void {
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} objects failed`);
}
