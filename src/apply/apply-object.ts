import type { Disposition } from '../errors/codes.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { KubeClient, WriteOptions } from '../kube/kube-client.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { formatSubject, type KubeObject, refOf } from '../model/kube-object.ts';
import { adoptFields, entriesAtVersion } from './adopt.ts';
import { applyKnownFields, type KnownFieldsResult } from './apply-known-fields.ts';
import type { Change } from './change.ts';
import { type DesiredObject, readSwitch } from './desired.ts';
import { isNewer, type LiveObjects } from './live-objects.ts';
import { FIELD_MANAGER, summarizeOwnership } from './ownership.ts';
import { retryWhile } from './retry-while.ts';

export interface ApplyContext {
  readonly client: KubeClient;
  readonly live: LiveObjects;
  readonly signal: AbortSignal;
  /** Throws if this run must not write any more (its lease is lost). */
  readonly beforeWrite: (timeoutMs: number) => void;
  /** True once a CustomResourceDefinition was written: the API server then serves its kind a moment later. */
  readonly kindsAreNew: boolean;
}

/** Time limit of one write in milliseconds: well below the lease, so that a write never outlives its right. */
export const WRITE_TIMEOUT_MS = 8_000;
const NEW_KIND_PATIENCE_MS = 10_000;

/** Tries one object without writing it; throws APPLY_FAILED naming it. An object that cannot be tried has passed. */
export async function dryRunObject(context: ApplyContext, desired: DesiredObject): Promise<void> {
  try {
    await send(context, desired, true);
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof KubeError && error.isDryRunUnsupported) return;
    throw toApplyError(desired, 'dry-run', error);
  }
}

/** Writes one object and takes the answer as its new record; throws APPLY_FAILED naming it. */
export function applyObject(context: ApplyContext, desired: DesiredObject): Promise<Change> {
  return context.live.trackWrite(desired.ref, writeObject(context, desired));
}

async function writeObject(context: ApplyContext, desired: DesiredObject): Promise<Change> {
  const before = context.live.live(desired.ref);
  const startedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
  try {
    if (await isPresentAndOnlyWantedOnce(context, desired)) return { ref: desired.ref, action: 'skipped' };
    const written = await send(context, desired, false);
    const adopted = await adoptIfNeeded(context, desired, written);
    const record = context.live.recordWrite(adopted ?? written.object, desired.hash);
    const isChanged = before ? isNewer(record, before) : wasWrittenSince(record.entryTime, startedAt);
    const action = written.created ? 'created' : isChanged ? 'configured' : 'unchanged';
    return { ref: desired.ref, action, warnings: written.warnings };
  } catch (error) {
    context.signal.throwIfAborted();
    throw toApplyError(desired, 'apply', error);
  }
}

/** Without an earlier state to compare with, the time of our entry tells whether this write changed anything. */
function wasWrittenSince(entryTime: string | undefined, startedAt: Date): boolean {
  return entryTime === undefined || new Date(entryTime) >= startedAt;
}

async function isPresentAndOnlyWantedOnce(context: ApplyContext, desired: DesiredObject): Promise<boolean> {
  if (readSwitch(desired.object, 'ssa') !== 'ifnotpresent') return false;
  return (await context.client.get(desired.ref, { metadataOnly: true, signal: context.signal })) !== undefined;
}

async function send(context: ApplyContext, desired: DesiredObject, dryRun: boolean) {
  const options = {
    fieldManager: FIELD_MANAGER,
    dryRun,
    fieldValidation: 'Warn' as const,
    signal: context.signal,
    urgent: true,
    ...(dryRun ? {} : { timeoutMs: WRITE_TIMEOUT_MS, beforeWrite: context.beforeWrite }),
  };
  const attempt = () => applyKnownFields(context.client, desired.object, options);
  const patient = () =>
    context.kindsAreNew
      ? retryWhile(attempt, isNotServedYet, { forMs: NEW_KIND_PATIENCE_MS, signal: context.signal })
      : attempt();
  try {
    return await patient();
  } catch (error) {
    if (dryRun || !(error instanceof KubeError) || !error.isManagedByUnservedVersion) throw error;
    await rewriteVersions(context, desired.object);
    return await patient();
  }
}

function isNotServedYet(error: unknown): boolean {
  return (
    error instanceof KubeError &&
    (error.isNotFound || error.code === 'KUBE_KIND_NOT_SERVED' || error.isFieldNotDeclared)
  );
}

async function rewriteVersions(context: ApplyContext, object: KubeObject): Promise<void> {
  const { client } = context;
  const ref = refOf(object);
  const live = await client.get(ref, { signal: context.signal });
  if (!live) return;
  await client.jsonPatch(
    ref,
    [
      { op: 'replace', path: '/metadata/managedFields', value: entriesAtVersion(live, object.apiVersion) },
      { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
    ],
    writeOptions(context),
  );
}

async function adoptIfNeeded(
  context: ApplyContext,
  desired: DesiredObject,
  { object: live, sent }: KnownFieldsResult,
): Promise<KubeObject | undefined> {
  if (!summarizeOwnership(live).hasAdoptableEntry || readSwitch(desired.object, 'ssa') === 'merge') return undefined;
  try {
    await adoptFields(context.client, live, writeOptions(context));
  } catch (error) {
    if (!(error instanceof KubeError) || !error.isConflict) throw error;
    const fresh = (await context.client.apply(sent, applyOptions(context))).object;
    await adoptFields(context.client, fresh, writeOptions(context));
  }
  return (await context.client.apply(sent, applyOptions(context))).object;
}

function applyOptions(context: ApplyContext) {
  return { ...writeOptions(context), fieldManager: FIELD_MANAGER, fieldValidation: 'Warn' as const };
}

function writeOptions({ signal, beforeWrite }: ApplyContext): WriteOptions {
  return { signal, beforeWrite, urgent: true, timeoutMs: WRITE_TIMEOUT_MS };
}

function toApplyError(desired: DesiredObject, step: 'dry-run' | 'apply', error: unknown): HawserError {
  if (error instanceof HawserError && error.code === 'SYNC_LEASE_LOST') return error;
  const reason = error instanceof KubeError ? error.kubeReason : '';
  const subject = `${formatSubject(desired.ref)} ${step} failed`;
  const text = `${subject}${reason === '' ? '' : ` (${reason})`}: ${messageOf(error)}`;
  return new HawserError('APPLY_FAILED', text, { cause: error, disposition: dispositionOf(error) });
}

function dispositionOf(error: unknown): Disposition {
  return error instanceof HawserError ? error.disposition : 'retry';
}
