/**
 * What became of each push: written step by step, read by the API and the page, kept in Redis for a week and capped by
 * count. It also holds what is to be said on each commit; saying it is the task of `worker` and `commit-status`.
 * Every write is one atomic step, redacted, and may throw: whoever writes decides whether that matters.
 */
import { randomBytes } from 'node:crypto';
import { redact, redactData } from '../errors/redact.ts';
import { formatKey } from '../model/object-key.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { runScript } from '../redis/run-script.ts';
import type { Subscriptions } from '../redis/subscribe.ts';
import { withRedis } from '../redis/with-redis.ts';
import { createHookHistories, type HookHistories } from './hook-history.ts';
import { parsePushRecord } from './parse-push-record.ts';
import { createPushReaches, type PushReaches } from './push-reach.ts';
import {
  KEPT_MS,
  MOST_RECORDS,
  MOST_STEPS,
  MOST_UNMATCHED,
  type PostedStatus,
  type PushOpening,
  type PushOutcome,
  type PushPin,
  type PushRecord,
  type PushStep,
  type StatusKey,
  type Unmatched,
  type WantedStatus,
} from './push-record.ts';
import { ADD_STEP, OPEN, RESET, SET_FIELDS, WANT_STATUS } from './push-scripts.ts';

interface PushRecordsOptions {
  readonly redis: RedisClient;
  /** Tells of news of a record; without them nobody can follow one. */
  readonly subscriptions?: Subscriptions | undefined;
  readonly prefix?: string;
  readonly mostRecords?: number;
}

/** Some records in a row. */
export interface PushPage {
  readonly records: readonly PushRecord[];
  /** Absent at the end. */
  readonly next?: string | undefined;
}

export interface PushRecords extends PushReaches, HookHistories {
  /** Opens a record and returns its public id; a delivery that opened one before gets the same. */
  open(opening: PushOpening): Promise<string>;
  /** The same, and whether this call opened it; a delivery's record is found again for so many milliseconds only. */
  openOnce(opening: PushOpening, rememberedMs: number): Promise<{ readonly id: string; readonly isNew: boolean }>;
  addStep(ids: string | readonly string[], step: PushStep): Promise<void>;
  /** Which sources follow what was pushed, which do not and why; at most 50 of the latter are kept. */
  setMatches(
    id: string,
    matches: {
      readonly matched: readonly string[];
      readonly unmatched: readonly Unmatched[];
      readonly reason?: string | undefined;
    },
  ): Promise<void>;
  /** What a source, as `formatKey` writes its key, was found at, and who was asked to deploy it. */
  setPin(id: string, key: string, pin: PushPin): Promise<void>;
  /** How the push ended for one object, as `formatKey` writes it. */
  setOutcome(id: string, key: string, outcome: PushOutcome): Promise<void>;
  /** The same for several objects, at most 50 of them. */
  setOutcomes(id: string, keys: readonly string[], outcome: PushOutcome): Promise<void>;
  /** Why nothing was done. */
  setReason(id: string, reason: string): Promise<void>;
  read(id: string): Promise<PushRecord | undefined>;
  /** Forgets outcomes, pins and the reason: the push is asked for again. */
  reset(id: string): Promise<void>;
  /** The newest first, without their steps; `before` is the id of the last one seen, and `next` is what to go on from. */
  list(page: { readonly limit: number; readonly before?: string | undefined }): Promise<PushPage>;
  /** Calls back after each write to a record, and whenever one may have been missed; resolves once it listens. */
  follow(id: string, onNews: () => void): Promise<() => void>;
  /** Sets what is to be said on a commit; an older word than the one that stands is dropped. */
  wantStatus(key: StatusKey, status: WantedStatus): Promise<void>;
  readStatus(key: StatusKey): Promise<{ wanted?: WantedStatus; posted?: PostedStatus } | undefined>;
  markPosted(key: StatusKey, status: PostedStatus): Promise<void>;
}

