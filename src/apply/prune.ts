import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { OWNER_PREFIX } from '../manifest/owner-labels.ts';
import { formatSubject, type KubeObject, type ObjectRef } from '../model/kube-object.ts';
import { type ApplyContext, WRITE_TIMEOUT_MS } from './apply-object.ts';
import type { Change } from './change.ts';
import {
  findNamespaceHold,
  isAppliedByOtherGroup,
  isDefinition,
  type Neighbours,
  requireUnused,
} from './deletion-guards.ts';
import { isLeftAlone } from './desired.ts';
import type { LiveObjects } from './live-objects.ts';
import { hasSwitch } from './switches.ts';

export interface PruneResult {
  readonly changes: readonly Change[];
  /** Objects that should be gone and are not: they stay in the inventory, so that the next sync tries again. */
  readonly survivors: readonly ObjectRef[];
  readonly failures: readonly unknown[];
}

export interface PruneContext extends Pick<ApplyContext, 'client' | 'live' | 'signal' | 'beforeWrite'> {
  /** The objects of the set as it is now: a namespace that holds one of them is not deleted. */
  readonly staying?: readonly ObjectRef[];
}

interface Owner {
  readonly name: string;
  readonly namespace: string;
}

/** Deletes, one after the other, the objects that left the set and are still ours. */
export async function prune(context: PruneContext, owner: Owner, objects: readonly ObjectRef[]): Promise<PruneResult> {
  const tally: Tally = { staying: context.staying ?? [], changes: [], survivors: [], kept: [], failures: [] };
  for (const ref of objects) {
    const hold = findNamespaceHold(ref, tally);
    if (!hold) {
      await pruneNext(context, owner, { ref, tally });
      continue;
    }
    forgetOurs(context.live, ref, owner);
    if (hold.isPassing) tally.survivors.push(ref);
    tally.changes.push({ ref, action: 'skipped', warnings: [hold.why] });
  }
  const { changes, survivors, failures } = tally;
  return { changes, survivors, failures };
}

interface Tally extends Neighbours {
  readonly changes: Change[];
  readonly survivors: ObjectRef[];
  readonly kept: ObjectRef[];
  readonly failures: unknown[];
}

async function pruneNext(
  context: PruneContext,
  owner: Owner,
  { ref, tally }: { readonly ref: ObjectRef; readonly tally: Tally },
): Promise<void> {
  try {
    const { isKept, ...change } = await pruneObject(context, owner, ref);
    if (isKept) tally.kept.push(ref);
    tally.changes.push({ ref, ...change });
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof HawserError && error.code === 'SYNC_LEASE_LOST') throw error;
    tally.survivors.push(ref);
    tally.failures.push(toPruneError(ref, error));
  }
}

interface Pruned {
  readonly action: 'deleted' | 'skipped';
  /** It is there, and will be. */
  readonly isKept: boolean;
  readonly notes?: readonly string[];
}

const GONE: Pruned = { action: 'skipped', isKept: false };
const KEPT: Pruned = { action: 'skipped', isKept: true };

/** Of an object whose status changes all the time: a rollout, a controller at work. */
const MOST_ATTEMPTS = 10;

/** What was checked is what is deleted: uid and resourceVersion are preconditions, and a conflict is decided anew. */
async function pruneObject(context: PruneContext, owner: Owner, ref: ObjectRef): Promise<Pruned> {
  for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
    try {
      return await deleteIfOurs(context, owner, ref);
    } catch (error) {
      if (!(error instanceof KubeError) || !error.isConflict) throw error;
    }
  }
  return await deleteIfOurs(context, owner, ref);
}

async function deleteIfOurs(context: PruneContext, owner: Owner, named: ObjectRef): Promise<Pruned> {
  const { client, live, signal, beforeWrite } = context;
  const { ref, object } = await readServed(client, named, signal);
  forgetOurs(live, ref, owner);
  if (!object) return GONE;
  if (!mayPrune(object, owner) || isAppliedByOtherGroup(object, ref)) return KEPT;
  if (object.metadata.deletionTimestamp) return GONE;
  if (isDefinition(ref)) await requireUnused(context, ref, object);
  const { uid, resourceVersion } = object.metadata;
  const options = { propagation: 'Background' as const, signal, beforeWrite, timeoutMs: WRITE_TIMEOUT_MS };
  await client.delete(ref, { ...options, uid, resourceVersion });
  return { action: 'deleted', isKept: false, notes: describeFinalizers(object) };
}

/** Forgets an object that is not ours any more; what another Kustomization has applied meanwhile is that one's to know. */
export function forgetOurs(live: LiveObjects, ref: ObjectRef, owner: Owner): void {
  const recorded = live.record(ref)?.owner;
  if (recorded && (recorded.name !== owner.name || recorded.namespace !== owner.namespace)) return;
  live.forget(ref);
}

function describeFinalizers({ metadata }: KubeObject): string[] {
  const finalizers = metadata.finalizers ?? [];
  return finalizers.length === 0
    ? []
    : [`is being deleted, and is gone once its finalizers are: ${finalizers.join(', ')}`];
}

/**
 * Reads an object's metadata by the version that it was applied in, or the one that is served instead. An object whose
 * kind is not served any more is gone with its definition.
 */
export async function readServed(
  client: Pick<KubeClient, 'get' | 'discovery'>,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<{ readonly ref: ObjectRef; readonly object: KubeObject | undefined }> {
  try {
    return { ref, object: await client.get(ref, { metadataOnly: true, signal }) };
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'KUBE_KIND_NOT_SERVED') throw error;
  }
  const served = await client.discovery.resolve({ group: ref.group, kind: ref.kind });
  if (!served || served.version === ref.version) return { ref, object: undefined };
  const other = { ...ref, version: served.version };
  return { ref: other, object: await client.get(other, { metadataOnly: true, signal }) };
}

/** Only what carries our owner labels, and is not kept on purpose, may be deleted. Pure. */
export function mayPrune(live: KubeObject, owner: Owner): boolean {
  const labels = live.metadata.labels ?? {};
  const isOurs =
    labels[`${OWNER_PREFIX}/name`] === owner.name && labels[`${OWNER_PREFIX}/namespace`] === owner.namespace;
  return isOurs && !hasSwitch(live, 'prune', 'disabled') && !isLeftAlone(live);
}

function toPruneError(ref: ObjectRef, error: unknown): HawserError {
  const disposition = error instanceof HawserError ? error.disposition : 'retry';
  const text = `${formatSubject(ref)} delete failed: ${messageOf(error)}`;
  return new HawserError('PRUNE_FAILED', text, { cause: error, disposition });
}
