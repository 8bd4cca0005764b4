import { removeFinalizer } from '../kube/finalizers.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { patchStatus } from '../kube/patch-status.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { Receiver } from '../model/receiver.ts';
import { type ReceiverReading, toReceiverStatus } from './receiver-status.ts';

/** What writing a status needs. */
export interface WriteDeps {
  readonly client: Pick<KubeClient, 'get' | 'mergePatch'>;
  readonly now: () => Date;
}

/** As which Flux writes Receivers. */
const FIELD_MANAGER = 'notification-controller';
/** Flux puts it on every Receiver, and does nothing when it takes it off. */
const FINALIZER = 'finalizers.fluxcd.io';
const MOST_ATTEMPTS = 4;

/**
 * Makes a Receiver's status say what was read, and lets one go whose deletion waits for Flux's finalizer. What somebody
 * else (Flux, another worker) wrote meanwhile is read first; throws if the API server refuses.
 */
export async function writeReceiverStatus(
  deps: WriteDeps,
  receiver: Receiver,
  reading: ReceiverReading,
): Promise<void> {
  let current = receiver;
  for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
    if (await writeUnlessChanged(deps, current, reading)) return;
    const fresh = await deps.client.get(refOf(receiver));
    // Of a Receiver with another spec nothing was read here: its own change is being looked at.
    if (!fresh || !isSameSpec(fresh, receiver)) return;
    current = fresh as Receiver;
  }
  await writeOnce(deps, current, reading);
}

/** False if somebody else has changed the Receiver meanwhile. */
async function writeUnlessChanged(deps: WriteDeps, receiver: Receiver, reading: ReceiverReading): Promise<boolean> {
  try {
    await writeOnce(deps, receiver, reading);
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.isConflict) return false;
    if (error instanceof KubeError && error.isNotFound) return true;
    throw error;
  }
}

async function writeOnce({ client, now }: WriteDeps, receiver: Receiver, reading: ReceiverReading): Promise<void> {
  if (receiver.metadata.deletionTimestamp) {
    await removeFinalizer(client, receiver, { finalizer: FINALIZER, fieldManager: FIELD_MANAGER });
    return;
  }
  const status = toReceiverStatus(receiver, reading, now());
  if (status) await patchStatus(client, receiver, { status, fieldManager: FIELD_MANAGER });
}

function isSameSpec(object: KubeObject, other: KubeObject): boolean {
  const { metadata } = object;
  return metadata.uid === other.metadata.uid && metadata.generation === other.metadata.generation;
}
