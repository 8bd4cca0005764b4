import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { OWNER_PREFIX } from '../manifest/owner-labels.ts';
import { formatSubject, type KubeObject, type ObjectRef } from '../model/kube-object.ts';
import { type ApplyContext, WRITE_TIMEOUT_MS } from './apply-object.ts';
import type { Change } from './change.ts';
import { isLeftAlone } from './desired.ts';
import { hasSwitch } from './switches.ts';

export interface PruneResult {
  readonly changes: readonly Change[];
  /** Objects that should be gone and are not: they stay in the inventory, so that the next sync tries again. */
  readonly survivors: readonly ObjectRef[];
  readonly failures: readonly unknown[];
}

type PruneContext = Pick<ApplyContext, 'client' | 'live' | 'signal' | 'beforeWrite'>;

interface Owner {
  readonly name: string;
  readonly namespace: string;
}

/** Deletes, one after the other, the objects that left the set and are still ours. */
export async function prune(context: PruneContext, owner: Owner, objects: readonly ObjectRef[]): Promise<PruneResult> {
  const changes: Change[] = [];
  const survivors: ObjectRef[] = [];
  const failures: unknown[] = [];
  for (const ref of objects) {
    try {
      changes.push({ ref, action: await pruneObject(context, owner, ref) });
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof HawserError && error.code === 'SYNC_LEASE_LOST') throw error;
      survivors.push(ref);
      failures.push(toPruneError(ref, error));
    }
  }
  return { changes, survivors, failures };
}

const MOST_ATTEMPTS = 3;

/** What was checked is what is deleted: uid and resourceVersion are preconditions, and a conflict is decided anew. */
async function pruneObject(context: PruneContext, owner: Owner, ref: ObjectRef): Promise<'deleted' | 'skipped'> {
  for (let attempt = 1; attempt < MOST_ATTEMPTS; attempt++) {
    try {
      return await deleteIfOurs(context, owner, ref);
    } catch (error) {
      if (!(error instanceof KubeError) || !error.isConflict) throw error;
    }
  }
  return await deleteIfOurs(context, owner, ref);
}

async function deleteIfOurs(context: PruneContext, owner: Owner, ref: ObjectRef): Promise<'deleted' | 'skipped'> {
  const { client, live, signal, beforeWrite } = context;
  const found = await readLive(context, ref);
  live.forget(ref);
  if (!found || !mayPrune(found, owner)) return 'skipped';
  if (found.metadata.deletionTimestamp) return 'deleted';
  const { uid, resourceVersion } = found.metadata;
  const options = { propagation: 'Background' as const, signal, beforeWrite, timeoutMs: WRITE_TIMEOUT_MS };
  await client.delete(ref, { ...options, uid, resourceVersion });
  return 'deleted';
}

/** An object whose kind is not served any more is gone with its definition. */
async function readLive(context: PruneContext, ref: ObjectRef): Promise<KubeObject | undefined> {
  try {
    return await context.client.get(ref, { metadataOnly: true, signal: context.signal });
  } catch (error) {
    if (error instanceof KubeError && error.code === 'KUBE_KIND_NOT_SERVED') return undefined;
    throw error;
  }
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
