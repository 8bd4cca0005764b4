import { defineScript } from '../redis/run-script.ts';

/*
 * What is asked of one key is a hash:
 *   wanted, done       numbers (microseconds of Redis' clock, always rising); wanted > done means that a run is due
 *   revision           the newest one heard
 *   cause:<cause>      the number under which it was last named
 *   push:<id>          the same
 *   hint:<delivery>    '<number>|<json>'
 *   trigger:<push id>  the same
 *   cursor             how far its runs have come, in their own words; only a run that holds the lease writes it
 *   next, nextCause    the wake-up asked for, in milliseconds; dropped when a run begins, for its ending decides anew
 * Numbers are written with %.0f: Lua would write 1.7e15 as a rounded power of ten.
 */

const CLOCK = `
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local nowMs = math.floor(nowUs / 1000)
local function number(key, field) return tonumber(redis.call('HGET', key, field) or '0') end
local function text(value) return string.format('%.0f', value) end
`;

/**
 * Asks: raises the wanted number and puts the key into the wake set, so that the request is found even if the job
 * is never added. KEYS pending, wake. ARGV member, cause, revision, push id, hint id, hint, safety ms, most hints,
 * most push ids, push id of a trigger, trigger. A hint that is already there stays, for a redelivery explains nothing;
 * one that was handled before its first delivery gives way to that.
 */
export const ASK = defineScript(`${CLOCK}
local pending = KEYS[1]
local wanted = text(math.max(number(pending, 'wanted') + 1, nowUs))
redis.call('HSET', pending, 'wanted', wanted, 'cause:' .. ARGV[2], wanted)
if ARGV[3] ~= '' then redis.call('HSET', pending, 'revision', ARGV[3]) end
local function trim(start, most)
  local found = {}
  local fields = redis.call('HGETALL', pending)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, #start) == start then
      found[#found + 1] = { fields[i], tonumber(string.match(fields[i + 1], '^%d+')) }
    end
  end
  table.sort(found, function(a, b) return a[2] > b[2] end)
  for i = tonumber(most) + 1, #found do redis.call('HDEL', pending, found[i][1]) end
end
if ARGV[4] ~= '' then
  redis.call('HSET', pending, 'push:' .. ARGV[4], wanted)
  trim('push:', ARGV[9])
end
if ARGV[5] ~= '' then
  local known = redis.call('HGET', pending, 'hint:' .. ARGV[5])
  if not known or string.find(known, '"firstSeen":false', 1, true) then
    redis.call('HSET', pending, 'hint:' .. ARGV[5], wanted .. '|' .. ARGV[6])
  end
  trim('hint:', ARGV[8])
end
if ARGV[10] ~= '' then
  redis.call('HSET', pending, 'trigger:' .. ARGV[10], wanted .. '|' .. ARGV[11])
  trim('trigger:', ARGV[9])
end
redis.call('ZADD', KEYS[2], 'LT', nowMs + tonumber(ARGV[7]), ARGV[1])
return wanted
`);

/**
 * Begins a run: answers 'idle' if nothing is asked, 'early' while this Redis is younger than a lease (it may have
 * been emptied under a run that still believes in its own), 'busy' while another run holds the lease, else 'granted'
 * with the pending request. KEYS lease, pending, wake, born. ARGV member, token, lease ms, grace ms, safety ms.
 */
export const BEGIN = defineScript(`${CLOCK}
local pending = KEYS[2]
if number(pending, 'wanted') <= number(pending, 'done') then return { 'idle' } end
local graceMs = tonumber(ARGV[4])
redis.call('SET', KEYS[4], text(nowMs), 'NX')
local born = tonumber(redis.call('GET', KEYS[4]))
if nowMs < born then
  born = nowMs
  redis.call('SET', KEYS[4], text(nowMs))
end
if nowMs - born < graceMs then return { 'early', graceMs - (nowMs - born) } end
if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[3]) then return { 'busy', redis.call('PTTL', KEYS[1]) } end
redis.call('HDEL', pending, 'next', 'nextCause')
redis.call('ZADD', KEYS[3], nowMs + tonumber(ARGV[5]), ARGV[1])
return { 'granted', redis.call('HGETALL', pending) }
`);

