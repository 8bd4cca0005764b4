import type { Hint } from '../model/push.ts';
import { PATIENCE_MS } from './decide-tip.ts';

/**
 * What this process knows of a source beyond its status: the tip it used last and the commits that the ref left. A
 * cache: after a restart `status.artifact` stands in for it.
 */
export interface SourceMemory {
  current: string | undefined;
  readonly left: Map<string, number>;
  /** The last answer of the remote, and since when it has been the same. */
  named: { readonly sha: string; readonly since: number } | undefined;
  /** The commit that this process has asked the Kustomizations to deploy: its artifact is no news to them. */
  announced?: string;
  /** Syncs that failed in a row. */
  failures: number;
}

export type SourceMemories = Map<string, SourceMemory>;

export function memoryOf(memories: SourceMemories, uid: string): SourceMemory {
  const known = memories.get(uid);
  if (known) return known;
  const memory: SourceMemory = { current: undefined, left: new Map(), named: undefined, failures: 0 };
  memories.set(uid, memory);
  return memory;
}

/** Notes an answer of the remote; tells since when it has been the same. */
export function noteAnswer(memory: SourceMemory, sha: string, now: number): number {
  if (memory.named?.sha !== sha) memory.named = { sha, since: now };
  return memory.named.since;
}

/** Moves to a new tip: the old one, and what the processed hooks named as `before`, are left. */
export function moveTo(
  memory: SourceMemory,
  tip: string,
  { hints, now }: { hints: readonly Hint[]; now: number },
): void {
  for (const [sha, at] of memory.left) if (now - at > PATIENCE_MS) memory.left.delete(sha);
  for (const hint of hints) memory.left.set(hint.before, now);
  if (memory.current !== undefined) memory.left.set(memory.current, now);
  memory.left.delete(tip);
  memory.current = tip;
}
