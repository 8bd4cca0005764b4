/**
 * Runs the pipeline for one key: reads the resource, syncs it, and tells how that ended. Here is the pipeline's only
 * catch: whatever fails becomes status, event and commit status. An aborted run writes nothing more.
 */
import { isTerminating } from '../apply/wait-gone.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { findCondition } from '../model/conditions.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { sourceOf } from '../model/kustomization-source.ts';
import { parseRevision } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import { objectFields } from '../telemetry/create-logger.ts';
import { recordTriggeredEnd, recordTriggeredStart } from './answer-triggers.ts';
import { concludeSource, toSourceFailure } from './conclude-source.ts';
import type { SyncDeps } from './deps.ts';
import { followHooks } from './follow-hooks.ts';
import { createKustomizationStatusWriter } from './kustomization-status-writer.ts';
import { type Attempt, currentStep, type SyncOutcome, startAttempt, stepDurations } from './outcome.ts';
import { recordKustomizationEvents } from './record-kustomization-events.ts';
import { noteReason, recordSourceEnd } from './record-push.ts';
import type { KustomizationSync, SourceOutcome, SourceSync } from './sync-context.ts';
import { syncKustomization } from './sync-kustomization.ts';
import { syncSource } from './sync-source.ts';
import { timeoutOf } from './timing.ts';

const GONE: SyncOutcome = { kind: 'gone' };
const MOST_SUPERSEDED = 2;
/** Outcomes that leave a Kustomization's status as it is: there is nothing to tell, or not yet. */
const UNTOLD: ReadonlySet<SyncOutcome['kind']> = new Set(['gone', 'suspended', 'superseded', 'unsettled']);

/** Syncs a source; never rejects but for an aborted run or a cluster that cannot be written to. */
export async function runSourceSync(deps: SyncDeps, run: SyncRun): Promise<SourceOutcome> {
  const source = deps.resources.gitRepository(run.key);
  if (!source)
    noteReason(deps, run.pending.hints, 'gone: the GitRepository was deleted before this push was looked at');
  const result = source ? await attemptSource(deps, { source, run }) : { outcome: GONE, hintsSeen: allHints(run) };
  recordSourceEnd(deps, run, result);
  if (source) await followHooks(deps, { source, run }, result.outcome);
  return result;
}

function allHints({ pending }: SyncRun): string[] {
  return pending.hints.map(({ deliveryId }) => deliveryId);
}

async function attemptSource(deps: SyncDeps, { source, run }: SourceSync): Promise<SourceOutcome> {
  try {
    return await syncSource(deps, { source, run });
  } catch (error) {
    run.signal.throwIfAborted();
    rethrowIfLost(error);
    return await concludeSource(deps, { source, run }, toSourceFailure(deps, { source, run }, error));
  }
}

/** Syncs a Kustomization; never rejects but for an aborted run or a cluster that cannot be written to. */
export async function runKustomizationSync(deps: SyncDeps, run: SyncRun, superseded: number): Promise<SyncOutcome> {
  const kustomization = deps.resources.kustomization(run.key);
  recordTriggeredStart(deps, run);
  if (!kustomization) {
    recordTriggeredEnd(deps, run, { outcome: GONE, attempt: undefined });
    return GONE;
  }
  const attempt = startAttempt(deps.now());
  const status = createKustomizationStatusWriter(deps, { kustomization, attempt, run });
  const bounded = { ...run, signal: AbortSignal.any([run.signal, AbortSignal.timeout(timeoutOf(kustomization))]) };
  const mayBeSuperseded = superseded < MOST_SUPERSEDED;
  const sync = { kustomization, run: bounded, attempt, status, mayBeSuperseded };
  const outcome = await attemptKustomization(deps, sync, run);
  if (outcome.kind === 'gone') deps.targets.release(kustomization);
  if (!UNTOLD.has(outcome.kind)) {
    const wasHealthy = findCondition(kustomization.status?.conditions, 'Healthy')?.status === 'True';
    const isWritten = await status.conclude(outcome);
    recordKustomizationEvents(deps, { kustomization: status.current, attempt, outcome, isWritten, wasHealthy });
  }
  if (outcome.kind === 'unsettled') return outcome;
  recordTriggeredEnd(deps, run, { outcome, attempt });
  reportEnd(deps, { sync, outcome, run });
  observeSteps(deps, run, attempt);
  return outcome;
}

function observeSteps({ metrics, logger }: SyncDeps, { key }: SyncRun, attempt: Attempt): void {
  const steps = stepDurations(attempt);
  for (const { name, ms } of steps) metrics.syncDurationSeconds.observe({ kind: key.kind, step: name }, ms / 1000);
  const durationsMs = Object.fromEntries(steps.map(({ name, ms }) => [name, Math.round(ms * 10) / 10]));
  logger.debug({ ...objectFields(key), durationsMs }, 'steps of the sync');
}

async function attemptKustomization(deps: SyncDeps, sync: KustomizationSync, run: SyncRun): Promise<SyncOutcome> {
  try {
    return await syncKustomization(deps, sync);
  } catch (error) {
    run.signal.throwIfAborted();
    rethrowIfLost(error);
    if (error instanceof HawserError && error.code === 'SYNC_SUPERSEDED') {
      return { kind: 'superseded', revision: sync.attempt.revision ?? '', by: String(error.data.by) };
    }
    return { kind: 'failed', error: toTimeout(sync, error), revision: sync.attempt.revision };
  }
}

/**
 * A lost lease, a resource that somebody else has synced meanwhile, a Git store that turned out to be damaged: the key
 * is run again at once, which mends it, and nothing is written.
 */
const RUN_AGAIN: ReadonlySet<string> = new Set([
  'SYNC_LEASE_LOST',
  'SYNC_STALE',
  'GIT_STORE_CORRUPT',
  'GIT_OBJECT_MISSING',
]);

function rethrowIfLost(error: unknown): void {
  if (error instanceof HawserError && RUN_AGAIN.has(error.code)) throw error;
}

function toTimeout({ run, kustomization, attempt }: KustomizationSync, error: unknown): unknown {
  if (!run.signal.aborted || isTerminating(error)) return error;
  return new HawserError(
    'SYNC_TIMEOUT',
    `${currentStep(attempt)} did not end within ${timeoutOf(kustomization) / 1000}s (spec.timeout)`,
    { cause: error },
  );
}

function reportEnd(
  deps: SyncDeps,
  {
    sync,
    outcome,
    run,
  }: {
    sync: { status: { current: KustomizationSync['kustomization'] }; attempt: Attempt };
    outcome: SyncOutcome;
    run: SyncRun;
  },
): void {
  // What was deleted answers for what it was asked to deploy, as does a sync that failed before it opened its source.
  const attempted = outcome.kind === 'gone' ? undefined : sync.attempt.revision;
  const sha = parseRevision(attempted ?? run.pending.revision ?? sync.attempt.revision)?.sha;
  const source = sync.attempt.source ?? findSource(deps, sync.status.current);
  if (sha === undefined || !source) return;
  const { pushIds } = run.pending;
  const progress = { kustomization: sync.status.current, source, sha, pushIds };
  deps.reports.ended(progress, outcome, sync.attempt);
}

function findSource({ resources }: SyncDeps, kustomization: Kustomization) {
  const source = sourceOf(kustomization);
  return source.kind === 'GitRepository' ? resources.gitRepository(source) : undefined;
}
