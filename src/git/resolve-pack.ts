import { HawserError } from '../errors/hawser-error.ts';
import { applyDelta, readDeltaHeader } from './apply-delta.ts';
import { computeObjectId, type GitObject, type ObjectType } from './git-object.ts';
import type { GitLimits } from './limits.ts';
import type { PackEntry } from './scan-pack.ts';

type DeltaEntry = Extract<PackEntry, { kind: 'delta' }>;

interface Resolved {
  readonly object: GitObject;
  /** Undefined for an object from outside the pack. */
  readonly offset?: number;
}

/** Ids that deltas are based on; those that the pack does not hold itself must be in the store (a thin pack). */
export function basesByIdOf(entries: readonly PackEntry[]): string[] {
  const ids = new Set<string>();
  for (const entry of entries) if (entry.kind === 'delta' && typeof entry.base === 'string') ids.add(entry.base);
  return [...ids];
}

/**
 * Turns a pack's entries into objects, each delta exactly once: what waits for a base is found by that base's
 * offset or id, so the order of the entries does not matter and a circle of deltas is never entered.
 */
export function resolvePack(
  entries: readonly PackEntry[],
  external: readonly GitObject[],
  limits: GitLimits,
): GitObject[] {
  const waiting = groupByBase(entries);
  const objects: GitObject[] = [];
  let bytes = entries.reduce((sum, entry) => sum + entry.data.length, 0);
  const take = (type: ObjectType, data: Buffer, offset: number): Resolved => {
    const object = { id: computeObjectId(type, data), type, data };
    objects.push(object);
    return { object, offset };
  };

  const ready: Resolved[] = external.map((object) => ({ object }));
  for (const entry of entries) if (entry.kind === 'object') ready.push(take(entry.type, entry.data, entry.offset));
  for (let base = ready.pop(); base; base = ready.pop()) {
    for (const delta of claim(waiting, base)) {
      bytes += checkedSize(delta, base.object, limits);
      if (bytes > limits.packBytes) throw tooLarge(`pack resolves to more than ${limits.packBytes} bytes`);
      ready.push(take(base.object.type, applyDelta(base.object.data, delta.data), delta.offset));
    }
  }
  if (waiting.size > 0) {
    throw new HawserError('GIT_OBJECT_MISSING', `pack holds deltas for ${waiting.size} objects that are not there`);
  }
  return objects;
}

function groupByBase(entries: readonly PackEntry[]): Map<number | string, DeltaEntry[]> {
  const waiting = new Map<number | string, DeltaEntry[]>();
  for (const entry of entries) {
    if (entry.kind !== 'delta') continue;
    const group = waiting.get(entry.base);
    if (group) group.push(entry);
    else waiting.set(entry.base, [entry]);
  }
  return waiting;
}

function claim(waiting: Map<number | string, DeltaEntry[]>, { object, offset }: Resolved): DeltaEntry[] {
  const byOffset = offset === undefined ? [] : (waiting.get(offset) ?? []);
  const byId = waiting.get(object.id) ?? [];
  if (offset !== undefined) waiting.delete(offset);
  waiting.delete(object.id);
  return [...byOffset, ...byId];
}

function checkedSize(delta: DeltaEntry, base: GitObject, limits: GitLimits): number {
  const { baseBytes, resultBytes } = readDeltaHeader(delta.data);
  if (baseBytes !== base.data.length) throw malformed('delta for a base of another size');
  if (resultBytes > limits.objectBytes) {
    throw tooLarge(`object of ${resultBytes} bytes, at most ${limits.objectBytes} are read`);
  }
  return resultBytes;
}

function malformed(cause: string): HawserError {
  return new HawserError('GIT_RESPONSE_INVALID', `malformed pack: ${cause}`);
}

function tooLarge(cause: string): HawserError {
  return new HawserError('GIT_LIMIT_EXCEEDED', cause);
}
