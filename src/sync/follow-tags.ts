/** Which of a repository's tags a range of versions follows, and what that says about their order. Pure. */
import type { RemoteRef } from '../git/create-git-client.ts';
import { type FollowedReference, TAGS } from '../model/followed-reference.ts';
import type { Revision } from '../model/revision.ts';
import { compareVersions, parseTagVersion, type Version } from '../model/semver.ts';
import type { SemverRange } from '../model/semver-range.ts';
import { PATIENCE_MS } from './decide-tip.ts';

/** The version that a tag's full name stands for, if it is within the range. */
export function versionWithin(range: SemverRange, ref: string): Version | undefined {
  const version = ref.startsWith(TAGS) ? parseTagVersion(ref.slice(TAGS.length)) : undefined;
  return version && range.includes(version) ? version : undefined;
}

/** The tags of the highest version within the range: several where they differ by build metadata or `v` alone. */
export function findHighest(refs: readonly RemoteRef[], range: SemverRange): RemoteRef[] {
  let highest: Version | undefined;
  let found: RemoteRef[] = [];
  for (const ref of refs) {
    const version = versionWithin(range, ref.name);
    if (!version) continue;
    const order = highest ? compareVersions(version, highest) : 1;
    if (order > 0) found = [];
    if (order >= 0) found.push(ref);
    if (order > 0) highest = version;
  }
  return found;
}

/** Compares the versions of two tags; 0 where one is none. */
function compareTags(a: string, b: string): number {
  const [left, right] = [parseTagVersion(a), parseTagVersion(b)];
  return left && right ? compareVersions(left, right) : 0;
}

/** What keeps a source from following an answer at once. */
interface Doubts {
  readonly movedAt: number | undefined;
  readonly left: ReadonlyMap<string, number>;
}

/**
 * What must not be followed without a reason. Versions tell the order themselves: a higher one is news whatever commit it
 * names, and a lower one may be the answer of a replica that lacks the highest. Pure.
 */
export function doubtsOf(
  followed: FollowedReference,
  { tip, current, movedAt, left, now }: Doubts & { tip: Revision; current: Revision | undefined; now: number },
): Doubts {
  const order = followed.kind === 'semver' && current ? compareTags(tip.ref, current.ref) : 0;
  if (order > 0) return { movedAt: undefined, left: new Map() };
  if (order === 0) return { movedAt, left };
  return { movedAt, left: new Map(left).set(tip.sha, left.get(tip.sha) ?? now - PATIENCE_MS) };
}
