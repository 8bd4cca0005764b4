import { redactData } from '../errors/redact.ts';
import { formatKey, type ObjectKey } from '../model/object-key.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { defineScript, runScript } from '../redis/run-script.ts';
import { withRedis } from '../redis/with-redis.ts';
import { KEPT_MS, type WantedStatus } from './push-record.ts';

/** A commit of a source. */
export interface CommitKey {
  readonly source: ObjectKey;
  readonly sha: string;
}

/** Whom a push changes, among the Kustomizations of one source. */
export interface PushReach {
  readonly pushId: string;
  /** Keys of those that the push changed, as `formatKey` writes them. */
  readonly affected: readonly string[];
  /** Those that it changed and that are told not to deploy. */
  readonly suspended: number;
  readonly unaffected: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The last thing to be said of one Kustomization at a commit. */
export interface ReachedWord {
  readonly state: WantedStatus['state'] | 'suspended';
  readonly description: string;
  /** Milliseconds since the epoch; an older word never replaces a newer one. */
  readonly at: number;
}

/** What a commit of a source reaches, and what was said of each so far. */
export interface PushReaches {
  setReach(key: CommitKey, reach: PushReach): Promise<void>;
  /** `object` is the Kustomization's key, as `formatKey` writes it. */
  setWord(key: CommitKey, object: string, word: ReachedWord): Promise<void>;
  readReach(key: CommitKey): Promise<{ reach?: PushReach; words: Readonly<Record<string, ReachedWord>> }>;
}

/** Sets a word unless a newer one is there. KEYS reach. ARGV object, word, at, kept ms. */
const SET_WORD = defineScript(`
local at = tonumber(redis.call('HGET', KEYS[1], 'at:' .. ARGV[1]) or '0')
if tonumber(ARGV[3]) < at then return 0 end
redis.call('HSET', KEYS[1], 'word:' .. ARGV[1], ARGV[2], 'at:' .. ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`);

const WORD = 'word:';

/** Keeps reach and words of each commit in one hash, for as long as push records are kept. */
export function createPushReaches(redis: RedisClient, prefix: string): PushReaches {
  const name = ({ source, sha }: CommitKey) => `${prefix}:reach:${formatKey(source)}|${sha}`;
  return {
    setReach: async (key, reach) => {
      const text = JSON.stringify(reach);
      await withRedis(redis, () => redis.multi().hset(name(key), 'reach', text).pexpire(name(key), KEPT_MS).exec());
    },
    setWord: async (key, object, word) => {
      const args = [object, JSON.stringify(redactData(word)), word.at, KEPT_MS];
      await withRedis(redis, () => runScript(redis, SET_WORD, { keys: [name(key)], args }));
    },
    readReach: async (key) => {
      const fields = await withRedis(redis, () => redis.hgetall(name(key)));
      const words = Object.entries(fields)
        .filter(([field]) => field.startsWith(WORD))
        .map(([field, word]): [string, ReachedWord] => [field.slice(WORD.length), JSON.parse(word)]);
      return {
        ...(fields.reach === undefined ? {} : { reach: JSON.parse(fields.reach) }),
        words: Object.fromEntries(words),
      };
    },
  };
}
