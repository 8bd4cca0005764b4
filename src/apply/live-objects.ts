/**
 * What this process knows of the objects that Kustomizations have put into the cluster: the record of our own last
 * write of each, and the newest state that a watch has shown. A cache: a miss costs one apply that changes nothing.
 * Writing to the cluster is apply's other files' task; deciding what an event means is detect-drift's.
 */

import { computeHealth, type Health } from '../health/compute-health.ts';
import { identityOf, type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { ObjectKey } from '../model/object-key.ts';
import { type Correction, type Drift, toCorrection } from './correction.ts';
import { createFights, type Fights } from './fights.ts';
import { type Ownership, ownerOf, summarizeOwnership } from './ownership.ts';
import { type Sighting, toSighting } from './switches.ts';

/** The record of 6.3: what the API server answered to our last write, and what that write held. */
export interface ObjectRecord extends Ownership {
  /** Digest of the payload that we sent. */
  readonly sentHash: string;
  readonly owner: ObjectKey | undefined;
  /** Set while the object must be applied again although its desired state is unchanged. */
  readonly drift?: Drift | undefined;
}

/** The newest state that a response or a watch event has shown. */
export interface LiveState extends Ownership {
  readonly health: Health;
  /** What its metadata says about writing it. */
  readonly sighting: Sighting;
  /** The object itself, where its health is judged by an expression. */
  readonly object?: KubeObject;
}

export interface LiveObjects {
  record(ref: ObjectRef): ObjectRecord | undefined;
  live(ref: ObjectRef): LiveState | undefined;
  /** Takes the answer to a write of ours: it is the new record and the newest state. */
  recordWrite(object: KubeObject, sentHash: string): ObjectRecord;
  /** Takes what a watch shows; an older state than the known one is ignored. */
  observe(object: KubeObject, ownership: Ownership): void;
  observeDeletion(ref: ObjectRef): void;
  /** Marks an object for one more apply; the record stays, so that the next response can be compared with it. */
  markDrift(ref: ObjectRef, drift: Drift): void;
  /** What the last write of an object has put back; answered once. */
  takeCorrection(ref: ObjectRef): Correction | undefined;
  readonly fights: Fights;
  /** Notes that a write of this object is under way: until it is answered, an event may well be its own echo. */
  trackWrite<T>(ref: ObjectRef, write: Promise<T>): Promise<T>;
  /** Resolves when no write of this object is under way; undefined if none is. */
  settled(ref: ObjectRef): Promise<void> | undefined;
  /** The objects of a kind that have a record. */
  recordedOf(kind: { readonly group: string; readonly kind: string }): ObjectRef[];
  /** Forgets an object that is not ours any more, before it is deleted: its deletion is then no drift. */
  forget(ref: ObjectRef): void;
}

interface Known {
  readonly ref: ObjectRef;
  writing?: Promise<void> | undefined;
  record?: ObjectRecord;
  live?: LiveState;
  correction?: Correction;
}

interface LiveObjectsOptions {
  /** Whether an object's health is judged by an expression of its owner, for which it is kept whole. */
  readonly isJudgedByExpression?: (object: KubeObject) => boolean;
}

/** Creates the store for one cluster. */
export function createLiveObjects({ isJudgedByExpression = () => false }: LiveObjectsOptions = {}): LiveObjects {
  const known = new Map<string, Known>();
  const entryOf = (ref: ObjectRef): Known => {
    const identity = identityOf(ref);
    const entry = known.get(identity) ?? { ref };
    known.set(identity, entry);
    return entry;
  };
  const fights = createFights();
  const toState = (object: KubeObject, ownership: Ownership): LiveState => ({
    ...ownership,
    health: computeHealth(object),
    sighting: toSighting(object),
    ...(isJudgedByExpression(object) ? { object } : {}),
  });
  return {
    fights,
    record: (ref) => known.get(identityOf(ref))?.record,
    live: (ref) => known.get(identityOf(ref))?.live,
    recordWrite(object, sentHash) {
      const ownership = summarizeOwnership(object);
      const entry = entryOf(refOf(object));
      if (entry.record?.drift) entry.correction = toCorrection(entry.ref, entry.record.drift, object);
      entry.record = { ...ownership, sentHash, owner: ownerOf(object) };
      if (isNewer(ownership, entry.live)) entry.live = toState(object, ownership);
      return entry.record;
    },
    observe(object, ownership) {
      const entry = entryOf(refOf(object));
      if (isNewer(ownership, entry.live)) entry.live = toState(object, ownership);
    },
    observeDeletion(ref) {
      const entry = known.get(identityOf(ref));
      if (entry?.record) delete entry.live;
      else known.delete(identityOf(ref));
    },
    markDrift(ref, drift) {
      const entry = known.get(identityOf(ref));
      if (entry?.record) entry.record = { ...entry.record, drift };
    },
    takeCorrection(ref) {
      const entry = known.get(identityOf(ref));
      const correction = entry?.correction;
      delete entry?.correction;
      if (correction) fights.explain(correction);
      return correction;
    },
    async trackWrite(ref, write) {
      const entry = entryOf(ref);
      const ended = write.then(
        () => undefined,
        () => undefined,
      );
      entry.writing = ended;
      try {
        return await write;
      } finally {
        if (entry.writing === ended) entry.writing = undefined;
      }
    },
    settled: (ref) => known.get(identityOf(ref))?.writing,
    recordedOf: ({ group, kind }) =>
      [...known.values()]
        .filter(({ ref, record }) => record !== undefined && ref.group === group && ref.kind === kind)
        .map(({ ref }) => ref),
    forget: (ref) => void known.delete(identityOf(ref)),
  };
}

/** Resource versions are numbers that grow with every write to the same kind of object (KEP-5504). */
export function isNewer(state: Ownership, than: Ownership | undefined): boolean {
  if (!than) return true;
  if (!/^\d+$/.test(state.resourceVersion) || !/^\d+$/.test(than.resourceVersion)) {
    return state.resourceVersion !== than.resourceVersion;
  }
  return BigInt(state.resourceVersion) > BigInt(than.resourceVersion);
}
