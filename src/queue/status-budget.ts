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

/**
 * Pauses a credential, a longer pause that is under way stays; answers the milliseconds that are left of it. Where the
 * provider named no time, each limit doubles the pause before, unless that one had been over for as long as it lasted;
 * refusals of writes that were under way together count as one. KEYS pause, strikes. ARGV ms, told, longest, jitter.
 */
const PAUSE = defineScript(`
local left = math.max(0, redis.call('PTTL', KEYS[1]))
local ms = tonumber(ARGV[1])
if ARGV[2] == '0' then
  if left > 0 then return left end
  local strikes = redis.call('INCR', KEYS[2])
  ms = math.min(ms * 2 ^ (strikes - 1), tonumber(ARGV[3]))
  redis.call('PEXPIRE', KEYS[2], string.format('%.0f', ms * 2))
end
ms = math.ceil(ms * (1 + tonumber(ARGV[4])))
if left >= ms then return left end
redis.call('SET', KEYS[1], '1', 'PX', string.format('%.0f', ms))
return ms
`);

/** So that the processes that share a credential do not all come back at once. */
const JITTER = 0.1;
const LONGEST_PAUSE_MS = 3_600_000;

/** For how long a provider wants to hear nothing; `told` is false where it did not say, so that the caller guessed. */
export interface StatusPause {
  readonly ms: number;
  readonly told: boolean;
}

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
    pause: async (credentialId: string, { ms, told }: StatusPause): Promise<number> => {
      if (ms <= 0) return 0;
      const left = await runScript(redis, PAUSE, {
        keys: [keys.statusPause(credentialId), keys.statusStrikes(credentialId)],
        args: [Math.ceil(ms), told ? 1 : 0, LONGEST_PAUSE_MS, JITTER * Math.random()],
      });
      return Number(left);
    },
  };
}
