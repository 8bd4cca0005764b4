/**
 * The composition root: reads the configuration, wires every part by hand, starts the roles, and stops them gracefully.
 * Nothing is decided here.
 */
import { join } from 'node:path';
import closeWithGrace from 'close-with-grace';
import { type ArtifactStore, createArtifactStore } from './artifact/artifact-store.ts';
import { claimDataDir } from './config/claim-data-dir.ts';
import { type Config, loadConfig } from './config/load-config.ts';
import { readEnvironment } from './config/read-environment.ts';
import { createPushRecords } from './push-record/create-push-records.ts';
import { createQueues, type Queues } from './queue/create-queues.ts';
import { connectRedis } from './redis/connect-redis.ts';
import type { RedisEvent } from './redis/own-redis.ts';
import { createSubscriptions } from './redis/subscribe.ts';
import { startCluster } from './start-cluster.ts';
import { startListeners } from './start-listeners.ts';
import { startWorkerRole } from './start-worker-role.ts';
import { createLogger, type Logger } from './telemetry/create-logger.ts';
import { createMetrics, type QueueSample } from './telemetry/metrics.ts';

const GRACE_MS = 25_000;

type Stop = () => Promise<void>;

/** Starts the process' parts one by one; what is started adds to `stops` how it is stopped, from the last to the first. */
async function start(config: Config, logger: Logger, stops: Stop[]): Promise<void> {
  const claim = claimDataDir(config.dataDir);
  stops.push(async () => claim.release());
  const redis = await connectRedis({
    url: config.redisUrl?.reveal(),
    dataDir: config.dataDir,
    observe: observeRedis(logger),
  });
  stops.push(() => redis.stop());
  const metrics = createMetrics();
  const queues = createQueues({ redis, observe: (event) => logger.debug({ event }, 'queue') });
  stops.push(() => queues.close());
  metrics.observeQueues(async () => toQueueSamples(await queues.depths(), Date.now()));
  const subscriptions = createSubscriptions(() => redis.create('plain'));
  stops.push(async () => subscriptions.stop());
  const pushRecords = createPushRecords({ redis: redis.create('producer'), subscriptions });
  const cluster = startCluster(config, { logger, metrics });
  stops.push(() => cluster.stop());
  await startRoles({ config, logger, metrics, queues, pushRecords, cluster }, stops);
}

const SAME_ERROR_EVERY_MS = 10_000;

/** While Redis is away every connection says so many times a second; one line in ten seconds tells as much. */
function observeRedis(logger: Logger): (event: RedisEvent) => void {
  let quietUntil = 0;
  return (event) => {
    if (event.kind !== 'connection-error') return logger.info({ event }, 'redis');
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + SAME_ERROR_EVERY_MS;
    logger.warn({ event }, 'Redis is away');
  };
}

function toQueueSamples(depths: Awaited<ReturnType<Queues['depths']>>, now: number): QueueSample[] {
  return Object.entries(depths).map(([queue, { waiting, delayed, oldestAt }]) => ({
    queue,
    depth: waiting + delayed,
    oldestSeconds: oldestAt === undefined ? 0 : Math.max(now - oldestAt, 0) / 1000,
  }));
}

type Shared = Omit<Parameters<typeof startWorkerRole>[0], 'artifacts'>;

/** Listeners first, so that probes are answered while the custom resources are being listed. */
async function startRoles(shared: Shared, stops: (() => Promise<void>)[]): Promise<void> {
  const { config, logger } = shared;
  let isStarted = false;
  let artifacts: ArtifactStore | undefined;
  const listeners = await startListeners({ ...shared, artifacts: () => artifacts, isStarted: () => isStarted });
  stops.push(() => listeners.stop());
  if (listeners.artifactUrl !== undefined) {
    artifacts = createArtifactStore({ dir: join(config.dataDir, 'artifacts'), publicUrl: listeners.artifactUrl });
    const worker = await startWorkerRole({ ...shared, artifacts });
    // The workers stop after the listeners and before everything they work with.
    stops.splice(-1, 0, () => worker.stop());
  }
  isStarted = true;
  logger.info({ roles: [...config.roles] }, 'ready');
}

async function main(): Promise<void> {
  let logger = createLogger({ level: 'info' });
  const stops: Stop[] = [];
  let isStopping = false;
  const stop = async () => {
    isStopping = true;
    for (const end of stops.splice(0).reverse()) {
      await end().catch((error: unknown) => logger.warn({ err: error }, 'a part did not stop cleanly'));
    }
  };
  closeWithGrace({ delay: GRACE_MS }, async ({ err, signal }) => {
    if (err) logger.error({ err }, 'stopping after an unexpected error');
    else logger.info({ signal }, 'stopping');
    await stop();
  });
  try {
    const config = loadConfig(readEnvironment());
    logger = createLogger({ level: config.logLevel });
    await start(config, logger, stops);
  } catch (error) {
    if (isStopping) return;
    logger.error({ err: error }, 'cannot start');
    await stop();
    // Left to itself, closeWithGrace would end the process with 0.
    process.exit(1);
  }
}

await main();
