import { matchBytes, parseBytePattern } from './byte-pattern.ts';
import type { WorkBudget } from './work-budget.ts';

/** Without the shortest non-empty prefix that matches; unchanged if none does or the pattern turns out malformed. */
export function trimShortest(value: string, pattern: string, budget: WorkBudget): string {
  const parsed = parseBytePattern(pattern);
  let shortest = 0;
  for (let length = 1; length <= value.length; length += 1) {
    const outcome = matchBytes(parsed, value.slice(0, length), budget);
    if (outcome === 'malformed') return value;
    if (outcome === 'match' && shortest === 0) shortest = length;
    // Only a pattern with an error in it must be tried on every prefix.
    if (shortest > 0 && !parsed.isMalformed) break;
  }
  return value.slice(shortest);
}

/** Without the longest prefix that matches; unchanged if none does or the pattern turns out malformed. */
export function trimLongest(value: string, pattern: string, budget: WorkBudget): string {
  const parsed = parseBytePattern(pattern);
  for (let length = value.length; length > 0; length -= 1) {
    const outcome = matchBytes(parsed, value.slice(0, length), budget);
    if (outcome === 'malformed') return value;
    if (outcome === 'match') return value.slice(length);
  }
  return value;
}
