/** How many events of one kind may be written: a burst, then a steady trickle, as client-go's spam filter allows. */
export interface EventLimits {
  /** Counts one event against the limit of its key; false if it must be dropped. */
  admit(key: string, nowMs: number): boolean;
}

const BURST = 25;
const REFILL_MS = 300_000;
const MOST_KEYS = 4_096;

export function createEventLimits(): EventLimits {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    admit: (key, nowMs) => {
      const bucket = buckets.get(key) ?? { tokens: BURST, at: nowMs };
      const tokens = Math.min(BURST, bucket.tokens + (nowMs - bucket.at) / REFILL_MS);
      const isAdmitted = tokens >= 1;
      setRecent(buckets, key, { tokens: isAdmitted ? tokens - 1 : tokens, at: nowMs });
      return isAdmitted;
    },
  };
}

/** Sets an entry as the newest one and forgets the oldest beyond the bound. */
export function setRecent<Value>(entries: Map<string, Value>, key: string, value: Value): void {
  entries.delete(key);
  entries.set(key, value);
  const [oldest] = entries.keys();
  if (entries.size > MOST_KEYS && oldest !== undefined) entries.delete(oldest);
}
