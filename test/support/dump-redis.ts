import { Redis } from 'ioredis';

/** Every key of a Redis server with its value, as text: the place to look for what must not be kept. */
export async function dumpRedis(socket: string): Promise<string> {
  const redis = new Redis({ path: socket, lazyConnect: true });
  try {
    await redis.connect();
    const lines: string[] = [];
    for await (const keys of redis.scanStream({ count: 1_000 })) {
      for (const key of keys as string[]) lines.push(`${key} ${JSON.stringify(await readValue(redis, key))}`);
    }
    return lines.join('\n');
  } finally {
    redis.disconnect();
  }
}

async function readValue(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return await redis.get(key);
    case 'hash':
      return await redis.hgetall(key);
    case 'list':
      return await redis.lrange(key, 0, -1);
    case 'set':
      return await redis.smembers(key);
    case 'zset':
      return await redis.zrange(key, '0', '-1', 'WITHSCORES');
    case 'stream':
      return await redis.xrange(key, '-', '+');
    case 'none':
      return undefined; // expired meanwhile
    default:
      throw new Error(`a value of type ${type} cannot be read`);
  }
}
