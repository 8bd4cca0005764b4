import type { GitRepository } from '../model/git-repository.ts';
import type { Tip } from './tip.ts';

/** What this process alone knows of a source: all of it may be lost. What order depends on stands in the source's cursor. */
export interface SourceMemory {
  /** The last answer of the remote, and since when it has been the same. */
  named: { readonly sha: string; readonly since: number } | undefined;
  /** Tag objects that were followed, and the commits behind them: hooks speak of the objects. */
  readonly peeled: Map<string, string>;
  /** The tip that the remote named last. */
  tip?: Tip;
  /** The revision that this process has asked the Kustomizations to deploy: its artifact is no news to them. */
  announced?: string;
  /** A move that was made without a hook of it, until that is compared with what hooks tell. */
  polled?: { readonly object: string; readonly sha: string; readonly pushId: string } | undefined;
  /** What was noted last of why which pushes wait, so that asking again adds nothing to their records. */
  waiting?: string;
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
  const memory: SourceMemory = { named: undefined, peeled: new Map(), failures: 0 };
  memories.set(uid, memory);
  return memory;
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
