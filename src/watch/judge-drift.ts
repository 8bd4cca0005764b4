import { type DriftVerdict, detectDrift } from '../apply/detect-drift.ts';
import { isNewer, type LiveObjects, type ObjectRecord } from '../apply/live-objects.ts';
import { type Ownership, ownerOf } from '../apply/ownership.ts';
import type { WatchEventType } from '../kube/kube-client.ts';
import { identityOf, type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { ObjectKey } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';

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
const FIGHT_WINDOW_MS = 60_000;
/** More corrections of one object than this in a minute are a fight: it is slowed down to one in ten seconds. */
const FIGHT_CORRECTIONS = 5;

/** Creates the judge of one cluster's objects. */
export function createDriftJudge(deps: JudgeDeps): DriftJudge {
  const suspects = new Map<string, number>();
  const corrections = new Map<string, number[]>();
  /** What was asked for already: further events about the same write of ours are the same drift. */
  const asked = new Map<string, { readonly resourceVersion: string; readonly kind: DriftVerdict['kind'] }>();

  const ask = (owner: ObjectKey, ref: ObjectRef, { reason, afterMs }: { reason: string; afterMs: number }) => {
    deps.live.markDrift(ref, reason);
    deps.onDrift(owner, ref, reason);
    const request =
      afterMs === 0
        ? deps.queues.requestSync({ key: owner, cause: 'drift' })
        : deps.queues.wake(owner, new Date(deps.now().getTime() + afterMs), 'drift');
    request.catch(deps.onError);
  };
  const correct = (owner: ObjectKey, ref: ObjectRef, reason: string) => {
    const now = deps.now().getTime();
    const recent = (corrections.get(identityOf(ref)) ?? []).filter((at) => now - at < FIGHT_WINDOW_MS);
    corrections.set(identityOf(ref), [...recent, now].slice(-FIGHT_CORRECTIONS - 1));
    ask(owner, ref, { reason, afterMs: recent.length > FIGHT_CORRECTIONS ? SUSPECT_PAUSE_MS : 0 });
  };
  const suspect = (owner: ObjectKey, ref: ObjectRef, reason: string) => {
    const now = deps.now().getTime();
    const nextAt = (suspects.get(identityOf(ref)) ?? 0) + SUSPECT_PAUSE_MS;
    suspects.set(identityOf(ref), Math.max(now, nextAt));
    ask(owner, ref, { reason, afterMs: Math.max(nextAt - now, 0) });
  };
  const isAsked = (ref: ObjectRef, { resourceVersion }: ObjectRecord, { kind }: DriftVerdict) => {
    const before = asked.get(identityOf(ref));
    return before?.resourceVersion === resourceVersion && (before.kind === 'drift' || kind === 'suspect');
  };
  const judgeNow = (type: WatchEventType, object: KubeObject, seen: Ownership) => {
    const ref = refOf(object);
    const record = deps.live.record(ref);
    const owner = ownerOf(object) ?? record?.owner;
    if (!record || !owner) return;
    const verdict = type === 'DELETED' ? judgeDeletion(record, seen) : detectDrift(record, seen);
    if (verdict.kind === 'none' || isAsked(ref, record, verdict)) return;
    asked.set(identityOf(ref), { resourceVersion: record.resourceVersion, kind: verdict.kind });
    const putRight = verdict.kind === 'drift' ? correct : suspect;
    putRight(owner, ref, verdict.reason);
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
      correct(owner, ref, 'the object was deleted while it was not watched');
    },
  };
}

/** A watch by label shows an object whose owner labels were removed as deleted. */
function judgeDeletion(record: ObjectRecord, seen: Ownership): DriftVerdict {
  return isNewer(seen, record)
    ? { kind: 'drift', reason: 'the object was deleted, or its owner labels were removed' }
    : { kind: 'none' };
}
