import { isNewer, type ObjectRecord } from './live-objects.ts';
import type { Ownership } from './ownership.ts';

/**
 * What a watch event means for an object that we applied: `drift` must be put right now; a `suspect` may hold a change
 * that metadata does not show, so one apply settles it; `none` is somebody else's business.
 */
export type DriftVerdict = { kind: 'none' } | { kind: 'suspect' | 'drift'; reason: string };

/** Compares an object's state with our record of it (DESIGN 6.3, Drift). Pure. */
export function detectDrift(record: ObjectRecord, seen: Ownership): DriftVerdict {
  if (!isNewer(seen, record)) return { kind: 'none' };
  if (seen.uid !== record.uid) return { kind: 'drift', reason: 'the object was deleted and created anew' };
  if (seen.entryHash === '') return { kind: 'drift', reason: 'the record of our fields was removed' };
  if (seen.entryHash !== record.entryHash) return { kind: 'drift', reason: 'a field that we own was changed' };
  if (seen.ownedMetadataHash !== record.ownedMetadataHash) {
    return { kind: 'drift', reason: 'a label or annotation that we own was changed' };
  }
  if (seen.hasAdoptableEntry && !record.hasAdoptableEntry) {
    return { kind: 'drift', reason: 'kubectl owns fields of the object' };
  }
  return isSuspect(record, seen)
    ? { kind: 'suspect', reason: 'the object changed without a trace of who did it' }
    : { kind: 'none' };
}

function isSuspect(record: ObjectRecord, seen: Ownership): boolean {
  if (record.generation !== undefined || seen.generation !== undefined) return seen.generation !== record.generation;
  return seen.subresourceHash === record.subresourceHash;
}
