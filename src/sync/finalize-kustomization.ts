import { prune } from '../apply/prune.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { requireServiceAccount } from '../kube/service-account.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { compareApplyOrder } from '../manifest/apply-order.ts';
import { parseInventoryEntry, toInventoryEntry } from '../model/inventory.ts';
import { formatSubject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { SyncDeps } from './deps.ts';
import { letGo } from './ensure-finalizer.ts';
import { explainForbidden } from './explain-forbidden.ts';
import type { SyncOutcome } from './outcome.ts';
import type { KustomizationSync } from './sync-context.ts';
import type { Target } from './targets.ts';
import { timeoutOf } from './timing.ts';

/** A Kustomization is being deleted: deletes what it deployed, if it shall, then lets it go. */
export async function finalizeKustomization(deps: SyncDeps, sync: KustomizationSync): Promise<SyncOutcome> {
  const { kustomization, run } = sync;
  const objects = (kustomization.status?.inventory?.entries ?? [])
    .map(parseInventoryEntry)
    .filter((ref) => ref !== undefined)
    .sort((a, b) => compareApplyOrder(b, a));
  if (objects.length > 0) {
    const target = await deps.targets.open(kustomization, run.signal);
    if (deletesObjects(kustomization) && (await mayAct(deps, { kustomization, target, objects }, run.signal))) {
      await deleteObjects(sync, target, objects);
      const left = await findTerminating(sync, target, objects);
      if (left.length > 0) return waitForTermination(deps, sync, left);
    }
    for (const ref of objects) target.live.forget(ref);
  }
  await letGo(deps, kustomization, run);
  return { kind: 'gone' };
}

interface Deletion {
  readonly kustomization: Kustomization;
  readonly target: Target;
  readonly objects: readonly ObjectRef[];
}

/** As Flux: without the account to act as nothing can be deleted any more, and its namespace must not hang for it. */
async function mayAct(
  deps: SyncDeps,
  { kustomization, target, objects }: Deletion,
  signal: AbortSignal,
): Promise<boolean> {
  if (!target.serviceAccount) return true;
  try {
    await requireServiceAccount(target.own, target.serviceAccount, signal);
    return true;
  } catch (error) {
    if (!(error instanceof HawserError) || error.code !== 'SERVICE_ACCOUNT_NOT_FOUND') throw error;
    const message = `${messageOf(error)}: ${objects.length} objects stay in the cluster: ${objects.map(formatSubject).join(', ')}`;
    deps.kustomizationEvents.record({ regarding: kustomization, type: 'Warning', reason: error.reason, message });
    return false;
  }
}

async function deleteObjects(sync: KustomizationSync, target: Target, objects: readonly ObjectRef[]): Promise<void> {
  const { kustomization, run, attempt, status } = sync;
  const { name, namespace = '' } = kustomization.metadata;
  const context = {
    client: target.client,
    live: target.live,
    signal: run.signal,
    beforeWrite: (timeoutMs: number) => run.assertLease(timeoutMs),
  };
  const pruned = await prune(context, { name, namespace }, objects);
  attempt.changes = pruned.changes;
  status.inventory = pruned.survivors.map(toInventoryEntry);
  const failures = await explainForbidden(target, pruned.failures, run.signal);
  if (failures.length > 0) throw new AggregateError(failures, 'not every object could be deleted');
}

interface Terminating {
  readonly ref: ObjectRef;
  readonly finalizers: readonly string[];
}

/** The objects whose end `deletionPolicy: WaitForTermination` waits for. */
async function findTerminating(
  { kustomization, run }: KustomizationSync,
  { client }: Target,
  objects: readonly ObjectRef[],
): Promise<Terminating[]> {
  if (kustomization.spec.deletionPolicy !== 'WaitForTermination') return [];
  const found = await Promise.all(
    objects.map((ref) => client.get(ref, { metadataOnly: true, signal: run.signal }).catch(ignoreNotServed)),
  );
  return found.flatMap((object) =>
    object?.metadata.deletionTimestamp ? [{ ref: refOf(object), finalizers: object.metadata.finalizers ?? [] }] : [],
  );
}

function ignoreNotServed(error: unknown): undefined {
  if (error instanceof KubeError && error.code === 'KUBE_KIND_NOT_SERVED') return undefined;
  throw error;
}

/** The watch asks for the next look when one of them is gone; the Kustomization stays until all are. */
function waitForTermination(
  deps: SyncDeps,
  { kustomization, status }: KustomizationSync,
  left: readonly Terminating[],
): SyncOutcome {
  status.inventory = left.map(({ ref }) => toInventoryEntry(ref));
  const unhealthy = left.map(({ ref, finalizers }) =>
    finalizers.length === 0
      ? `${formatSubject(ref)} status: 'Terminating'`
      : `${formatSubject(ref)} status: 'Terminating': held by ${finalizers.join(', ')}`,
  );
  const since = new Date(kustomization.metadata.deletionTimestamp ?? deps.now());
  const deadline = new Date(since.getTime() + timeoutOf(kustomization));
  if (deps.now() < deadline) return { kind: 'waiting', revision: '', deadline, unhealthy };
  throw new HawserError('PRUNE_FAILED', `timeout waiting for termination: [${unhealthy.join(', ')}]`);
}

/** As Flux: a suspended Kustomization deletes nothing; otherwise `deletionPolicy`, by default what `prune` says. Pure. */
export function deletesObjects({ spec }: Kustomization): boolean {
  if (spec.suspend) return false;
  switch (spec.deletionPolicy) {
    case 'Orphan':
      return false;
    case 'Delete':
    case 'WaitForTermination':
      return true;
    case 'MirrorPrune':
    case undefined:
      return spec.prune;
  }
}
