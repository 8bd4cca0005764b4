import { DEFAULT_BRANCH, type GitRepository } from '../model/git-repository.ts';
import type { Hint } from '../model/push.ts';
import { parseRevision } from '../model/revision.ts';
import { PATIENCE_MS } from './decide-tip.ts';

/** What this process knows of a source beyond its status. A cache: after a restart `status.artifact` is enough. */
export interface SourceMemory {
  /** The tip that was moved to, until `status.artifact` says so. */
  unpublished: string | undefined;
  /** Commits that the ref left, with the time. */
  readonly left: Map<string, number>;
  /** The last answer of the remote, and since when it has been the same. */
  named: { readonly sha: string; readonly since: number } | undefined;
  /** The revision that this process has asked the Kustomizations to deploy: its artifact is no news to them. */
  announced?: string;
  /** Syncs that failed in a row. */
  failures: number;
}

export type SourceMemories = Map<string, SourceMemory>;

export function memoryOf(memories: SourceMemories, uid: string): SourceMemory {
  const known = memories.get(uid);
  if (known) return known;
  const memory: SourceMemory = { unpublished: undefined, left: new Map(), named: undefined, failures: 0 };
  memories.set(uid, memory);
  return memory;
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
  tip: string,
  { before, hints, now }: { before: string | undefined; hints: readonly Hint[]; now: number },
): void {
  noteLeft(memory, [...hints.map((hint) => hint.before), ...(before === undefined ? [] : [before])], now);
  memory.left.delete(tip);
  memory.unpublished = tip;
}

/**
 * The tip that this source follows, as this process knows it: what it has moved to itself, else what the status says,
 * whoever wrote that. Undefined before the first, and after the branch was changed.
 */
export function currentOf(memory: SourceMemory, source: GitRepository): string | undefined {
  if (memory.unpublished !== undefined) return memory.unpublished;
  const revision = parseRevision(source.status?.artifact?.revision);
  return revision?.branch === branchOf(source) ? revision.sha : undefined;
}

/** The branch that a source follows; without a ref it is `master`, as in Flux. */
export function branchOf(source: GitRepository): string {
  return source.spec.ref?.branch ?? DEFAULT_BRANCH;
}
