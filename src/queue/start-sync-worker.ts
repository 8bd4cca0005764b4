import { parseKey, type SyncKind } from '../model/object-key.ts';
import { SYNC_QUEUES } from './queue-keys.ts';
import { runSyncJob, type SyncJobDeps } from './run-sync-job.ts';
import type { SyncEnding, SyncRun } from './sync-run.ts';
import { type RunningWorker, startBullWorker, type WorkerDeps, type WorkerOptions } from './worker-settings.ts';

interface SyncWorkerOptions extends WorkerOptions {
  readonly kind: SyncKind;
  readonly run: (run: SyncRun) => Promise<SyncEnding>;
  /** Awaited before the first job: leftovers of a dead predecessor are cleared by then. */
  readonly ready: () => Promise<void>;
}

/** Takes the jobs of one kind; `stop` aborts the runs, which hand their jobs back or finish. */
export function startSyncWorker(
  deps: WorkerDeps,
  jobs: Omit<SyncJobDeps, 'run' | 'isStopping'>,
  options: SyncWorkerOptions,
): RunningWorker {
  let isStopping = false;
  const jobDeps: SyncJobDeps = { ...jobs, run: options.run, isStopping: () => isStopping };
  const worker = startBullWorker<{ key: string }>(deps, {
    name: SYNC_QUEUES[options.kind],
    concurrency: options.concurrency,
    process: async (job, token) => {
      await options.ready();
      await runSyncJob(jobDeps, job, token ?? '');
    },
    onFailed: (job, error) => jobs.observe({ kind: 'run-failed', member: job?.data.key ?? 'unknown', error }),
  });
  return {
    stop: async () => {
      isStopping = true;
      const closed = worker.close();
      for (const [member, run] of jobs.running) {
        if (parseKey(member).kind === options.kind) run.abort(new Error('Hawser is stopping'));
      }
      await closed;
    },
  };
}
