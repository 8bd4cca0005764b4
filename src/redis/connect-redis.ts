/**
 * The connection to Redis, or the child process that is one. It owns where Redis is and how connections to it are
 * set; what is kept there, and under which keys, belongs to `queue` and `push-record`.
 */
import { HawserError } from '../errors/hawser-error.ts';
import { type RedisEvent, startOwnRedis } from './own-redis.ts';
import { createClient, probe, type RedisAddress, type RedisClient, type RedisRole } from './redis-client.ts';

export interface ConnectRedisOptions {
  /** A server of the operator's; without it this process starts its own in the data directory. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly observe?: (event: RedisEvent) => void;
}

/** One Redis server, however it came to be. */
export interface RedisHandle {
  readonly address: RedisAddress;
  /** True for the server that this process runs for itself, and shares with nobody. */
  readonly owned: boolean;
  /** Opens a connection; whoever asked closes it, and `stop` closes what was left open. */
  create(role: RedisRole): RedisClient;
  stop(): Promise<void>;
}

/** Finds or starts Redis and waits until it answers; throws REDIS_NOT_FOUND, REDIS_START_FAILED or REDIS_UNAVAILABLE. */
export async function connectRedis(options: ConnectRedisOptions): Promise<RedisHandle> {
  const observe = options.observe ?? (() => {});
  if (options.url === undefined) {
    const server = await startOwnRedis({ dataDir: options.dataDir, observe });
    return createHandle({ address: { socket: server.socket }, observe, stopServer: () => server.stop() });
  }
  const address = { url: options.url };
  await verifyReachable(address);
  return createHandle({ address, observe });
}

async function verifyReachable(address: RedisAddress): Promise<void> {
  const { liveness, error } = await probe(address);
  if (liveness === 'ready' || liveness === 'loading') return;
  throw new HawserError(
    'REDIS_UNAVAILABLE',
    'The Redis server of REDIS_URL does not answer; check the URL, the network and the server',
    { cause: error },
  );
}

interface HandleOptions {
  readonly address: RedisAddress;
  readonly observe: (event: RedisEvent) => void;
  readonly stopServer?: () => Promise<void>;
}

function createHandle({ address, observe, stopServer }: HandleOptions): RedisHandle {
  const clients = new Set<RedisClient>();
  let isStopping = false;
  return {
    address,
    owned: stopServer !== undefined,
    create: (role) => {
      const client = createClient(address, role, (error) => {
        if (!isStopping) observe({ kind: 'connection-error', error });
      });
      clients.add(client);
      client.once('end', () => clients.delete(client));
      return client;
    },
    stop: async () => {
      isStopping = true;
      for (const client of clients) client.disconnect();
      await stopServer?.();
    },
  };
}