/** Binds the records to a connection; nothing is written before a method is called. */
export function createPushRecords(options: PushRecordsOptions): PushRecords {
  const { redis, subscriptions, prefix = '{hawser}', mostRecords = MOST_RECORDS } = options;
  const keys = createKeys(prefix);
  const run = <T>(use: () => Promise<T>) => withRedis(redis, use);
  const setFields = async (id: string, fields: Readonly<Record<string, string>>) => {
    await run(() => runScript(redis, SET_FIELDS, { keys: [keys.record(id)], args: Object.entries(fields).flat() }));
  };
  return {
    ...createPushReaches(redis, prefix),
    ...createHookHistories(redis, prefix),
    open: async (opening) => (await run(() => open({ redis, keys, mostRecords }, opening, KEPT_MS))).id,
    openOnce: (opening, rememberedMs) => run(() => open({ redis, keys, mostRecords }, opening, rememberedMs)),
    addStep: async (ids, step) => {
      const text = toText(step);
      const targets = typeof ids === 'string' ? [ids] : ids;
      const add = (id: string) =>
        runScript(redis, ADD_STEP, { keys: [keys.record(id), keys.steps(id)], args: [text, MOST_STEPS] });
      await run(() => Promise.all(targets.map(add)));
    },
    setMatches: (id, { matched, unmatched, reason }) =>
      setFields(id, {
        matches: toText({ matched, unmatched: unmatched.slice(0, MOST_UNMATCHED) }),
        ...(reason === undefined ? {} : { reason: redact(reason) }),
      }),
    setPin: (id, key, pin) => setFields(id, { [`pin:${key}`]: toText(pin) }),
    setOutcome: (id, key, outcome) => setFields(id, { [`outcome:${key}`]: toText(outcome) }),
    setOutcomes: async (id, objects, outcome) => {
      const shown = objects.slice(0, MOST_UNMATCHED);
      if (shown.length === 0) return;
      await setFields(id, Object.fromEntries(shown.map((key) => [`outcome:${key}`, toText(outcome)])));
    },
    setReason: (id, reason) => setFields(id, { reason: redact(reason) }),
    reset: async (id) => void (await run(() => runScript(redis, RESET, { keys: [keys.record(id)], args: [] }))),
    read: (id) => run(() => read(redis, keys, id)),
    list: (page) => run(() => list(redis, keys, page)),
    follow: async (id, onNews) => {
      if (!subscriptions) throw new Error('push records were created without subscriptions');
      return await subscriptions.listen(keys.record(id), onNews);
    },
    wantStatus: async (key, status) => {
      const args = [toText(status), status.at, KEPT_MS];
      await run(() => runScript(redis, WANT_STATUS, { keys: [keys.status(key)], args }));
    },
    readStatus: async (key) => toStatus(await run(() => redis.hmget(keys.status(key), 'wanted', 'posted'))),
    markPosted: async (key, status) => {
      const name = keys.status(key);
      await run(() => redis.multi().hset(name, 'posted', toText(status)).pexpire(name, KEPT_MS).exec());
    },
  };
}

type Keys = ReturnType<typeof createKeys>;

function createKeys(prefix: string) {
  return {
    index: `${prefix}:pushes`,
    recordPrefix: `${prefix}:push:`,
    stepsPrefix: `${prefix}:push-steps:`,
    record: (id: string) => `${prefix}:push:${id}`,
    steps: (id: string) => `${prefix}:push-steps:${id}`,
    delivery: (id: string) => `${prefix}:push-of:${id}`,
    status: ({ source, sha, context }: StatusKey) => `${prefix}:status:${formatKey(source)}|${sha}|${context}`,
  };
}

async function open(
  { redis, keys, mostRecords }: { redis: RedisClient; keys: Keys; mostRecords: number },
  opening: PushOpening,
  rememberedMs: number,
): Promise<{ id: string; isNew: boolean }> {
  const { deliveryId, redelivered, ...rest } = opening;
  const heardAtMs = Date.parse(opening.heardAt);
  const newId = randomBytes(16).toString('hex');
  const id = await runScript(redis, OPEN, {
    keys: [keys.index, keys.delivery(deliveryId ?? '')],
    args: [
      newId,
      keys.recordPrefix,
      keys.stepsPrefix,
      toText(rest),
      heardAtMs,
      KEPT_MS,
      mostRecords,
      deliveryId === undefined ? '0' : '1',
      redelivered ? '1' : '0',
      rememberedMs,
    ],
  });
  return { id: String(id), isNew: String(id) === newId };
}

async function read(redis: RedisClient, keys: Keys, id: string): Promise<PushRecord | undefined> {
  const [fields, steps] = await Promise.all([redis.hgetall(keys.record(id)), redis.lrange(keys.steps(id), 0, -1)]);
  return parsePushRecord({ id, fields, steps });
}

async function list(
  redis: RedisClient,
  keys: Keys,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<PushPage> {
  const rank = before === undefined ? -1 : await redis.zrevrank(keys.index, before);
  if (rank === null || limit <= 0) return { records: [] };
  const ids = await redis.zrevrange(keys.index, rank + 1, rank + limit);
  const fields = await Promise.all(ids.map((id) => redis.hgetall(keys.record(id))));
  const records = ids.flatMap((id, index) => parsePushRecord({ id, fields: fields[index] ?? {}, steps: [] }) ?? []);
  const last = ids.length < limit ? undefined : ids.at(-1);
  return { records, ...(last === undefined ? {} : { next: last }) };
}

function toText(value: object): string {
  return JSON.stringify(redactData(value));
}

function toStatus([wanted, posted]: (string | null)[]): { wanted?: WantedStatus; posted?: PostedStatus } | undefined {
  if (!wanted && !posted) return undefined;
  return {
    ...(wanted ? { wanted: JSON.parse(wanted) as WantedStatus } : {}),
    ...(posted ? { posted: JSON.parse(posted) as PostedStatus } : {}),
  };
}
