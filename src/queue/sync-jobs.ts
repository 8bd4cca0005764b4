import { randomUUID } from 'node:crypto';
import type { Queue } from 'bullmq';
import { parseKey } from '../model/object-key.ts';
import type { ObserveQueue } from './queue-event.ts';
import { type QueueName, SYNC_QUEUES } from './queue-keys.ts';

export type SyncQueues = Readonly<Record<(typeof SYNC_QUEUES)[keyof typeof SYNC_QUEUES], Queue>>;

/** The queue that runs this key. */
function queueNameOf(member: string): QueueName & keyof SyncQueues {
  return SYNC_QUEUES[parseKey(member).kind];
}

/**
 * Adds the job of each key, first ones first. A job already waiting absorbs its successor; one already running is
 * followed by exactly one more.
 */
export async function addSyncJobs(queues: SyncQueues, members: readonly string[]): Promise<void> {
  const byQueue = Map.groupBy(members, queueNameOf);
  await Promise.all([...byQueue].map(([name, group]) => queues[name].addBulk(group.map(toJob))));
}

/**
 * Adds the job of a key whose request is overdue: where the job that holds its place is one that BullMQ no longer
 * knows, the place is freed first.
 */
export async function readdSyncJob(queues: SyncQueues, member: string, observe: ObserveQueue): Promise<void> {
  const queue = queues[queueNameOf(member)];
  const { name, data, opts } = toJob(member);
  const job = await queue.add(name, data, opts);
  if (job.id === undefined || job.id === opts.jobId) return;
  if ((await queue.getJobState(job.id)) !== 'unknown') return;
  await queue.removeDeduplicationKey(member);
  await queue.add(name, data, opts);
  observe({ kind: 'lost-job-replaced', member });
}

function toJob(member: string) {
  return {
    name: 'sync',
    data: { key: member },
    opts: {
      // Counted ids start over after a flush, and one key's end would then untrack another's lock.
      jobId: randomUUID(),
      deduplication: { id: member, keepLastIfActive: true },
      removeOnComplete: true,
      removeOnFail: true,
      // Retries are wake-ups: with more attempts a parked push would wait behind all of them.
      attempts: 1,
    },
  };
}
