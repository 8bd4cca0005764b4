import { OWNER_PREFIX } from '../manifest/owner-labels.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { throwIfStopped, toApplyError } from './apply-error.ts';
import type { KnownFieldsResult } from './apply-known-fields.ts';
import { type ApplyContext, adoptIfNeeded, sendObject } from './apply-object.ts';
import type { Change } from './change.ts';
import { type DesiredObject, isNotWritten } from './desired.ts';
import { isNewer } from './live-objects.ts';
import { ownerOf } from './ownership.ts';
import { readPayload } from './payload.ts';
import { deleteAndWait, findRecreatable } from './recreate-object.ts';
import type { Sighting } from './switches.ts';
import { lookAt, type Trial } from './try-object.ts';

const RECREATED = 'it was deleted and created anew, because a field was changed that cannot be changed';

/** Writes one object and takes the answer as its new record; throws APPLY_FAILED naming it. */
export function writeObject(context: ApplyContext, desired: DesiredObject, trial?: Trial): Promise<Change> {
  return context.live.trackWrite(desired.ref, tryToWrite(context, desired, trial));
}

async function tryToWrite(context: ApplyContext, desired: DesiredObject, trial?: Trial): Promise<Change> {
  try {
    const sighting = trial ? trial.sighting : (context.sightingOf?.(desired.ref) ?? (await lookAt(context, desired)));
    if (isNotWritten(desired, sighting)) return { ref: desired.ref, action: 'skipped' };
    const change = await write(context, desired, sighting);
    return { ...change, notes: [...(trial?.notes ?? []), ...(change.notes ?? [])] };
  } catch (error) {
    throwIfStopped(context.signal, error);
    throw toApplyError(desired.ref, 'apply', error);
  }
}

async function write(context: ApplyContext, desired: DesiredObject, sighting: Sighting | undefined): Promise<Change> {
  const { ref } = desired;
  const before = context.live.live(ref);
  const startedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
  const { written, isRecreated } = await sendOrRecreate(context, desired);
  const adopted = await adoptIfNeeded(context, written);
  const record = context.live.recordWrite(adopted ?? written.object, desired.hash);
  const isChanged = before ? isNewer(record, before) : wasWrittenSince(record.entryTime, startedAt);
  const action = written.created ? 'created' : isChanged ? 'configured' : 'unchanged';
  const warnings = [...(desired.warnings ?? []), ...takeoverWarnings(desired.object, sighting), ...written.warnings];
  return { ref, action, warnings, notes: isRecreated ? [RECREATED] : [] };
}

/** Without an earlier state to compare with, the time of our entry tells whether this write changed anything. */
function wasWrittenSince(entryTime: string | undefined, startedAt: Date): boolean {
  return entryTime === undefined || new Date(entryTime) >= startedAt;
}

async function sendOrRecreate(
  context: ApplyContext,
  desired: DesiredObject,
): Promise<{ written: KnownFieldsResult; isRecreated: boolean }> {
  try {
    const written = await sendObject(context, await readPayload(context, desired), { dryRun: false });
    return { written, isRecreated: false };
  } catch (error) {
    const seen = await findRecreatable(context, desired, error);
    if (!seen) throw error;
    await deleteAndWait(context, desired, seen);
    return { written: await sendObject(context, desired.object, { dryRun: false }), isRecreated: true };
  }
}

/** Two Kustomizations that hold the same object take it from each other for ever, unless somebody notices. */
function takeoverWarnings(object: KubeObject, sighting: Sighting | undefined): string[] {
  const owner = ownerOf(object);
  const other = sighting?.owner;
  if (!other || (other.namespace === owner?.namespace && other.name === owner.name)) return [];
  const labels = `${OWNER_PREFIX}/name and ${OWNER_PREFIX}/namespace`;
  return [
    `it was taken over from Kustomization/${other.namespace}/${other.name}, which its labels ${labels} named: remove it from one of the two`,
  ];
}
