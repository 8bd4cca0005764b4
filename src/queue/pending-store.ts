import { formatKey, type ObjectKey } from '../model/object-key.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { runScript } from '../redis/run-script.ts';
import { withRedis } from '../redis/with-redis.ts';
import {
  type Cause,
  MOST_HINTS,
  MOST_PUSH_IDS,
  type PendingRequest,
  parsePendingRequest,
  type SyncRequest,
} from './pending-request.ts';
import { ASK, BEGIN, CLAIM, END, MOVE_CURSOR, RELEASE, RENEW, WAKE, WAKE_ALL } from './pending-scripts.ts';
import type { QueueKeys } from './queue-keys.ts';

/** How long a request or a claimed wake-up may stay undone before its job is added again. */
const SAFETY_MS = 10_000;

/** How a run came out of its beginning. */
export type Beginning =
  | { readonly kind: 'idle' }
  | { readonly kind: 'held'; readonly remainingMs: number }
  | { readonly kind: 'granted'; readonly pending: PendingRequest };

/** A claimed key: `asked` if a request was open already, so that its job should exist. */
export interface ClaimedKey {
  readonly member: string;
  readonly asked: boolean;
}

/** What the wake loop gets to do. */
export interface Claim {
  /** Tells one Redis from another, and from itself after it was emptied. */
  readonly born: string;
  readonly claimed: readonly ClaimedKey[];
  readonly nextInMs: number | undefined;
}

/** What a run tells when it ends. */
export interface EndingInput {
  readonly member: string;
  readonly token: string;
  readonly started: number;
  readonly hintsUpTo: number;
  readonly hintIds: readonly string[];
  readonly nextInMs: number | undefined;
  readonly nextCause: Cause;
  readonly forget: boolean;
  /** Who asked is not answered yet. */
  readonly keepAskers?: boolean;
}

/** Pending requests, wake set and leases as one thing: each method is one atomic step in Redis. */
export type PendingStore = ReturnType<typeof createPendingStore>;

interface StoreOptions {
  readonly keys: QueueKeys;
  readonly leaseMs: number;
  /** How old Redis must be before a lease is granted: its length, or 0 where nobody else can hold one. */
  readonly graceMs: number;
}

/** Binds the scripts to a connection; the connection decides how long a step may wait for Redis. */
export function createPendingStore(redis: RedisClient, { keys, leaseMs, graceMs }: StoreOptions) {
  return {
    ask: async (request: SyncRequest): Promise<void> => {
      const member = formatKey(request.key);
      const { hint, trigger } = request;
      const told = [request.revision ?? '', request.pushId ?? '', hint?.deliveryId ?? '', JSON.stringify(hint) ?? ''];
      const note = [trigger?.pushId ?? '', JSON.stringify(trigger) ?? ''];
      const args = [member, request.cause, ...told, SAFETY_MS, MOST_HINTS, MOST_PUSH_IDS, ...note];
      await runScript(redis, ASK, { keys: [keys.pending(member), keys.wake], args });
    },
    read: async (member: string): Promise<PendingRequest> =>
      parsePendingRequest(await redis.hgetall(keys.pending(member))),
    begin: async (member: string, token: string): Promise<Beginning> => {
      const reply = await runScript(redis, BEGIN, {
        keys: [keys.lease(member), keys.pending(member), keys.wake, keys.born],
        args: [member, token, leaseMs, graceMs, SAFETY_MS],
      });
      return toBeginning(reply as [string, unknown]);
    },
    renew: async (member: string, token: string): Promise<boolean> =>
      (await runScript(redis, RENEW, { keys: [keys.lease(member)], args: [token, leaseMs] })) === 1,
    ...createCursors(redis, keys),
    release: async (member: string, token: string): Promise<void> => {
      await runScript(redis, RELEASE, { keys: [keys.lease(member)], args: [token] });
    },
    end: async (input: EndingInput): Promise<'lost' | 'forgotten' | 'again' | 'done'> => {
      const { member, token, started, hintsUpTo, nextInMs, nextCause, forget, keepAskers, hintIds } = input;
      const reply = await runScript(redis, END, {
        keys: [keys.lease(member), keys.pending(member), keys.wake],
        args: [
          ...[member, token, started, hintsUpTo, nextInMs ?? '', nextCause],
          ...[forget ? '1' : '0', keepAskers ? '1' : '0', ...hintIds],
        ],
      });
      return reply as 'lost' | 'forgotten' | 'again' | 'done';
    },
    wake: async (member: string, wakeUp: { inMs: number; cause: Cause }): Promise<void> => {
      const args = [member, wakeUp.inMs, wakeUp.cause];
      await runScript(redis, WAKE, { keys: [keys.pending(member), keys.wake], args });
    },
    wakeAll: async (): Promise<void> => {
      await runScript(redis, WAKE_ALL, { keys: [keys.wake], args: [] });
    },
    claim: async (most: number): Promise<Claim> => {
      const reply = await runScript(redis, CLAIM, {
        keys: [keys.wake, keys.born],
        args: [most, SAFETY_MS, keys.pendingPrefix],
      });
      return toClaim(reply as [string, number, ...string[]]);
    },
    forget: async (key: ObjectKey): Promise<void> => {
      const member = formatKey(key);
      await redis.multi().del(keys.pending(member)).zrem(keys.wake, member).exec();
    },
    /** False where neither a wake-up nor a finished request is known: Redis was emptied, or never heard of the key. */
    isKnown: async (member: string): Promise<boolean> => {
      const [score, numbers] = await Promise.all([
        redis.zscore(keys.wake, member),
        redis.hmget(keys.pending(member), 'wanted', 'done'),
      ]);
      if (score !== null) return true;
      const [wanted, done] = numbers;
      return wanted != null && done != null && Number(wanted) <= Number(done);
    },
    /** Drops every lease: only where their holders are known to be dead. */
    dropLeases: async (): Promise<void> => {
      const pattern = keys.lease('*').replaceAll(/[[\]?\\]/g, '\\$&');
      for await (const batch of redis.scanStream({ match: pattern, count: 500 })) {
        if (batch.length > 0) await redis.del(batch as string[]);
      }
    },
  };
}

/** How far the runs of each key have come. */
function createCursors(redis: RedisClient, keys: QueueKeys) {
  return {
    /** False, and nothing is written, if the lease is another run's by now. */
    moveCursor: async (member: string, token: string, cursor: string): Promise<boolean> => {
      const owned = [keys.lease(member), keys.pending(member)];
      return (
        (await withRedis(redis, () => runScript(redis, MOVE_CURSOR, { keys: owned, args: [token, cursor] }))) === 1
      );
    },
    readCursor: async (member: string): Promise<string | undefined> =>
      (await redis.hget(keys.pending(member), 'cursor')) ?? undefined,
  };
}

function toBeginning([kind, detail]: [string, unknown]): Beginning {
  if (kind === 'idle') return { kind };
  if (kind !== 'granted') return { kind: 'held', remainingMs: Number(detail) };
  return { kind, pending: parsePendingRequest(toRecord(detail as string[])) };
}

function toClaim([born, nextInMs, ...rest]: [string, number, ...string[]]): Claim {
  const claimed = Object.entries(toRecord(rest)).map(([member, asked]) => ({ member, asked: asked === '1' }));
  return { born, claimed, nextInMs: nextInMs < 0 ? undefined : nextInMs };
}

function toRecord(pairs: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < pairs.length; i += 2) record[pairs[i] ?? ''] = pairs[i + 1] ?? '';
  return record;
}
