import type { HealthVerdict } from '../apply/assess-health.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { findCondition } from '../model/conditions.ts';
import { formatDuration } from '../model/duration.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { describeProgress } from './kustomization-status.ts';
import type { Attempt, SyncOutcome } from './outcome.ts';
import { timeoutOf } from './timing.ts';

interface HealthInput {
  readonly kustomization: Kustomization;
  readonly attempt: Attempt;
  readonly verdict: HealthVerdict;
  readonly now: Date;
}

/** Turns a verdict over the objects into an outcome; a wait that has lasted too long is a failure. Pure. */
export function concludeHealth({ kustomization, attempt, verdict, now }: HealthInput): SyncOutcome {
  const revision = attempt.revision ?? '';
  const since = waitingSince(kustomization, attempt) ?? now;
  const elapsed = formatDuration(Math.max(now.getTime() - since.getTime(), 1));
  if (verdict.kind === 'healthy') return { kind: 'done', revision, changes: attempt.changes, healthyAfter: elapsed };
  if (verdict.kind === 'failed') {
    throw toHealthError(
      `health check failed after ${elapsed}: failed early due to stalled resources: [${verdict.unhealthy.join(', ')}]`,
    );
  }
  const deadline = new Date(since.getTime() + timeoutOf(kustomization));
  if (now >= deadline) {
    throw toHealthError(`health check failed after ${elapsed}: timeout waiting for: [${verdict.unhealthy.join(', ')}]`);
  }
  return { kind: 'waiting', revision, deadline, unhealthy: verdict.unhealthy };
}

/** When the wait for this revision began: its condition stands since then, also across restarts. */
function waitingSince(kustomization: Kustomization, attempt: Attempt): Date | undefined {
  const condition = findCondition(kustomization.status?.conditions, 'Reconciling');
  const isThisWait = condition?.message === describeProgress(attempt, kustomization);
  return isThisWait && attempt.changes.length === 0 ? new Date(condition.lastTransitionTime) : undefined;
}

function toHealthError(message: string): HawserError {
  return new HawserError('HEALTH_CHECK_FAILED', message);
}
