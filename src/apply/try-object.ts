import { KubeError } from '../kube/to-kube-error.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { throwIfStopped, toApplyError } from './apply-error.ts';
import { type ApplyContext, mayBeOtherVersion, namesOtherVersion, sendObject } from './apply-object.ts';
import { type DesiredObject, isNotWritten } from './desired.ts';
import { readPayload } from './payload.ts';
import { isRecreatable } from './recreate-object.ts';
import { type Sighting, toSighting } from './switches.ts';

/** What trying an object without writing it has shown. */
export interface Trial {
  /** Undefined if the object does not exist. */
  readonly sighting: Sighting | undefined;
  /** Why this trial says less than others. */
  readonly notes: readonly string[];
}

const NO_DRY_RUN = 'it could not be tried before it was written, because a webhook does not support dry-runs';
const OTHER_VERSION =
  'it could not be tried before it was written, because its managedFields named another version; they were rewritten';

/**
 * Tries one object without writing it; throws APPLY_FAILED naming it. What cannot be tried has passed, and so has what
 * will be created anew, or what is not to be written at all.
 */
export async function tryObject(context: ApplyContext, desired: DesiredObject): Promise<Trial> {
  const known = context.sightingOf?.(desired.ref);
  if (isNotWritten(desired, known)) return { sighting: known, notes: [] };
  try {
    const { object, created } = await sendObject(context, await readPayload(context, desired), { dryRun: true });
    if (created) return { sighting: undefined, notes: [] };
    // The answer is newer than what is known, but names us as the owner.
    const { isLeftAlone } = toSighting(object);
    const before = known ?? (await lookAt(context, desired));
    return { sighting: { isLeftAlone, owner: before?.owner }, notes: [] };
  } catch (error) {
    throwIfStopped(context.signal, error);
    return await excuse(context, desired, error);
  }
}

/** Reads what the cluster says about an object; undefined if it does not exist, or its kind does not yet. */
export async function lookAt(context: ApplyContext, desired: DesiredObject): Promise<Sighting | undefined> {
  const live = await readMetadata(context, desired);
  return live && toSighting(live);
}

async function readMetadata({ client, signal }: ApplyContext, { ref }: DesiredObject): Promise<KubeObject | undefined> {
  try {
    return await client.get(ref, { metadataOnly: true, signal, urgent: true });
  } catch (error) {
    if (error instanceof KubeError && error.code === 'KUBE_KIND_NOT_SERVED') return undefined;
    throw error;
  }
}

async function excuse(context: ApplyContext, desired: DesiredObject, error: unknown): Promise<Trial> {
  // What cannot even be read is no excuse: the first failure says why.
  const live = await readMetadata(context, desired).catch(() => undefined);
  const sighting = live && toSighting(live);
  if (isNotWritten(desired, sighting)) return { sighting, notes: [] };
  if (error instanceof KubeError && error.isDryRunUnsupported) return { sighting, notes: [NO_DRY_RUN] };
  if (live && mayBeOtherVersion(error) && namesOtherVersion(live, desired.object.apiVersion)) {
    return { sighting, notes: [OTHER_VERSION] };
  }
  if (live && isRecreatable(context, { desired, live, error })) return { sighting, notes: [] };
  throw toApplyError(desired.ref, 'dry-run', error);
}
