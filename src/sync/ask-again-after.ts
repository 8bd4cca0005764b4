/** How soon to ask a remote again that is behind what was told so many milliseconds ago: the longer ago, the later. */
export function askAgainAfter(ageMs: number, { leastMs, mostMs }: { leastMs: number; mostMs: number }): number {
  return Math.min(Math.max(ageMs / 2, leastMs), mostMs);
}
