import { randomUUID } from 'node:crypto';
import { DelayedError, type Queue } from 'bullmq';
import { CommitStatusRequest, formatCommitStatusKey } from './commit-status-request.ts';
import { toError } from './queue-event.ts';
import { type RunningWorker, startBullWorker, type WorkerDeps, type WorkerOptions } from './worker-settings.ts';

/** BullMQ takes jobs without a priority first: results go before `pending`. */
const PENDING_PRIORITY = 10;
const FAILED_PAUSE_MS = 30_000;
const MOST_STARTS = 100;

/** Asks that a commit be told what there is to tell; the same request waiting already absorbs this one. */
export async function requestCommitStatus(queue: Queue, request: CommitStatusRequest, delayMs = 0): Promise<void> {
  const key = formatCommitStatusKey(request);
  const priority = request.final ? {} : { priority: PENDING_PRIORITY };
  const jobId = randomUUID();
  const job = await queue.add('commit-status', request, {
    jobId,
    // A delayed request has a place of its own: it must not push aside one that waits behind an active job. An
    // immediate one replaces the same request where that had to wait for the provider.
    deduplication:
      delayMs > 0 ? { id: `${key}|later`, replace: true } : { id: key, keepLastIfActive: true, replace: true },
    removeOnComplete: true,
    removeOnFail: true,
    attempts: 1,
    ...priority,
    ...(delayMs > 0 ? { delay: delayMs } : {}),
  });
  if (request.final && job.id !== undefined && job.id !== jobId) await overtake(queue, job.id);
}

/** A result found `pending` waiting under the same key: that job posts the result now, so it goes first. */
async function overtake(queue: Queue, jobId: string): Promise<void> {
  const job = await queue.getJob(jobId);
  if ((await job?.getState()) === 'prioritized') await job?.changePriority({ priority: 0 });
}

/** Posts commit statuses; a run that must wait for its provider says for how long, others are not delayed. */
export function startCommitStatusWorker(
  deps: WorkerDeps,
  run: (request: CommitStatusRequest) => Promise<undefined | { againInMs: number }>,
  options: WorkerOptions,
): RunningWorker {
  const worker = startBullWorker<unknown>(deps, {
    name: 'commit-status',
    concurrency: options.concurrency,
    process: async (job, token) => {
      const again = await run(CommitStatusRequest.parse(job.data)).catch((thrown: unknown) => {
        deps.observe({ kind: 'commit-status-failed', job: job.id ?? 'unknown', error: toError(thrown) });
        return job.attemptsStarted < MOST_STARTS ? { againInMs: FAILED_PAUSE_MS } : undefined;
      });
      if (again === undefined) return;
      await job.moveToDelayed(Date.now() + Math.max(1, again.againInMs), token);
      throw new DelayedError();
    },
    onFailed: (job, error) => deps.observe({ kind: 'commit-status-failed', job: job?.id ?? 'unknown', error }),
  });
  return { stop: () => worker.close() };
}
