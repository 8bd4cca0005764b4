import { randomUUID } from 'node:crypto';
import type { RedisClient } from '../redis/redis-client.ts';
import { defineScript, runScript } from '../redis/run-script.ts';
import type { QueueKeys } from './queue-keys.ts';

/** What a provider bears from one credential (GitHub's secondary limits: 80 writes a minute, 500 an hour). */
const BUDGET = { burst: 20, perMinute: 80, perHour: 500 } as const;

/**
 * Takes one token, or answers how many milliseconds to wait (0: taken). A bucket bounds the burst; the writes of the
 * last hour, kept with their times, bound minute and hour exactly. KEYS bucket, history, pause. ARGV burst, per
 * minute, per hour, a unique id.
 */
const TAKE = defineScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local burst, perMinute, perHour = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = math.max(0, redis.call('PTTL', KEYS[3]))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - 3600000)
local function bound(most, windowMs)
  local taken = redis.call('ZCOUNT', KEYS[2], '(' .. (now - windowMs), '+inf')
  if taken < most then return end
  local nth = redis.call('ZREVRANGE', KEYS[2], most - 1, most - 1, 'WITHSCORES')
  wait = math.max(wait, tonumber(nth[2]) + windowMs - now)
end
bound(perMinute, 60000)
bound(perHour, 3600000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local perMs = perMinute / 60000
local tokens = math.min(burst, (tonumber(bucket[1]) or burst) + math.max(0, now - (tonumber(bucket[2]) or now)) * perMs)
if tokens < 1 then wait = math.max(wait, math.ceil((1 - tokens) / perMs)) end
if wait > 0 then return wait end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - 1), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 3600000)
redis.call('ZADD', KEYS[2], now, ARGV[4])
redis.call('PEXPIRE', KEYS[2], 3600000)
return 0
`);

/** Pauses a credential; a longer pause that is under way stays. KEYS pause. ARGV ms. */
const PAUSE = defineScript(`
if redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1
`);

/** The budget of commit-status writes per credential, shared by all processes. */
export function createStatusBudget(redis: RedisClient, keys: QueueKeys) {
  return {
    take: async (credentialId: string): Promise<number> => {
      const wait = await runScript(redis, TAKE, {
        keys: [keys.statusBucket(credentialId), keys.statusHistory(credentialId), keys.statusPause(credentialId)],
        args: [BUDGET.burst, BUDGET.perMinute, BUDGET.perHour, randomUUID()],
      });
      return Number(wait);
    },
    pause: async (credentialId: string, ms: number): Promise<void> => {
      if (ms <= 0) return;
      await runScript(redis, PAUSE, { keys: [keys.statusPause(credentialId)], args: [Math.ceil(ms)] });
    },
  };
}
