import { type FollowedReference, TAGS, toFollowedReference } from '../model/followed-reference.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Hint } from '../model/push.ts';
import { parseRevision, type Revision } from '../model/revision.ts';
import { parseSemverRange } from '../model/semver-range.ts';
import { PATIENCE_MS } from './decide-tip.ts';
import { versionWithin } from './follow-tags.ts';
import type { Tip } from './tip.ts';

/** What this process knows of a source beyond its status. A cache: after a restart `status.artifact` is enough. */
export interface SourceMemory {
  /** The tip that was moved to, until `status.artifact` says so. */
  unpublished: Revision | undefined;
  /** Commits that the ref left, with the time. */
  readonly left: Map<string, number>;
  /** The last answer of the remote, and since when it has been the same. */
  named: { readonly sha: string; readonly since: number } | undefined;
  /** Tag objects that were followed, and the commits behind them: hooks speak of the objects. */
  readonly peeled: Map<string, string>;
  /** The tip that the remote named last: its tag object is nowhere else. */
  tip?: Tip;
  /** What `left` and `named` are about. */
  follows?: string;
  /** The revision that this process has asked the Kustomizations to deploy: its artifact is no news to them. */
  announced?: string;
  /** A move that was made without a hook of it, until that is compared with what hooks tell. */
  polled?: { readonly object: string; readonly sha: string; readonly pushId: string } | undefined;
  /** Syncs that failed in a row. */
  failures: number;
}

export type SourceMemories = Map<string, SourceMemory>;

export function uidOf(source: GitRepository): string {
  return source.metadata.uid ?? '';
}

export function memoryOf(memories: SourceMemories, uid: string): SourceMemory {
  const known = memories.get(uid);
  if (known) return known;
  const memory: SourceMemory = {
    unpublished: undefined,
    left: new Map(),
    named: undefined,
    peeled: new Map(),
    failures: 0,
  };
  memories.set(uid, memory);
  return memory;
}

/** Begins anew when the source follows something else: what another ref named says nothing about this one. */
export function startFollowing(memory: SourceMemory, followed: FollowedReference): void {
  const follows = JSON.stringify(followed);
  if (memory.follows !== undefined && memory.follows !== follows) {
    memory.left.clear();
    memory.named = undefined;
  }
  memory.follows = follows;
}

const MOST_TAG_OBJECTS = 100;

/** Notes a tip, and the tag object before it: a hook may name that as what its ref has left. */
export function noteTip(memory: SourceMemory, tip: Tip): void {
  memory.tip = tip;
  const { object, sha } = tip;
  const { peeled } = memory;
  if (object === sha) return;
  peeled.delete(object);
  peeled.set(object, sha);
  const [oldest] = peeled.keys();
  if (peeled.size > MOST_TAG_OBJECTS && oldest !== undefined) peeled.delete(oldest);
}

/** Notes an answer of the remote; tells since when it has been the same. */
export function noteAnswer(memory: SourceMemory, sha: string, now: number): number {
  if (memory.named?.sha !== sha) memory.named = { sha, since: now };
  return memory.named.since;
}

/** Notes commits that the ref has left, and forgets those left long ago. */
export function noteLeft(memory: SourceMemory, shas: readonly string[], now: number): void {
  for (const [sha, at] of memory.left) if (now - at > PATIENCE_MS) memory.left.delete(sha);
  for (const sha of shas) memory.left.set(sha, now);
}

/**
 * The commits that hooks name as before the tip, or before one that the ref has left: whatever order the hooks came in,
 * the ref has been there already. A redelivery explains nothing. Pure.
 */
export function listPassed(tip: string, hints: readonly Hint[], left: ReadonlyMap<string, number>): string[] {
  const passed = new Set<string>();
  const isPast = (sha: string) => sha === tip || left.has(sha) || passed.has(sha);
  for (let known = -1; known !== passed.size; ) {
    known = passed.size;
    for (const { firstSeen, before, after } of hints) {
      if (firstSeen && before !== tip && isPast(after)) passed.add(before);
    }
  }
  return [...passed];
}

/** Moves to a new tip: the one before, and what the processed hooks named as `before`, are left. */
export function moveTo(
  memory: SourceMemory,
  { ref, sha }: Revision,
  { before, hints, now }: { before: string | undefined; hints: readonly Hint[]; now: number },
): void {
  noteLeft(memory, [...hints.map((hint) => hint.before), ...(before === undefined ? [] : [before])], now);
  memory.left.delete(sha);
  memory.unpublished = { ref, sha };
}

/**
 * What was deployed of this source last, as this process knows it: what it has moved to itself, else what the status
 * says, whoever wrote that. It stays so until the source has found what it follows now.
 */
export function deployedOf(memory: SourceMemory, source: GitRepository): Revision | undefined {
  return memory.unpublished ?? parseRevision(source.status?.artifact?.revision);
}

/** The tip that this source has come to; undefined before the first, and after it was told to follow something else. */
export function currentOf(memory: SourceMemory, source: GitRepository): Revision | undefined {
  const deployed = deployedOf(memory, source);
  return deployed && belongsTo(toFollowedReference(source.spec.ref), deployed) ? deployed : undefined;
}

function belongsTo(followed: FollowedReference, { ref, sha }: Revision): boolean {
  if (followed.kind === 'commit') return followed.sha === sha;
  if (followed.kind !== 'semver') return followed.shown === ref;
  return versionWithin(parseSemverRange(followed.range), `${TAGS}${ref}`) !== undefined;
}
