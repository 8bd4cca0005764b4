/**
 * Runs the jobs of the queues: each sync job is one run of the pipeline, and its outcome decides when the key is woken
 * again. What a sync does is sync's matter; that a key runs alone is queue's.
 */
import { messageOf } from '../errors/hawser-error.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { formatKey, type ObjectKey } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { SyncEnding, SyncRun } from '../queue/sync-run.ts';
import type { RunningWorker } from '../queue/worker-settings.ts';
import type { SyncDeps } from '../sync/deps.ts';
import type { SyncOutcome } from '../sync/outcome.ts';
import { runKustomizationSync, runSourceSync } from '../sync/run-sync.ts';
import { memoryOf } from '../sync/source-memory.ts';
import { intervalOf, retryIntervalOf } from '../sync/timing.ts';
import { objectFields } from '../telemetry/create-logger.ts';
import { nextPollAt } from './next-poll.ts';
import { sourceRetryMs, toEnding, withJitter } from './to-ending.ts';

interface WorkerDeps extends SyncDeps {
  readonly startWorker: Queues['startSyncWorker'];
  readonly concurrency: number;
}

/** Starts the workers of both sync queues. */
export function startSyncWorkers(deps: WorkerDeps): RunningWorker {
  const { concurrency } = deps;
  const superseded = new Map<string, number>();
  const workers = [
    deps.startWorker('GitRepository', (run) => runSource(deps, run), { concurrency }),
    deps.startWorker('Kustomization', (run) => runKustomization(deps, run, superseded), { concurrency }),
  ];
  return {
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}

async function runSource(deps: WorkerDeps, run: SyncRun): Promise<SyncEnding> {
  return await withObservation(deps, run, async () => {
    const { outcome, hintsSeen, keepAskers = false } = await runSourceSync(deps, run);
    const source = deps.resources.gitRepository(run.key);
    const memory = memoryOf(deps.memories, source?.metadata.uid ?? '');
    memory.failures = outcome.kind === 'failed' ? memory.failures + 1 : 0;
    const now = deps.now();
    const retryMs = sourceRetryMs(memory.failures, source ? intervalOf(source) : 0);
    const rhythm = { nextAt: source ? nextPollAt(source, now) : now, retryMs };
    return { outcome, ending: { ...toEnding(outcome, rhythm, now), hintsSeen, keepAskers } };
  });
}

async function runKustomization(deps: WorkerDeps, run: SyncRun, superseded: Map<string, number>): Promise<SyncEnding> {
  return await withObservation(deps, run, async () => {
    const key = formatKey(run.key);
    const outcome = await runKustomizationSync(deps, run, superseded.get(key) ?? 0);
    if (outcome.kind === 'superseded') superseded.set(key, (superseded.get(key) ?? 0) + 1);
    else superseded.delete(key);
    const kustomization = deps.resources.kustomization(run.key);
    const now = deps.now();
    const lookMs = kustomization ? withJitter(nextLookMs(deps, kustomization), Math.random()) : 0;
    const retryMs = kustomization ? retryIntervalOf(kustomization) : 0;
    const rhythm = { nextAt: new Date(now.getTime() + lookMs), retryMs };
    return { outcome, ending: toEnding(outcome, rhythm, now) };
  });
}

const FIGHT_LOOK_MS = 60_000;

/** A fight is over when it is not seen any more: somebody must look, to say so. */
function nextLookMs({ targets }: SyncDeps, kustomization: Kustomization): number {
  const intervalMs = intervalOf(kustomization);
  return targets.fightsOf(kustomization).length > 0 ? Math.min(intervalMs, FIGHT_LOOK_MS) : intervalMs;
}

interface Observed {
  readonly outcome: SyncOutcome;
  readonly ending: SyncEnding;
}

const TRY_AGAIN_MS = 1_000;

/** Counts and logs a run. A cluster that cannot be reached fails the run itself: it is tried again in a second. */
async function withObservation(deps: WorkerDeps, run: SyncRun, sync: () => Promise<Observed>): Promise<SyncEnding> {
  const startedAt = performance.now();
  deps.logger.debug({ ...objectFields(run.key), causes: run.pending.causes }, 'sync started');
  try {
    const { outcome, ending } = await sync();
    observe(deps, run, { outcome, durationMs: performance.now() - startedAt });
    return ending;
  } catch (error) {
    if (run.signal.aborted) {
      deps.logger.debug({ ...objectFields(run.key), error: messageOf(error) }, 'sync aborted');
      throw error;
    }
    deps.logger.warn({ ...objectFields(run.key), err: error }, 'sync not concluded, will retry');
    deps.metrics.syncsTotal.inc({ kind: run.key.kind, result: 'error' });
    return {
      nextAt: new Date(deps.now().getTime() + TRY_AGAIN_MS),
      nextCause: 'retry',
      hintsSeen: [],
      keepAskers: true,
    };
  }
}

function observe(
  deps: WorkerDeps,
  { key, pending }: { key: ObjectKey; pending: SyncRun['pending'] },
  { outcome, durationMs }: { outcome: SyncOutcome; durationMs: number },
): void {
  deps.metrics.syncsTotal.inc({ kind: key.kind, result: outcome.kind });
  for (const trigger of pending.causes) deps.metrics.syncRequestsTotal.inc({ kind: key.kind, trigger });
  deps.metrics.syncDurationSeconds.observe({ kind: key.kind, step: 'total' }, durationMs / 1000);
  if (outcome.kind === 'done') {
    deps.metrics.lastSuccessfulSyncTimestampSeconds.set(key, deps.now().getTime() / 1000);
    for (const { action } of outcome.changes) deps.metrics.changedObjectsTotal.inc({ action });
  }
  const fields = {
    ...objectFields(key),
    outcome: outcome.kind,
    causes: pending.causes,
    durationMs: Math.round(durationMs),
  };
  const revision = 'revision' in outcome ? { revision: outcome.revision } : {};
  if (outcome.kind === 'failed') {
    deps.logger.warn({ ...fields, ...revision, error: messageOf(outcome.error) }, 'sync failed');
  } else if (outcome.kind === 'done' && outcome.changes.length > 0) {
    deps.logger.info({ ...fields, ...revision, changes: outcome.changes.length }, 'sync changed the cluster');
  } else deps.logger.debug({ ...fields, ...revision }, 'sync ended');
}
