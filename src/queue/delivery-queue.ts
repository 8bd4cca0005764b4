import { randomUUID } from 'node:crypto';
import { type Queue, UnrecoverableError } from 'bullmq';
import { HawserError } from '../errors/hawser-error.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { Delivery } from './delivery.ts';
import type { QueueKeys } from './queue-keys.ts';
import { type RunningWorker, startBullWorker, type WorkerDeps, type WorkerOptions } from './worker-settings.ts';

/** A delivery that fails is tried for hours, with pauses of at most half a minute: no push is lost. */
const ATTEMPTS = 1_000;
/** Providers offer redelivery for three days at least; a week costs 100 bytes a delivery. */
const REMEMBERED_S = 7 * 24 * 3_600;

/** Keeps a delivery, and the memory of its id; both are in Redis when it resolves. */
export async function addDelivery(
  deps: { readonly redis: RedisClient; readonly keys: QueueKeys; readonly queue: Queue },
  delivery: Delivery,
): Promise<{ redelivered: boolean }> {
  const seen = deps.keys.seenDelivery(delivery.id);
  const redelivered = (await deps.redis.exists(seen)) === 1;
  await deps.queue.add('delivery', { ...delivery, redelivered } satisfies Delivery, {
    // A redelivery must not be swallowed by the first one's job that is just ending; many of them need only one job.
    ...(redelivered
      ? { jobId: randomUUID(), deduplication: { id: delivery.id, keepLastIfActive: true } }
      : { jobId: delivery.id }),
    // A retained job would swallow the redelivery that someone asked for; the push record has the outcome.
    removeOnComplete: true,
    removeOnFail: true,
    attempts: ATTEMPTS,
    backoff: { type: 'custom' },
  });
  // Last: an id that was remembered without its job would make the provider's next try explain nothing.
  await deps.redis.set(seen, '1', 'EX', REMEMBERED_S);
  return { redelivered };
}

/** Takes deliveries; one that throws is tried again unless only a person can mend it. */
export function startDeliveryWorker(
  deps: WorkerDeps,
  run: (delivery: Delivery) => Promise<void>,
  options: WorkerOptions,
): RunningWorker {
  const worker = startBullWorker<unknown>(deps, {
    name: 'delivery',
    concurrency: options.concurrency,
    process: async (job) => {
      const delivery = parseDelivery(job.data);
      try {
        await run(delivery);
      } catch (error) {
        if (error instanceof HawserError && error.disposition === 'stalled') throw toUnrecoverable(error);
        throw error;
      }
    },
    onFailed: (job, error) =>
      deps.observe({ kind: 'delivery-failed', id: job?.id ?? 'unknown', attempt: job?.attemptsMade ?? 0, error }),
  });
  return { stop: () => worker.close() };
}

function parseDelivery(data: unknown): Delivery {
  const parsed = Delivery.safeParse(data);
  if (parsed.success) return parsed.data;
  throw toUnrecoverable(new Error('the job holds no delivery', { cause: parsed.error }));
}

function toUnrecoverable(cause: Error): UnrecoverableError {
  return Object.assign(new UnrecoverableError(cause.message), { cause });
}
