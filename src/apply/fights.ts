import { identityOf, type ObjectRef } from '../model/kube-object.ts';
import { formatKey, type ObjectKey } from '../model/object-key.ts';
import { type Correction, describeCorrection } from './correction.ts';

/** An object that somebody else changes again and again. */
export interface Fight {
  readonly ref: ObjectRef;
  /** `spec.replicas was changed by other-controller`. */
  readonly what: string;
}

export interface Fights {
  /** Notes that an object must be put back; answers in how many milliseconds that may be done. */
  delayOf(owner: ObjectKey, ref: ObjectRef): number;
  /** Takes what a correction has found out. */
  explain(correction: Correction): void;
  /** The fights over an owner's objects that are going on. */
  of(owner: ObjectKey): readonly Fight[];
}

const WINDOW_MS = 60_000;
const PAUSE_MS = 10_000;
/** More corrections of one object than this in a minute are a fight: it is slowed down to one in ten seconds. */
const MOST_CORRECTIONS = 5;

interface Contested {
  readonly owner: string;
  readonly ref: ObjectRef;
  readonly corrections: readonly number[];
  what: string;
}

/** Counts corrections per object. */
export function createFights(now: () => number = Date.now): Fights {
  const contested = new Map<string, Contested>();
  const recent = ({ corrections }: Contested) => corrections.filter((at) => now() - at < WINDOW_MS);
  const isFight = (object: Contested) => recent(object).length > MOST_CORRECTIONS;
  return {
    delayOf(owner, ref) {
      const identity = identityOf(ref);
      const before = contested.get(identity);
      const isSlowed = before !== undefined && isFight(before);
      const corrections = [...(before ? recent(before) : []), now()].slice(-MOST_CORRECTIONS - 1);
      contested.set(identity, {
        owner: formatKey(owner),
        ref,
        corrections,
        what: before?.what ?? 'the object was changed',
      });
      return isSlowed ? PAUSE_MS : 0;
    },
    explain(correction) {
      const object = contested.get(identityOf(correction.ref));
      if (object) object.what = describeCorrection(correction);
    },
    of(owner) {
      for (const [identity, object] of contested) if (recent(object).length === 0) contested.delete(identity);
      return [...contested.values()]
        .filter((object) => object.owner === formatKey(owner) && isFight(object))
        .map(({ ref, what }) => ({ ref, what }));
    },
  };
}
