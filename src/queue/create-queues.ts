/**
 * The four queues and what lies beside them: pending requests, the wake set, leases, the budget of commit statuses.
 * Everything that must not be lost, run twice at once, or overtaken is decided here, in scripts on Redis; what a sync
 * or a delivery does belongs to `worker`, and who asks (`http`, `watch`, timers) only ever asks.
 */
import { Queue } from 'bullmq';
import { formatKey, type ObjectKey, type SyncKind } from '../model/object-key.ts';
import type { RedisHandle } from '../redis/connect-redis.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { withRedis } from '../redis/with-redis.ts';
import { requestCommitStatus, startCommitStatusWorker } from './commit-status-queue.ts';
import type { CommitStatusRequest } from './commit-status-request.ts';
import type { Delivery } from './delivery.ts';
import { addDelivery, startDeliveryWorker } from './delivery-queue.ts';
import type { Cause, SyncRequest } from './pending-request.ts';
import { createPendingStore } from './pending-store.ts';
import type { ObserveQueue } from './queue-event.ts';
import { createQueueKeys, QUEUE_NAMES, type QueueName, SYNC_QUEUES } from './queue-keys.ts';
import { createRequester } from './request-syncs.ts';
import { startSyncWorker } from './start-sync-worker.ts';
import { createStatusBudget, type StatusPause } from './status-budget.ts';
import type { SyncEnding, SyncRun } from './sync-run.ts';
import { WakeLoop } from './wake-loop.ts';
import { watchReturns } from './watch-returns.ts';
import type { RunningWorker, WorkerOptions } from './worker-settings.ts';

export interface QueuesOptions {
  readonly redis: Pick<RedisHandle, 'create' | 'owned'>;
  readonly prefix?: string;
  readonly now?: () => Date;
  /** How long a dead process keeps its keys and jobs to itself. */
  readonly leaseMs?: number;
  readonly observe?: ObserveQueue;
}

export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  /** When the job that has waited longest was added, in milliseconds since the epoch. */
  readonly oldestAt: number | undefined;
}

/** Asking, running, and what is between. All methods throw REDIS_UNAVAILABLE within a second while Redis is away. */
export interface Queues {
  /** Asks for a sync. What could not be asked is asked again as soon as Redis is back, by this process. */
  requestSync(request: SyncRequest): Promise<void>;
  /** The same for many; the first ones start first. */
  requestSyncs(requests: readonly SyncRequest[]): Promise<void>;
  /** Persists a delivery; a redelivered id is told so, and asks again all the same. */
  addDelivery(delivery: Delivery): Promise<{ redelivered: boolean }>;
  requestCommitStatus(request: CommitStatusRequest, delayMs?: number): Promise<void>;
  /** Asks for a sync at a later time; the earlier time wins, and the next run's ending decides anew. */
  wake(key: ObjectKey, at: Date, cause?: Cause): Promise<void>;
  /** How far the runs of a key have come, as they noted it themselves. */
  readCursor(key: ObjectKey): Promise<string | undefined>;
  /** The resource is gone: nothing of it is kept. */
  forget(key: ObjectKey): Promise<void>;
  startDeliveryWorker(run: (delivery: Delivery) => Promise<void>, options: WorkerOptions): RunningWorker;
  startSyncWorker(kind: SyncKind, run: (run: SyncRun) => Promise<SyncEnding>, options: WorkerOptions): RunningWorker;
  startCommitStatusWorker(
    run: (request: CommitStatusRequest) => Promise<undefined | { againInMs: number }>,
    options: WorkerOptions,
  ): RunningWorker;
  /** Turns due wake-ups into jobs; one per process that runs syncs. */
  startWakeLoop(): { stop(): Promise<void> };
  /** Requests those keys of which Redis knows nothing (it was emptied), and returns them. */
  restore(keys: readonly ObjectKey[]): Promise<readonly ObjectKey[]>;
  /** Called each time that Redis was away and is back, or was found emptied by the wake loop. */
  onReconnect(listener: () => void): void;
  /** Takes one write from a credential's budget: 0 is go, otherwise milliseconds to wait. */
  takeStatusToken(credentialId: string): Promise<number>;
  /** No writes with this credential for a while, because its provider wants none: answers for how many milliseconds. */
  pauseStatus(credentialId: string, pause: StatusPause): Promise<number>;
  depths(): Promise<Record<QueueName, QueueDepth>>;
  close(): Promise<void>;
}

const LEASE_MS = 15_000;
/** A delivery or a commit status may be worked on twice, so a dead process' ones are taken over soon. */
const LONGEST_HARMLESS_LOCK_MS = 5_000;

