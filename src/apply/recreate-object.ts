import { KubeError } from '../kube/to-kube-error.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { type ApplyContext, writeOptions } from './apply-object.ts';
import type { DesiredObject } from './desired.ts';
import { hasSwitch } from './switches.ts';
import { waitGone } from './wait-gone.ts';

const MOST_ATTEMPTS = 3;

/**
 * Whether a refused object may be deleted and created anew: a field was changed that cannot be, and `spec.force` or the
 * object's own annotation, in Git or in the cluster, permits it. Pure.
 */
export function isRecreatable(
  { force }: Pick<ApplyContext, 'force'>,
  { desired, live, error }: { desired: DesiredObject; live: KubeObject; error: unknown },
): boolean {
  if (!(error instanceof KubeError) || !error.isImmutable) return false;
  return force || hasSwitch(desired.object, 'force', 'enabled') || hasSwitch(live, 'force', 'enabled');
}

/** Reads what is in the cluster of a refused object that may be deleted and created anew; undefined if it may not. */
export async function findRecreatable(
  context: ApplyContext,
  desired: DesiredObject,
  error: unknown,
): Promise<KubeObject | undefined> {
  if (!(error instanceof KubeError) || !error.isImmutable) return undefined;
  const { client, signal } = context;
  const live = await client.get(desired.ref, { metadataOnly: true, signal, urgent: true });
  return live && isRecreatable(context, { desired, live, error }) ? live : undefined;
}

/** Deletes the very object that was seen, and waits until its finalizers have let it go. Throws OBJECT_TERMINATING. */
export async function deleteAndWait(context: ApplyContext, { ref }: DesiredObject, seen: KubeObject): Promise<void> {
  const { client, signal } = context;
  const { uid, finalizers } = seen.metadata;
  let { resourceVersion } = seen.metadata;
  for (let attempt = 1; ; attempt++) {
    try {
      await client.delete(ref, { ...writeOptions(context), uid, resourceVersion, propagation: 'Background' });
      return await waitGone(client, [{ ...ref, uid, finalizers }], signal);
    } catch (error) {
      if (!(error instanceof KubeError) || !error.isConflict || attempt === MOST_ATTEMPTS) throw error;
      const now = await client.get(ref, { metadataOnly: true, signal, urgent: true });
      if (now?.metadata.uid !== uid) return;
      resourceVersion = now?.metadata.resourceVersion;
    }
  }
}
