import { defineScript } from '../redis/run-script.ts';

/*
 * A record is a hash (opening, deliveries, stepCount, matches, reason, 'pin:<key>', 'outcome:<key>') and a list of steps; a sorted set holds
 * all ids by the time they were heard. Nothing is written to a record that is no longer kept: that would stay for ever.
 * Each write is told to the channel that has the name of the record's key: whoever waits for news reads it again.
 */

/**
 * Opens a record, or finds the one that its delivery opened. KEYS index, delivery. ARGV new id, start of the record
 * keys, start of the step keys, opening, heard at ms, kept ms, most records, '1' if there is a delivery, '1' to count
 * a redelivery, how many ms the delivery is remembered. Answers the id.
 */
export const OPEN = defineScript(`
local id, records, steps = ARGV[1], ARGV[2], ARGV[3]
if ARGV[8] == '1' then
  local known = redis.call('GET', KEYS[2])
  if known and redis.call('EXISTS', records .. known) == 1 then
    if ARGV[9] == '1' then redis.call('HINCRBY', records .. known, 'deliveries', 1) end
    return known
  end
  redis.call('SET', KEYS[2], id, 'PX', ARGV[10])
end
redis.call('HSET', records .. id, 'opening', ARGV[4], 'deliveries', 1)
redis.call('PEXPIRE', records .. id, ARGV[6])
redis.call('ZADD', KEYS[1], ARGV[5], id)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(ARGV[5]) - tonumber(ARGV[6]))
local surplus = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[7])
if surplus > 0 then
  for _, old in ipairs(redis.call('ZRANGE', KEYS[1], 0, surplus - 1)) do
    redis.call('DEL', records .. old, steps .. old)
    redis.call('ZREM', KEYS[1], old)
  end
end
return id
`);

/** Adds a step to a record that is still kept. KEYS record, steps. ARGV step, most steps. */
export const ADD_STEP = defineScript(`
local ttl = redis.call('PTTL', KEYS[1])
if ttl <= 0 then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('HINCRBY', KEYS[1], 'stepCount', 1)
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[2]), -1)
redis.call('PEXPIRE', KEYS[2], ttl)
redis.call('PUBLISH', KEYS[1], 'step')
return 1
`);

/** Sets fields of a record that is still kept. KEYS record. ARGV field, value, … */
export const SET_FIELDS = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
redis.call('PUBLISH', KEYS[1], 'fields')
return 1
`);

/** Forgets how a push ended, because it is asked for again. KEYS record. */
export const RESET = defineScript(`
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if field == 'reason' or string.match(field, '^outcome:') or string.match(field, '^pin:') then
    redis.call('HDEL', KEYS[1], field)
  end
end
return redis.call('PUBLISH', KEYS[1], 'fields')
`);

/** Says what is wanted on a commit, unless something newer is wanted already. KEYS status. ARGV status, at, kept ms. */
export const WANT_STATUS = defineScript(`
local at = tonumber(redis.call('HGET', KEYS[1], 'wantedAt') or '0')
if tonumber(ARGV[2]) < at then return 0 end
redis.call('HSET', KEYS[1], 'wanted', ARGV[1], 'wantedAt', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`);
