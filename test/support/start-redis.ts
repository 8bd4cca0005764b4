import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { connectRedis, type RedisHandle } from '../../src/redis/connect-redis.ts';
import { eventually } from './eventually.ts';
import { findFreePorts } from './find-free-ports.ts';
import { startWatchdog } from './start-watchdog.ts';

/** A real Redis server on a unix socket (and, if asked, a loopback port) in a directory of its own. */
export interface TestRedis {
  readonly socket: string;
  /** What REDIS_URL would say: the port's URL if there is one, else the socket's path. */
  readonly url: string;
  /** A handle as `connectRedis({ url })` makes it; closed with the server. */
  connect(): Promise<RedisHandle>;
  /** For looking into Redis from outside. */
  readonly client: Redis;
  flush(): Promise<void>;
  /** SIGKILL: what was not yet on disk is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same directory, after `kill`. */
  restart(): Promise<void>;
  /** Stops it for good and removes its directory; may be called twice. */
  stop(): Promise<void>;
}

/** Starts redis-server; with a test context it is stopped when that test ends. */
export async function startRedis(t?: Pick<TestContext, 'after'>, options: { port?: boolean } = {}): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'hawser-redis-'));
  const watchdog = startWatchdog(dir);
  const socket = join(dir, 'redis.sock');
  const [port = 0] = options.port ? await findFreePorts(1) : [];
  const handles: RedisHandle[] = [];
  const client = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => {});

  const launch = async () => {
    const args = ['--port', String(port), '--unixsocket', socket, '--dir', dir, '--appendonly', 'yes', '--hz', '100'];
    const child = spawn('redis-server', [...args, '--save', '', '--bind', '127.0.0.1'], {
      stdio: 'ignore',
      detached: true,
    });
    await Promise.race([
      once(child, 'spawn'),
      once(child, 'error').then(() => {
        throw new Error('redis-server is missing: install it, for example with `apt-get install redis-server`');
      }),
    ]);
    if (child.pid !== undefined) watchdog.guard(child.pid);
    child.unref();
    const ended = once(child, 'exit');
    await eventually(async () => {
      // Never while it reconnects by itself: the second connection would outlive `disconnect`.
      if (client.status === 'wait') await client.connect();
      assert.equal(client.status, 'ready');
      await client.ping();
    });
    return { child, ended };
  };

  let server = await launch();
  const end = async (signal: NodeJS.Signals) => {
    server.child.ref();
    server.child.kill(signal);
    await server.ended;
  };
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    for (const handle of handles) await handle.stop();
    client.disconnect();
    await end('SIGKILL');
    watchdog.dismiss();
    await rm(dir, { recursive: true, force: true });
  };
  const redis: TestRedis = {
    socket,
    url: port === 0 ? socket : `redis://127.0.0.1:${port}`,
    client,
    connect: async () => {
      const handle = await connectRedis({ url: redis.url, dataDir: dir });
      handles.push(handle);
      return handle;
    },
    flush: async () => {
      await client.flushall();
    },
    kill: () => end('SIGKILL'),
    restart: async () => {
      server = await launch();
    },
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
  t?.after(() => redis.stop());
  return redis;
}
