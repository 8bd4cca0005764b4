import type { Hint } from '../model/push.ts';

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
