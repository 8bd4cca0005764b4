import type { Drift } from '../apply/correction.ts';
import { type DriftVerdict, detectDrift } from '../apply/detect-drift.ts';
import { isNewer, type LiveObjects, type ObjectRecord } from '../apply/live-objects.ts';
import { type Ownership, ownerOf } from '../apply/ownership.ts';
import { isSpent } from '../apply/spent-job.ts';
import { toSighting } from '../apply/switches.ts';
import type { WatchEventType } from '../kube/kube-client.ts';
import { identityOf, type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { ObjectKey } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';
import { insist } from './insist.ts';

interface JudgeDeps {
  readonly live: LiveObjects;
  readonly queues: Pick<Queues, 'requestSync' | 'wake'>;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  readonly onDrift: (owner: ObjectKey, ref: ObjectRef, reason: string) => void;
}

export interface DriftJudge {
  /** Judges what a watch shows of an object, once no write of ours is under way. */
  judge(type: WatchEventType, object: KubeObject, seen: Ownership): void;
  /** A snapshot does not hold an object that we recorded. */
  judgeMissing(ref: ObjectRef): void;
}

const SUSPECT_PAUSE_MS = 10_000;

/** Creates the judge of one cluster's objects. */
export function createDriftJudge(deps: JudgeDeps): DriftJudge {
  const suspects = new Map<string, number>();
  /** What was asked for already: further events about the same write of ours are the same drift. */
  const asked = new Map<string, { readonly resourceVersion: string; readonly kind: DriftVerdict['kind'] }>();

  const ask = (owner: ObjectKey, ref: ObjectRef, { drift, afterMs }: { drift: Drift; afterMs: number }) => {
    deps.live.markDrift(ref, drift);
    deps.onDrift(owner, ref, drift.reason);
    const at = new Date(deps.now().getTime() + afterMs);
    const request = () =>
      afterMs === 0 ? deps.queues.requestSync({ key: owner, cause: 'drift' }) : deps.queues.wake(owner, at, 'drift');
    void insist(request, deps.onError);
  };
  const correct = (owner: ObjectKey, ref: ObjectRef, drift: Drift) =>
    ask(owner, ref, { drift, afterMs: deps.live.fights.delayOf(owner, ref) });
  const suspect = (owner: ObjectKey, ref: ObjectRef, drift: Drift) => {
    const now = deps.now().getTime();
    const nextAt = (suspects.get(identityOf(ref)) ?? 0) + SUSPECT_PAUSE_MS;
    suspects.set(identityOf(ref), Math.max(now, nextAt));
    ask(owner, ref, { drift, afterMs: Math.max(nextAt - now, 0) });
  };
  const isAsked = (ref: ObjectRef, { resourceVersion }: ObjectRecord, { kind }: DriftVerdict) => {
    const before = asked.get(identityOf(ref));
    return before?.resourceVersion === resourceVersion && (before.kind === 'drift' || kind === 'suspect');
  };
  const judgeNow = (type: WatchEventType, object: KubeObject, seen: Ownership) => {
    const ref = refOf(object);
    const record = deps.live.record(ref);
    // Labels can be rewritten by hand: who applied it last answers for it.
    const owner = record?.owner ?? ownerOf(object);
    if (!record || !owner || isLeftToItself(type, object)) return;
    const verdict = type === 'DELETED' ? judgeDeletion(object, record, seen) : detectDrift(record, seen);
    if (verdict.kind === 'none' || isAsked(ref, record, verdict)) return;
    asked.set(identityOf(ref), { resourceVersion: record.resourceVersion, kind: verdict.kind });
    const putRight = verdict.kind === 'drift' ? correct : suspect;
    putRight(owner, ref, { reason: verdict.reason, managedFields: seenOwners(type, object) });
  };
  return {
    judge(type, object, seen) {
      const settled = deps.live.settled(refOf(object));
      if (!settled) return judgeNow(type, object, seen);
      settled.then(() => judgeNow(type, object, seen)).catch(deps.onError);
    },
    judgeMissing(ref) {
      const owner = deps.live.record(ref)?.owner;
      if (!owner) return;
      deps.live.observeDeletion(ref);
      correct(owner, ref, { reason: 'the object was deleted while it was not watched' });
    },
  };
}

/**
 * Nothing can be put right on an object that is being deleted; it is missed once it is gone. And nothing shall be on one
 * that somebody has marked in the cluster to be left alone.
 */
function isLeftToItself(type: WatchEventType, object: KubeObject): boolean {
  if (type === 'DELETED') return false;
  return object.metadata.deletionTimestamp !== undefined || toSighting(object).isLeftAlone;
}

/** What is gone, or hidden, tells nothing of who changed which field. */
function seenOwners(type: WatchEventType, { metadata }: KubeObject): Drift['managedFields'] {
  return type === 'DELETED' ? undefined : metadata.managedFields;
}

/** A watch by label shows an object whose owner labels were removed as deleted. */
function judgeDeletion(object: KubeObject, record: ObjectRecord, seen: Ownership): DriftVerdict {
  return isNewer(seen, record) && !isSpent(object)
    ? { kind: 'drift', reason: 'the object was deleted, or its owner labels were removed' }
    : { kind: 'none' };
}
