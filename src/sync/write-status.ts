import { HawserError } from '../errors/hawser-error.ts';
import { patchStatus } from '../kube/patch-status.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import { writeOptionsFor } from './write-options.ts';

const MOST_ATTEMPTS = 4;

interface StatusWrite<T> {
  readonly resource: T;
  readonly toStatus: (resource: T) => unknown;
}

/**
 * Patches a status with the resourceVersion that it was computed from. Somebody else's write meanwhile means reading
 * once and computing anew; a resource that is gone needs no status. Returns the resource as written.
 */
export async function writeStatus<T extends KubeObject>(
  deps: Pick<SyncDeps, 'client' | 'resources'>,
  { resource, toStatus }: StatusWrite<T>,
  run: SyncRun,
): Promise<T> {
  let current = resource;
  for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
    const written = await patchUnlessChanged(deps, { resource: current, toStatus }, run);
    if (written) return written;
    const fresh = await readAgain(deps, resource, run);
    if (!fresh) return current;
    current = fresh;
  }
  return await patchOnce(deps, { resource: current, toStatus }, run);
}

/** Undefined if somebody else has changed the resource meanwhile. */
async function patchUnlessChanged<T extends KubeObject>(
  deps: Pick<SyncDeps, 'client' | 'resources'>,
  write: StatusWrite<T>,
  run: SyncRun,
): Promise<T | undefined> {
  try {
    return await patchOnce(deps, write, run);
  } catch (error) {
    if (error instanceof KubeError && error.isConflict) return undefined;
    if (error instanceof KubeError && error.isNotFound) return write.resource;
    throw error;
  }
}

async function patchOnce<T extends KubeObject>(
  deps: Pick<SyncDeps, 'client' | 'resources'>,
  { resource, toStatus }: StatusWrite<T>,
  run: SyncRun,
): Promise<T> {
  const options = { ...writeOptionsFor(resource, run), status: toStatus(resource) };
  const written = await patchStatus(deps.client, resource, options);
  deps.resources.remember(written);
  return written as T;
}

/**
 * The resource as it is now; undefined if it is gone or another one by the same name. Throws SYNC_STALE if another process
 * has synced it meanwhile.
 */
export async function readAgain<T extends KubeObject>(
  deps: Pick<SyncDeps, 'client' | 'resources'>,
  before: T,
  run: SyncRun,
): Promise<T | undefined> {
  const fresh = await deps.client.get(refOf(before), { signal: run.signal, urgent: true });
  if (!fresh || fresh.metadata.uid !== before.metadata.uid) return undefined;
  deps.resources.remember(fresh);
  requireSameSync(before, fresh);
  return fresh as T;
}

/** Another process may have come to another revision, or to objects that this run does not know of: it must start over. */
function requireSameSync(before: KubeObject, after: KubeObject): void {
  if (cursorsOf(before) === cursorsOf(after)) return;
  throw new HawserError('SYNC_STALE', `${before.kind} '${before.metadata.name}' was synced by somebody else meanwhile`);
}

interface Cursors {
  readonly inventory?: unknown;
  readonly lastAttemptedRevision?: string;
}

function cursorsOf({ status }: KubeObject): string {
  const { inventory, lastAttemptedRevision } = (status ?? {}) as Cursors;
  return JSON.stringify([inventory, lastAttemptedRevision]);
}
