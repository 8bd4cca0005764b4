import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { RedisClient } from './redis-client.ts';

const CONNECTING = new Set(['wait', 'connecting', 'connect']);
const CONNECT_TIMEOUT_MS = 700;

/** Resolves once the connection can take commands; a lost one throws at once, one that is being made gets 0.7 s. */
async function ensureReady(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return;
  if (CONNECTING.has(client.status) && (await becomesReady(client))) return;
  throw unavailable(undefined);
}

/** Runs commands, and turns whatever Redis or the connection says against it into REDIS_UNAVAILABLE. */
export async function withRedis<T>(client: RedisClient, use: () => Promise<T>): Promise<T> {
  await ensureReady(client);
  try {
    return await use();
  } catch (error) {
    if (error instanceof HawserError) throw error;
    throw unavailable(error);
  }
}

function becomesReady(client: RedisClient): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isReady: boolean) => {
      clearTimeout(timer);
      client.off('ready', onReady);
      client.off('close', onClose);
      resolve(isReady);
    };
    const onReady = () => finish(true);
    const onClose = () => finish(false);
    const timer = setTimeout(onClose, CONNECT_TIMEOUT_MS);
    client.once('ready', onReady);
    client.once('close', onClose);
  });
}

function unavailable(cause: unknown): HawserError {
  const why = cause === undefined ? 'the connection is down' : messageOf(cause);
  return new HawserError(
    'REDIS_UNAVAILABLE',
    `Redis does not take work (${why}); it goes on by itself once Redis is back`,
    { cause },
  );
}
