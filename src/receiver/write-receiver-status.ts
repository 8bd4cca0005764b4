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
 * else (Flux, another worker) wrote meanwhile is read first; throws if the API server refuses. Tells whether the status
 * has changed.
 */
export async function writeReceiverStatus(
  deps: WriteDeps,
  receiver: Receiver,
  reading: ReceiverReading,
): Promise<boolean> {
  let current = receiver;
  for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
    const written = await writeUnlessChanged(deps, current, reading);
    if (written !== 'conflict') return written;
    const fresh = await deps.client.get(refOf(receiver));
    // Of a Receiver with another spec nothing was read here: its own change is being looked at.
    if (!fresh || !isSameSpec(fresh, receiver)) return false;
    current = fresh as Receiver;
  }
  return await writeOnce(deps, current, reading);
}

/** `conflict` if somebody else has changed the Receiver meanwhile. */
async function writeUnlessChanged(
  deps: WriteDeps,
  receiver: Receiver,
  reading: ReceiverReading,
): Promise<boolean | 'conflict'> {
  try {
    return await writeOnce(deps, receiver, reading);
  } catch (error) {
    if (error instanceof KubeError && error.isConflict) return 'conflict';
    if (error instanceof KubeError && error.isNotFound) return false;
    throw error;
  }
}

async function writeOnce({ client, now }: WriteDeps, receiver: Receiver, reading: ReceiverReading): Promise<boolean> {
  if (receiver.metadata.deletionTimestamp) {
    await removeFinalizer(client, receiver, { finalizer: FINALIZER, fieldManager: FIELD_MANAGER });
    return false;
  }
  const status = toReceiverStatus(receiver, reading, now());
  if (!status) return false;
  // Where nothing differs, nothing is written, and the object comes back.
  return (await patchStatus(client, receiver, { status, fieldManager: FIELD_MANAGER })) !== receiver;
}

function isSameSpec(object: KubeObject, other: KubeObject): boolean {
  const { metadata } = object;
  return metadata.uid === other.metadata.uid && metadata.generation === other.metadata.generation;
}
