import { Redis, type RedisOptions } from 'ioredis';

/**
 * What a connection is for: a `producer` fails within a second while Redis is away, a `worker` waits for as long
 * as it takes (BullMQ blocks on it), a `plain` one waits for a few seconds.
 */
export type RedisRole = 'producer' | 'worker' | 'plain';

/** A connection, by our name: the library belongs to this module. */
export type RedisClient = Redis;

const PRODUCER_TIMEOUT_MS = 900;
const PLAIN_TIMEOUT_MS = 5_000;
const LONGEST_PAUSE_MS = 500;

const BASE = {
  // Recovery within half a second of the server's return; ioredis' own steps grow to five seconds.
  retryStrategy: (attempt: number) => Math.min(50 * attempt, LONGEST_PAUSE_MS),
  // After a failover the old primary answers READONLY until the connection is made anew.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  connectTimeout: 5_000,
  keepAlive: 15_000,
} satisfies RedisOptions;

const BY_ROLE = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: PRODUCER_TIMEOUT_MS },
  worker: { maxRetriesPerRequest: null },
  plain: { maxRetriesPerRequest: 10, commandTimeout: PLAIN_TIMEOUT_MS },
} satisfies Record<RedisRole, RedisOptions>;

/** Where a Redis server listens: a URL of its operator's, or the unix socket of our own. */
export type RedisAddress = { readonly url: string } | { readonly socket: string };

/** Opens a connection with the settings of its role; without an `error` listener ioredis would print to the console. */
export function createClient(address: RedisAddress, role: RedisRole, onError: (error: Error) => void): RedisClient {
  const options = { ...BASE, ...BY_ROLE[role] };
  const client =
    'url' in address ? new EndingRedis(address.url, options) : new EndingRedis({ ...options, path: address.socket });
  client.on('error', onError);
  return client;
}

/**
 * ioredis, `disconnect` of which ends the connection in every state: its own, called between two attempts to connect,
 * only forgets the next attempt, and BullMQ then waits for the `end` event for ever.
 */
class EndingRedis extends Redis {
  override disconnect(reconnect = false): void {
    if (!reconnect && this.status === 'reconnecting') this.connect().catch(() => {});
    super.disconnect(reconnect);
  }
}

/**
 * The settings of a connection once more, for a library that duplicates them further: it is not made before it is used,
 * and given up at its next failure once `isGivenUp` says so. Whoever asked disconnects it.
 */
export function duplicateLazily(client: RedisClient, isGivenUp: () => boolean): RedisClient {
  const { retryStrategy } = BASE;
  const options = {
    ...client.options,
    replyMapping: 'legacy' as const,
    lazyConnect: true,
    retryStrategy: (attempt: number) => (isGivenUp() ? null : retryStrategy(attempt)),
  };
  const create = () => {
    const copy = new EndingRedis(options);
    // Whoever uses it listens as well; ioredis prints what nobody listens for, also after they have left.
    copy.on('error', () => {});
    return copy;
  };
  return Object.assign(create(), { duplicate: create });
}

/** What a server said to one PING; `refused` means that nothing listens there. */
export type Liveness = 'ready' | 'loading' | 'silent' | 'refused';

const PROBE_TIMEOUT_MS = 2_000;

/** Asks a server once whether it is there, without retries. */
export async function probe(address: RedisAddress): Promise<{ liveness: Liveness; error?: Error }> {
  const options = {
    lazyConnect: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    connectTimeout: PROBE_TIMEOUT_MS,
    commandTimeout: PROBE_TIMEOUT_MS,
    retryStrategy: () => null,
  };
  const client = 'url' in address ? new Redis(address.url, options) : new Redis({ ...options, path: address.socket });
  let failure: Error | undefined;
  client.on('error', (error: Error) => {
    failure ??= error;
  });
  try {
    await client.connect();
    await client.ping();
    return { liveness: 'ready' };
  } catch (caught) {
    const error = failure ?? (caught instanceof Error ? caught : new Error(String(caught)));
    return { liveness: toLiveness(error), error };
  } finally {
    client.disconnect();
  }
}

function toLiveness(error: Error & { code?: string }): Liveness {
  if (error.message.startsWith('LOADING')) return 'loading';
  return error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'refused' : 'silent';
}
