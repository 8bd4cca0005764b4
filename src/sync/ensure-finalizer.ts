import { addFinalizer, removeFinalizer } from '../kube/finalizers.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import { writeOptionsFor } from './write-options.ts';

/** Flux's finalizer: what a takeover finds, and what a hand-back leaves. */
const FINALIZER = 'finalizers.fluxcd.io';

/** Makes sure that the resource cannot vanish before it is cleaned up after; one write in its life. */
export async function ensureFinalizer<T extends KubeObject>(
  { client, resources }: Pick<SyncDeps, 'client' | 'resources'>,
  resource: T,
  run: SyncRun,
): Promise<T> {
  const written = await addFinalizer(client, resource, { ...writeOptionsFor(resource, run), finalizer: FINALIZER });
  resources.remember(written);
  return written as T;
}

/** Lets the API server delete the resource. */
export async function letGo({ client }: Pick<SyncDeps, 'client'>, resource: KubeObject, run: SyncRun): Promise<void> {
  await removeFinalizer(client, resource, { ...writeOptionsFor(resource, run), finalizer: FINALIZER });
}
