import { prune } from '../apply/prune.ts';
import { compareApplyOrder } from '../manifest/apply-order.ts';
import { parseInventoryEntry, toInventoryEntry } from '../model/inventory.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { SyncDeps } from './deps.ts';
import { letGo } from './ensure-finalizer.ts';
import type { SyncOutcome } from './outcome.ts';
import type { KustomizationSync } from './sync-context.ts';

/** A Kustomization is being deleted: deletes what it deployed, if it shall, then lets it go. */
export async function finalizeKustomization(deps: SyncDeps, sync: KustomizationSync): Promise<SyncOutcome> {
  const { kustomization, run, attempt, status } = sync;
  const { name, namespace = '' } = kustomization.metadata;
  const objects = (kustomization.status?.inventory?.entries ?? [])
    .map(parseInventoryEntry)
    .filter((ref) => ref !== undefined)
    .sort((a, b) => compareApplyOrder(b, a));
  if (deletesObjects(kustomization)) {
    const context = {
      client: deps.client,
      live: deps.live,
      signal: run.signal,
      beforeWrite: (timeoutMs: number) => run.assertLease(timeoutMs),
    };
    const pruned = await prune(context, { name, namespace }, objects);
    attempt.changes = pruned.changes;
    status.inventory = pruned.survivors.map(toInventoryEntry);
    if (pruned.failures.length > 0) throw new AggregateError(pruned.failures, 'not every object could be deleted');
  }
  for (const ref of objects) deps.live.forget(ref);
  await letGo(deps, kustomization, run);
  return { kind: 'gone' };
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