/** Renews a lease under its own token. KEYS lease. ARGV token, lease ms. */
export const RENEW = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** Writes how far a run has come, only under its own lease. KEYS lease, pending. ARGV token, cursor. */
export const MOVE_CURSOR = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'cursor', ARGV[2])
return 1
`);

/** Gives a lease back without an ending: what was asked stays asked. KEYS lease. ARGV token. */
export const RELEASE = defineScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);

/**
 * Ends a run, only under its own lease: writes done, drops what the run dealt with, sets the next wake-up (now, if
 * more was asked meanwhile) and gives the lease back. KEYS lease, pending, wake. ARGV member, token, started,
 * hints up to this number are seen, next in ms or '', next cause, '1' to forget, '1' to keep
 * who asked (push ids and triggers), ids of seen hints. A hint that was asked again meanwhile stays.
 * Answers 'lost', 'forgotten', 'again' or 'done'.
 */
export const END = defineScript(`${CLOCK}
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 'lost' end
redis.call('DEL', KEYS[1])
local pending, wake, member = KEYS[2], KEYS[3], ARGV[1]
if redis.call('EXISTS', pending) == 0 then return 'forgotten' end
local started = tonumber(ARGV[3])
local wanted = number(pending, 'wanted')
if ARGV[7] == '1' and wanted <= started then
  redis.call('DEL', pending)
  redis.call('ZREM', wake, member)
  return 'forgotten'
end
local done = math.max(number(pending, 'done'), started)
redis.call('HSET', pending, 'done', text(done))
for i = 9, #ARGV do
  local hint = redis.call('HGET', pending, 'hint:' .. ARGV[i])
  if hint and tonumber(string.match(hint, '^%d+')) <= started then redis.call('HDEL', pending, 'hint:' .. ARGV[i]) end
end
local fields = redis.call('HGETALL', pending)
for i = 1, #fields, 2 do
  local start = string.match(fields[i], '^(%a+):')
  local limit = start == 'hint' and tonumber(ARGV[4]) or started
  if ARGV[8] == '1' and (start == 'push' or start == 'trigger') then start = nil end
  if start and tonumber(string.match(fields[i + 1], '^%d+')) <= limit then redis.call('HDEL', pending, fields[i]) end
end
if wanted > done then
  redis.call('ZADD', wake, nowMs, member)
  return 'again'
end
local next = tonumber(redis.call('HGET', pending, 'next') or 'inf')
if ARGV[5] ~= '' and nowMs + tonumber(ARGV[5]) < next then
  next = nowMs + tonumber(ARGV[5])
  redis.call('HSET', pending, 'next', text(next), 'nextCause', ARGV[6])
end
if next == math.huge then redis.call('ZREM', wake, member) else redis.call('ZADD', wake, next, member) end
return 'done'
`);

/** Asks for a wake-up; the earlier time wins. KEYS pending, wake. ARGV member, in ms, cause. */
export const WAKE = defineScript(`${CLOCK}
local at = nowMs + tonumber(ARGV[2])
local next = tonumber(redis.call('HGET', KEYS[1], 'next') or 'inf')
if at < next then redis.call('HSET', KEYS[1], 'next', text(at), 'nextCause', ARGV[3]) end
return redis.call('ZADD', KEYS[2], 'LT', at, ARGV[1])
`);

/**
 * Claims the due keys, earliest first. A key of which nothing is asked has a wake-up of its own: that becomes a
 * request. All stay in the set, some seconds ahead, until a run is done. KEYS wake, born. ARGV most keys, safety ms,
 * start of the pending keys. Answers when this Redis was first seen, ms until the next one is due (-1: none), then
 * member and '1' if it was asked before, in turn.
 */
export const CLAIM = defineScript(`${CLOCK}
redis.call('SET', KEYS[2], text(nowMs), 'NX')
local answer = { redis.call('GET', KEYS[2]), -1 }
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', nowMs, 'LIMIT', 0, ARGV[1])) do
  local pending = ARGV[3] .. member
  local wanted, asked = number(pending, 'wanted'), '1'
  if wanted <= number(pending, 'done') then
    asked = '0'
    wanted = text(math.max(wanted + 1, nowUs))
    local cause = redis.call('HGET', pending, 'nextCause') or 'interval'
    redis.call('HSET', pending, 'wanted', wanted, 'cause:' .. cause, wanted)
    redis.call('HDEL', pending, 'next', 'nextCause')
  end
  redis.call('ZADD', KEYS[1], nowMs + tonumber(ARGV[2]), member)
  answer[#answer + 1] = member
  answer[#answer + 1] = asked
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then answer[2] = math.max(0, math.ceil(tonumber(first[2]) - nowMs)) end
return answer
`);

/** Makes every key due now: after a start on our own Redis, whose jobs died with their process. KEYS wake. */
export const WAKE_ALL = defineScript(`${CLOCK}
local members = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, member in ipairs(members) do redis.call('ZADD', KEYS[1], 'LT', nowMs, member) end
return #members
`);
