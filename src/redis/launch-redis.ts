import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HawserError } from '../errors/hawser-error.ts';
import { probe } from './redis-client.ts';

interface LaunchOptions {
  readonly dir: string;
  readonly socket: string;
  /** Told as soon as the process exists, so that it can be ended while it still loads. */
  readonly onPid: (pid: number) => void;
  /** Told when the append-only file had to be put aside because the server could not read it. */
  readonly onPutAside: () => void;
}

const PROGRAMS = ['redis-server', 'valkey-server'] as const;
/** Redis 7 keeps a directory, older ones a file. */
const APPEND_ONLY_FILES = ['appendonlydir', 'appendonly.aof'] as const;
const READY_TIMEOUT_MS = 60_000;
const LOG_NAME = 'redis.log';

/**
 * Starts the first Redis server found on the PATH and waits until it answers. An append-only file that it cannot
 * read is put aside: Redis holds work, never truth, and all of it can be asked for again.
 */
export async function launchRedis(options: LaunchOptions): Promise<{ readonly program: string }> {
  const first = await tryLaunch(options);
  if ('program' in first) return first;
  if (!(await putAside(options.dir))) throw startFailed(first.lastWords);
  options.onPutAside();
  const second = await tryLaunch(options);
  if ('program' in second) return second;
  throw startFailed(second.lastWords);
}

async function tryLaunch(options: LaunchOptions): Promise<{ program: string } | { lastWords: string }> {
  for (const program of PROGRAMS) {
    const child = await spawnServer(program, options);
    if (child === undefined) continue;
    if (child.pid !== undefined) options.onPid(child.pid);
    if (await becomesReady(child, options.socket)) return { program };
    return { lastWords: await readLastWords(options.dir) };
  }
  throw new HawserError(
    'REDIS_NOT_FOUND',
    'Neither redis-server nor valkey-server was found on the PATH: install one of them ' +
      '(for example `apt-get install redis-server`), or set REDIS_URL to a Redis server of your own',
  );
}

/** Resolves to undefined where the program does not exist. */
function spawnServer(program: string, { dir, socket }: LaunchOptions): Promise<ChildProcess | undefined> {
  // A process group of its own: a Ctrl-C must not end the server before Hawser has handed back its jobs.
  const child = spawn(program, toArguments(dir, socket), { cwd: dir, detached: true, stdio: 'ignore' });
  child.unref();
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child));
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(startFailed(error.message));
    });
  });
}

function toArguments(dir: string, socket: string): string[] {
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    hz: '100',
    daemonize: 'no',
    logfile: join(dir, LOG_NAME),
    loglevel: 'warning',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function becomesReady(child: ChildProcess, socket: string): Promise<boolean> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (child.exitCode === null && child.signalCode === null) {
    if ((await probe({ socket })).liveness === 'ready') return true;
    if (performance.now() > deadline) child.kill('SIGKILL');
    await delay(5);
  }
  return false;
}

async function putAside(dir: string): Promise<boolean> {
  let found = false;
  for (const name of APPEND_ONLY_FILES) {
    await rm(join(dir, `${name}.unreadable`), { recursive: true, force: true });
    const moved = await rename(join(dir, name), join(dir, `${name}.unreadable`)).then(
      () => true,
      () => false,
    );
    found ||= moved;
  }
  return found;
}

async function readLastWords(dir: string): Promise<string> {
  const log = await readFile(join(dir, LOG_NAME), 'utf8').catch(() => '');
  return log.trimEnd().split('\n').slice(-3).join('; ');
}

function startFailed(lastWords: string): HawserError {
  const words = lastWords === '' ? 'it said nothing' : `it said: ${lastWords}`;
  return new HawserError(
    'REDIS_START_FAILED',
    `The Redis server that Hawser starts for itself did not start (${words}); see redis/redis.log in the data ` +
      'directory, or set REDIS_URL to a Redis server of your own',
  );
}
