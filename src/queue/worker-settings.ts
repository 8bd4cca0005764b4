import { type Job, type Processor, Worker } from 'bullmq';
import { duplicateLazily, type RedisClient } from '../redis/redis-client.ts';
import type { ObserveQueue } from './queue-event.ts';
import type { QueueName } from './queue-keys.ts';

/** A worker that takes jobs until it is stopped. */
export interface RunningWorker {
  /** Takes no more jobs; those that run finish, or are aborted and handed back. May be called twice. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  readonly concurrency: number;
}

/** What all workers of a process share. */
export interface WorkerDeps {
  /** Only ever duplicated: BullMQ blocks on its connections. */
  readonly connection: RedisClient;
  readonly prefix: string;
  /** A job is taken over from a dead worker after this time and a third. */
  readonly lockMs: number;
  readonly observe: ObserveQueue;
}

interface StartOptions<Data> {
  readonly name: QueueName;
  readonly concurrency: number;
  readonly process: Processor<Data, void>;
  readonly onFailed?: (job: Job<Data, void> | undefined, error: Error) => void;
}

/** A BullMQ worker and the way to stop it. */
export interface BullWorker {
  /** Lets the running jobs finish; while Redis stays away it waits for no longer than a few seconds. */
  close(): Promise<void>;
}

const AWAY_CHECK_MS = 250;
/** Jobs that could not be handed back by then are lost jobs, and run again. */
const LONGEST_AWAY_MS = 3_000;

/** Starts a BullMQ worker with the settings that were found to matter. */
export function startBullWorker<Data>(deps: WorkerDeps, options: StartOptions<Data>): BullWorker {
  let isGivenUp = false;
  // BullMQ duplicates it, settings included, for what blocks.
  const connection = duplicateLazily(deps.connection, () => isGivenUp);
  const worker = new Worker<Data, void>(options.name, options.process, {
    connection,
    prefix: deps.prefix,
    concurrency: options.concurrency,
    lockDuration: deps.lockMs,
    stalledInterval: Math.ceil(deps.lockMs / 3),
    // A job is never given up for having met several crashes.
    maxStalledCount: 1_000,
    drainDelay: 1,
    settings: { backoffStrategy: (attempt) => Math.min(250 * 2 ** (attempt - 1), 30_000) },
  });
  worker.on('error', (error) => deps.observe({ kind: 'worker-error', queue: options.name, error }));
  if (options.onFailed) worker.on('failed', options.onFailed);
  return {
    close: async () => {
      let awayMs = 0;
      const watch = setInterval(() => {
        awayMs = deps.connection.status === 'ready' ? 0 : awayMs + AWAY_CHECK_MS;
        isGivenUp ||= awayMs >= LONGEST_AWAY_MS;
      }, AWAY_CHECK_MS);
      await worker.close();
      clearInterval(watch);
      connection.disconnect();
    },
  };
}
