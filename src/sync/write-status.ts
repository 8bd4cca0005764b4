import { HawserError } from '../errors/hawser-error.ts';
import { patchStatus } from '../kube/patch-status.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import { writeOptionsFor } from './write-options.ts';

const MOST_ATTEMPTS = 4;

/**
 * Patches a status with the resourceVersion that it was computed from. Somebody else's write meanwhile means reading
 * once and computing anew; a resource that is gone needs no status. Returns the resource as written.
 */
export async function writeStatus<T extends KubeObject>(
  deps: Pick<SyncDeps, 'client' | 'resources'>,
  { resource, toStatus }: { resource: T; toStatus: (resource: T) => unknown },
  run: SyncRun,
): Promise<T> {
  const options = writeOptionsFor(resource, run);
  let current = resource;
  for (let attempt = 1; ; attempt++) {
    try {
      const written = await patchStatus(deps.client, current, { ...options, status: toStatus(current) });
      deps.resources.remember(written);
      return written as T;
    } catch (error) {
      if (error instanceof KubeError && error.isNotFound) return current;
      if (!(error instanceof KubeError) || !error.isConflict || attempt === MOST_ATTEMPTS) throw error;
    }
    const fresh = await deps.client.get(refOf(current), { signal: run.signal, urgent: true });
    if (!fresh || fresh.metadata.uid !== resource.metadata.uid) return current;
    requireSameInventory(resource, fresh);
    current = fresh as T;
  }
}

/** Another writer's inventory may name objects that this run does not know of: it must start over. */
function requireSameInventory(before: KubeObject, after: KubeObject): void {
  if (inventoryOf(before) === inventoryOf(after)) return;
  throw new HawserError('SYNC_STALE', `${before.kind} '${before.metadata.name}' was synced by somebody else meanwhile`);
}

function inventoryOf({ status }: KubeObject): string | undefined {
  return JSON.stringify((status as { inventory?: unknown } | undefined)?.inventory);
}