/** Wires queues, scripts and workers to one Redis; nothing runs until a worker or the wake loop is started. */
export function createQueues(options: QueuesOptions): Queues {
  const { redis, prefix = '{hawser}', leaseMs = LEASE_MS, now = () => new Date(), observe = () => {} } = options;
  const keys = createQueueKeys(prefix);
  const graceMs = redis.owned ? 0 : leaseMs;
  const producer = redis.create('producer');
  const plain = redis.create('plain');
  const connection = redis.create('worker');
  const queues = createBullQueues(producer, prefix, observe);
  const store = createPendingStore(plain, { keys, leaseMs, graceMs });
  const asking = createPendingStore(producer, { keys, leaseMs, graceMs });
  const requester = createRequester({ producer, store: asking, queues });
  const budget = createStatusBudget(producer, keys);
  const workerDeps = { connection, prefix, lockMs: leaseMs, observe };
  const harmlessDeps = { ...workerDeps, lockMs: Math.min(leaseMs, LONGEST_HARMLESS_LOCK_MS) };
  const running = new Map<string, AbortController>();
  const wakeLoops = new Set<WakeLoop>();
  const returns = watchReturns(plain, observe);
  const nudge = (inMs: number) => {
    for (const loop of wakeLoops) loop.nudge(inMs);
  };
  const ready = once(async () => {
    if (redis.owned) await clearLeftovers({ queues, store });
  });

  return {
    requestSync: (request) => requester.requestSyncs([request]),
    requestSyncs: (requests) => requester.requestSyncs(requests),
    addDelivery: (delivery) =>
      withRedis(producer, () => addDelivery({ redis: producer, keys, queue: queues.delivery }, delivery)),
    requestCommitStatus: (request, delayMs) =>
      withRedis(producer, () => requestCommitStatus(queues['commit-status'], request, delayMs)),
    wake: async (key, at, cause = 'interval') => {
      const inMs = Math.max(0, at.getTime() - now().getTime());
      await withRedis(producer, () => asking.wake(formatKey(key), { inMs, cause }));
      nudge(inMs);
    },
    readCursor: (key) => withRedis(producer, () => asking.readCursor(formatKey(key))),
    forget: (key) => withRedis(producer, () => asking.forget(key)),
    startDeliveryWorker: (run, workerOptions) => startDeliveryWorker(harmlessDeps, run, workerOptions),
    startSyncWorker: (kind, run, { concurrency }) =>
      startSyncWorker(workerDeps, { store, leaseMs, now, observe, running, nudge }, { kind, run, concurrency, ready }),
    startCommitStatusWorker: (run, workerOptions) => startCommitStatusWorker(harmlessDeps, run, workerOptions),
    startWakeLoop: () => track(wakeLoops, new WakeLoop({ store, queues, observe, ready, onEmptied: returns.emptied })),
    restore: (candidates) => requester.restore(candidates),
    onReconnect: returns.listen,
    takeStatusToken: (credentialId) => withRedis(producer, () => budget.take(credentialId)),
    pauseStatus: (credentialId, pause) => withRedis(producer, () => budget.pause(credentialId, pause)),
    depths: () => withRedis(producer, () => readDepths(queues)),
    close: once(async () => {
      requester.stop();
      await Promise.all([...wakeLoops].map((loop) => loop.stop()));
      await Promise.all(QUEUE_NAMES.map((name) => queues[name].close()));
      for (const client of [producer, plain, connection]) client.disconnect();
    }),
  };
}

/** Remembers a loop, so that it can be nudged, until it is stopped. */
function track(loops: Set<WakeLoop>, loop: WakeLoop): { stop(): Promise<void> } {
  loops.add(loop);
  return {
    stop: async () => {
      loops.delete(loop);
      await loop.stop();
    },
  };
}

type BullQueues = Readonly<Record<QueueName, Queue>>;

function createBullQueues(producer: RedisClient, prefix: string, observe: ObserveQueue): BullQueues {
  const create = (name: QueueName) => {
    const queue = new Queue(name, { connection: producer, prefix, streams: { events: { maxLen: 100 } } });
    queue.on('error', (error) => observe({ kind: 'worker-error', queue: name, error }));
    return queue;
  };
  return {
    delivery: create('delivery'),
    'source-sync': create('source-sync'),
    'kustomization-sync': create('kustomization-sync'),
    'commit-status': create('commit-status'),
  };
}

/**
 * On our own Redis every job and lease is a dead predecessor's: instead of waiting for them to expire, they go, and
 * every key is looked at now. A request that comes meanwhile has put its key into the wake set first.
 */
async function clearLeftovers(deps: {
  readonly queues: BullQueues;
  readonly store: ReturnType<typeof createPendingStore>;
}): Promise<void> {
  for (const name of Object.values(SYNC_QUEUES)) await deps.queues[name].obliterate({ force: true });
  await deps.store.dropLeases();
  await deps.store.wakeAll();
}

async function readDepths(queues: BullQueues): Promise<Record<QueueName, QueueDepth>> {
  const depths = await Promise.all(
    QUEUE_NAMES.map(async (name): Promise<[QueueName, QueueDepth]> => {
      const counts = await queues[name].getJobCounts('wait', 'prioritized', 'active', 'delayed');
      const { wait = 0, prioritized = 0, active = 0, delayed = 0 } = counts;
      const [oldest] = await queues[name].getJobs(['wait', 'prioritized'], 0, 0, true);
      return [name, { waiting: wait + prioritized, active, delayed, oldestAt: oldest?.timestamp }];
    }),
  );
  return Object.fromEntries(depths) as Record<QueueName, QueueDepth>;
}

/** Runs an action at its first call, and again only where it failed; all calls share the outcome. */
function once(action: () => Promise<void>): () => Promise<void> {
  let outcome: Promise<void> | undefined;
  return () => {
    outcome ??= action().catch((error: unknown) => {
      outcome = undefined;
      throw error;
    });
    return outcome;
  };
}
