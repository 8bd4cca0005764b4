import { forgetOurs, prune, readServed } from '../apply/prune.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { requireServiceAccount } from '../kube/service-account.ts';
import { compareApplyOrder } from '../manifest/apply-order.ts';
import { parseInventoryEntry, toInventoryEntry } from '../model/inventory.ts';
import { formatSubject, type ObjectRef } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { SyncDeps } from './deps.ts';
import { letGo } from './ensure-finalizer.ts';
import { explainForbidden } from './explain-forbidden.ts';
import type { SyncOutcome } from './outcome.ts';
import { recordKustomizationEvents } from './record-kustomization-events.ts';
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
  const waiting = deletesObjects(kustomization) ? await deleteAll(deps, sync, objects) : undefined;
  if (waiting) return waiting;
  forgetAll(deps, kustomization, objects);
  await letGo(deps, kustomization, run);
  recordKustomizationEvents(deps, { ...sync, outcome: GONE, isWritten: false, wasHealthy: false });
  return GONE;
}

const GONE: SyncOutcome = { kind: 'gone' };

/** What stays in the cluster is nobody's drift any more; a remote cluster is forgotten as a whole with its last user. */
function forgetAll(
  { targets: { local } }: SyncDeps,
  kustomization: Kustomization,
  objects: readonly ObjectRef[],
): void {
  if (!local.holds(kustomization)) return;
  const { name, namespace = '' } = kustomization.metadata;
  for (const ref of objects) forgetOurs(local.live, ref, { name, namespace });
}

/** Deletes the objects; answers how the sync ends if it must be waited for them. */
async function deleteAll(
  deps: SyncDeps,
  sync: KustomizationSync,
  objects: readonly ObjectRef[],
): Promise<SyncOutcome | undefined> {
  if (objects.length === 0) return undefined;
  const { kustomization, run, attempt } = sync;
  Object.assign(attempt, toLastApplied(kustomization));
  const target = await deps.targets.open(kustomization, run.signal);
  if (!(await mayAct(deps, { kustomization, target, objects }, run.signal))) return undefined;
  await deleteObjects(sync, target, objects);
  const left = await findTerminating(sync, target, objects);
  return left.length > 0 ? waitForTermination(deps, sync, left) : undefined;
}

/** What the events of a deletion are about, as in Flux. */
function toLastApplied({ status }: Kustomization): { revision?: string; originRevision?: string } {
  const { lastAppliedRevision, lastAppliedOriginRevision } = status ?? {};
  return {
    ...(lastAppliedRevision === undefined ? {} : { revision: lastAppliedRevision }),
    ...(lastAppliedOriginRevision === undefined ? {} : { originRevision: lastAppliedOriginRevision }),
  };
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
  const found = await Promise.all(objects.map((ref) => readServed(client, ref, run.signal)));
  return found.flatMap(({ ref, object }) =>
    object?.metadata.deletionTimestamp ? [{ ref, finalizers: object.metadata.finalizers ?? [] }] : [],
  );
}

/**
 * The watch asks for the next look when one of them is gone. As Flux: what is still there after `spec.timeout` is told,
 * and the Kustomization goes all the same, since everything is being deleted.
 */
function waitForTermination(
  deps: SyncDeps,
  { kustomization, status }: KustomizationSync,
  left: readonly Terminating[],
): SyncOutcome | undefined {
  status.inventory = left.map(({ ref }) => toInventoryEntry(ref));
  const unhealthy = left.map(({ ref, finalizers }) =>
    finalizers.length === 0
      ? `${formatSubject(ref)} status: 'Terminating'`
      : `${formatSubject(ref)} status: 'Terminating': held by ${finalizers.join(', ')}`,
  );
  const since = new Date(kustomization.metadata.deletionTimestamp ?? deps.now());
  const deadline = new Date(since.getTime() + timeoutOf(kustomization));
  if (deps.now() < deadline) return { kind: 'waiting', revision: '', deadline, unhealthy };
  const message = `timeout waiting for termination: [${unhealthy.join(', ')}]: they are being deleted, and are not waited for any longer`;
  deps.kustomizationEvents.record({ regarding: kustomization, type: 'Warning', reason: 'PruneFailed', message });
  return undefined;
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
