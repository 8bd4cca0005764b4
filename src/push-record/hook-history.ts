import { z } from 'zod';
import type { RedisClient } from '../redis/redis-client.ts';
import { withRedis } from '../redis/with-redis.ts';

/** A move of a ref that polling found, until its hook comes. */
const PolledMove = z.object({
  /** What hooks call it: the tag object of an annotated tag, else the commit. */
  object: z.string(),
  sha: z.string(),
  /** When it was found, in milliseconds since the epoch. */
  at: z.number(),
  pushId: z.string(),
  /** True once it was waited for its hook in vain. */
  isMissed: z.boolean(),
});
export type PolledMove = z.infer<typeof PolledMove>;

/** What has been heard of a source by hooks, and what has not: losing it costs a warning. */
const HookHistory = z.object({
  /** When a hook was heard last, in milliseconds since the epoch. */
  heardAt: z.number().optional(),
  /** Commits that hooks named and the source has not come to, with the time. */
  named: z.record(z.string(), z.number()),
  moves: z.array(PolledMove),
  /** How many moves in a row no hook told of. */
  missed: z.number(),
});
export type HookHistory = z.infer<typeof HookHistory>;

export const NO_HISTORY: HookHistory = { named: {}, moves: [], missed: 0 };

/** Longer than push records: a repository may rest for months between two pushes. */
const KEPT_MS = 90 * 24 * 3_600_000;

/** Reads and writes what has been heard of each source; who writes holds the source's lease. */
export interface HookHistories {
  readHooks(sourceUid: string): Promise<HookHistory>;
  writeHooks(sourceUid: string, history: HookHistory): Promise<void>;
}

/** Keeps one value per source. */
export function createHookHistories(redis: RedisClient, prefix: string): HookHistories {
  const name = (sourceUid: string) => `${prefix}:hooks:${sourceUid}`;
  return {
    readHooks: async (sourceUid) => parseHookHistory(await withRedis(redis, () => redis.get(name(sourceUid)))),
    writeHooks: async (sourceUid, history) => {
      await withRedis(redis, () => redis.set(name(sourceUid), JSON.stringify(history), 'PX', KEPT_MS));
    },
  };
}

/** Reads what was written; what cannot be read counts as lost. Pure. */
function parseHookHistory(text: string | null): HookHistory {
  if (text === null) return NO_HISTORY;
  try {
    return HookHistory.parse(JSON.parse(text));
  } catch {
    // Written by another version, or damaged: only a warning depends on it.
    return NO_HISTORY;
  }
}
