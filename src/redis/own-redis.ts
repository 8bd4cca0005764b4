import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { HawserError } from '../errors/hawser-error.ts';
import { launchRedis } from './launch-redis.ts';
import { probe } from './redis-client.ts';
import { resolveSocketPath } from './socket-path.ts';

/** What happens to the connection and to our own server, for the log. */
export type RedisEvent =
  | { readonly kind: 'connection-error'; readonly error: Error }
  | { readonly kind: 'server-started'; readonly program: string }
  | { readonly kind: 'server-adopted'; readonly pid: number }
  | { readonly kind: 'server-died' }
  | { readonly kind: 'server-not-started'; readonly error: Error }
  /** The append-only file could not be read; it was put aside and Redis starts empty. */
  | { readonly kind: 'append-only-file-put-aside' };

interface OwnRedisOptions {
  readonly dataDir: string;
  readonly observe: (event: RedisEvent) => void;
}

/** The server that this process runs for itself. */
export interface OwnRedis {
  readonly socket: string;
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Starts a Redis server on a private unix socket in the data directory, or adopts the one that a killed predecessor
 * left there, and keeps one running until it is stopped.
 */
export async function startOwnRedis(options: OwnRedisOptions): Promise<OwnRedis> {
  const dir = resolve(options.dataDir, 'redis');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const redis = new OwnRedisServer({ ...options, dir, socket: await resolveSocketPath(dir) });
  await redis.start();
  return redis;
}

class OwnRedisServer implements OwnRedis {
  readonly socket: string;
  readonly #dir: string;
  readonly #observe: (event: RedisEvent) => void;
  readonly #killOnExit = () => this.#kill('SIGTERM');
  readonly #halt = new AbortController();
  #control: Redis | undefined;
  #pid: number | undefined;
  #reviving: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: OwnRedisOptions & { readonly dir: string; readonly socket: string }) {
    this.socket = options.socket;
    this.#dir = options.dir;
    this.#observe = options.observe;
  }

  async start(): Promise<void> {
    // An exit without `stop` (an uncaught error) must not leave the server behind; only SIGKILL may.
    process.once('exit', this.#killOnExit);
    try {
      await this.#ensureRunning();
    } catch (error) {
      process.off('exit', this.#killOnExit);
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#halt.abort();
    await this.#reviving;
    // The reply to SHUTDOWN is the end of the connection.
    await this.#control?.shutdown().catch(() => {});
    this.#control?.disconnect();
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (this.#isAlive()) {
      if (performance.now() > deadline) this.#kill('SIGKILL');
      await delay(5);
    }
    process.off('exit', this.#killOnExit);
    // The short directory that stands in for a path too long for a socket.
    if (dirname(this.socket) !== this.#dir) await rm(dirname(this.socket), { recursive: true, force: true });
  }

  async #ensureRunning(): Promise<void> {
    const found = await probe({ socket: this.socket });
    const isThere = found.liveness === 'ready' || found.liveness === 'loading';
    if (found.liveness === 'silent') throw silentServer(found.error);
    if (!isThere) {
      const { program } = await launchRedis({
        dir: this.#dir,
        socket: this.socket,
        onPid: (pid) => {
          this.#pid = pid;
        },
        onPutAside: () => this.#observe({ kind: 'append-only-file-put-aside' }),
      });
      this.#observe({ kind: 'server-started', program });
    }
    await this.#takeControl();
    if (isThere && this.#pid !== undefined) this.#observe({ kind: 'server-adopted', pid: this.#pid });
  }

  /** One idle connection tells at once when the server ends, be it our child or an adopted one. */
  async #takeControl(): Promise<void> {
    const control = new Redis({ path: this.socket, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    control.on('error', () => {});
    this.#control = control;
    const info = await control.info('server');
    this.#pid = Number(/process_id:(\d+)/.exec(info)?.[1]);
    control.once('end', () => {
      if (this.#halt.signal.aborted) return;
      this.#observe({ kind: 'server-died' });
      this.#reviving = this.#revive();
    });
  }

  async #revive(): Promise<void> {
    for (let pauseMs = 50; !this.#halt.signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        await this.#ensureRunning();
        return;
      } catch (error) {
        this.#observe({ kind: 'server-not-started', error: error as Error });
      }
      await delay(pauseMs, undefined, { signal: this.#halt.signal }).catch(() => {});
    }
  }

  #isAlive(): boolean {
    try {
      return this.#pid !== undefined && process.kill(this.#pid, 0);
    } catch {
      return false;
    }
  }

  #kill(signal: NodeJS.Signals): void {
    try {
      if (this.#pid !== undefined) process.kill(this.#pid, signal);
    } catch {
      // It has ended already.
    }
  }
}

function silentServer(cause: Error | undefined): HawserError {
  return new HawserError(
    'REDIS_START_FAILED',
    `A Redis server holds the socket in the data directory (${join('redis', 'redis.sock')}) but does not answer; ` +
      'end it, then start again',
    { cause },
  );
}
