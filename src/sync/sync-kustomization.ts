/**
 * The second half of the pipeline: one Kustomization, from its source's commit to the cluster. This file holds the
 * order of the steps; each step has one owner, and what fails is turned into a status by run-sync.ts.
 */
import { applyPlan } from '../apply/apply-plan.ts';
import { assessHealth } from '../apply/assess-health.ts';
import { type DesiredObject, toDesiredObjects } from '../apply/desired.ts';
import { hasWrites, planSync, type SyncPlan } from '../apply/plan-sync.ts';
import { prune } from '../apply/prune.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { createIgnore } from '../git/create-ignore.ts';
import { mergeInventories, toInventoryEntry } from '../model/inventory.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { concludeHealth } from './conclude-health.ts';
import type { SyncDeps } from './deps.ts';
import { ensureFinalizer } from './ensure-finalizer.ts';
import { finalizeKustomization } from './finalize-kustomization.ts';
import { refuseUnsupportedKustomization } from './find-unsupported.ts';
import { type OpenSource, openSource } from './open-source.ts';
import { type Attempt, beginStep, type SyncOutcome } from './outcome.ts';
import type { KustomizationSync } from './sync-context.ts';

export async function syncKustomization(deps: SyncDeps, sync: KustomizationSync): Promise<SyncOutcome> {
  const { run, attempt, status } = sync;
  if (sync.kustomization.metadata.deletionTimestamp) return finalizeKustomization(deps, sync);
  if (sync.kustomization.spec.suspend) return { kind: 'suspended' };
  refuseUnsupportedKustomization(sync.kustomization);
  const kustomization = await ensureFinalizer(deps, sync.kustomization, run);
  status.current = kustomization;
  const source = await openSource(deps, kustomization, run);
  if (!source) return blocked('Source is not ready, artifact not found');
  attempt.revision = source.revision;
  attempt.source = source.source;
  deps.reports.started({ kustomization, source: source.source, sha: source.commit.sha, pushIds: run.pending.pushIds });

  beginStep(attempt, 'build');
  const desired = await toDesired(deps, kustomization, await render(deps, { kustomization, source, sync }));
  beginStep(attempt, 'apply');
  const plan = toPlan(deps, { kustomization, desired, attempt });
  await carryOut(deps, { ...sync, kustomization }, plan);

  if (!kustomization.spec.wait) return { kind: 'done', revision: source.revision, changes: attempt.changes };
  beginStep(attempt, 'health');
  return concludeHealth({ kustomization, attempt, verdict: assessHealth(desired, deps.live), now: deps.now() });
}

function blocked(message: string): SyncOutcome {
  return { kind: 'blocked', reason: 'ArtifactFailed', message };
}

async function render(
  deps: SyncDeps,
  { kustomization, source, sync }: { kustomization: Kustomization; source: OpenSource; sync: KustomizationSync },
): Promise<readonly KubeObject[]> {
  const { path, targetNamespace } = kustomization.spec;
  const ignore = await createIgnore(source.commit.tree, source.source.spec.ignore);
  const request = { path: path ?? './', targetNamespace, ignored: ignore.ignores, ignoredId: ignore.id };
  const rendered = await deps.renderer.render(source.commit.tree, request, sync.run.signal);
  sync.attempt.digest = rendered.digest;
  sync.attempt.warnings = rendered.warnings;
  return rendered.objects;
}

async function toDesired(
  deps: SyncDeps,
  kustomization: Kustomization,
  objects: readonly KubeObject[],
): Promise<DesiredObject[]> {
  const kinds = new Map(objects.map((object) => [`${object.apiVersion}/${object.kind}`, refOf(object)]));
  const scopes = new Map<string, { namespaced: boolean } | undefined>();
  await Promise.all([...kinds].map(async ([kind, ref]) => scopes.set(kind, await deps.client.discovery.resolve(ref))));
  const { name, namespace = '' } = kustomization.metadata;
  return toDesiredObjects(objects, { name, namespace }, (ref) =>
    scopes.get(`${ref.group === '' ? '' : `${ref.group}/`}${ref.version}/${ref.kind}`),
  );
}

function toPlan(
  deps: SyncDeps,
  { kustomization, desired, attempt }: { kustomization: Kustomization; desired: DesiredObject[]; attempt: Attempt },
): SyncPlan {
  const last = kustomization.status?.history?.[0];
  return planSync({
    desired,
    inventory: kustomization.status?.inventory?.entries ?? [],
    prune: kustomization.spec.prune,
    appliedBefore: last?.digest === attempt.digest && last?.lastReconciledStatus === 'ReconciliationSucceeded',
    recordOf: (ref) => deps.live.record(ref),
  });
}

/** Applies and prunes; failures are thrown as one. What should be gone and is not stays in the inventory. */
async function carryOut(deps: SyncDeps, sync: KustomizationSync, plan: SyncPlan): Promise<void> {
  const { run, attempt, kustomization, status } = sync;
  status.inventory = plan.inventoryAfter;
  if (!hasWrites(plan)) return;
  const context = {
    client: deps.client,
    live: deps.live,
    signal: run.signal,
    beforeWrite: (timeoutMs: number) => run.assertLease(timeoutMs),
  };
  status.inventory = undefined;
  status.begin(plan);
  const applied = await applyPlan(context, plan, {
    readyToWrite: () => status.readyToWrite(),
    betweenStages: () => giveWayToNewer(sync),
  });
  attempt.changes = applied.changes;
  if (!applied.hasWritten) status.inventory = kustomization.status?.inventory?.entries ?? [];
  throwAll(applied.failures);

  const { name, namespace = '' } = kustomization.metadata;
  const pruned = await prune(context, { name, namespace }, plan.prune);
  attempt.changes = [...applied.changes, ...pruned.changes];
  status.inventory = mergeInventories(plan.inventoryAfter, pruned.survivors.map(toInventoryEntry));
  throwAll(pruned.failures);
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
