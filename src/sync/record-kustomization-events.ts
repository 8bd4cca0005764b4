import { describeChanges } from '../apply/change.ts';
import { describeCorrection } from '../apply/correction.ts';
import { messageOf } from '../errors/hawser-error.ts';
import { formatDuration } from '../model/duration.ts';
import { formatSubject } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { SyncDeps } from './deps.ts';
import { describeFailure, describeHealth } from './kustomization-status.ts';
import type { Attempt, SyncOutcome } from './outcome.ts';
import { intervalOf } from './timing.ts';

interface Ending {
  readonly kustomization: Kustomization;
  readonly attempt: Attempt;
  readonly outcome: SyncOutcome;
  /** Whether the sync changed the status: a sync that found nothing to do says nothing. */
  readonly isWritten: boolean;
  /** Whether the objects were healthy before. */
  readonly wasHealthy: boolean;
}

const REVISION = 'kustomize.toolkit.fluxcd.io/revision';
const ORIGIN_REVISION = 'kustomize.toolkit.fluxcd.io/originRevision';
const COMMIT_STATUS = 'kustomize.toolkit.fluxcd.io/commit_status';

interface Told {
  readonly type?: 'Warning';
  readonly severity?: 'info';
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Tells a sync's changes and its end as events, in Flux's words. */
export function recordKustomizationEvents(deps: SyncDeps, ending: Ending): void {
  const { kustomization, attempt } = ending;
  const told = [...changeEvents(ending), ...endEvents(ending, deps.now())];
  for (const { type = 'Normal', annotations: more, ...rest } of told) {
    const annotations = { ...revisionsOf(attempt), ...more };
    deps.kustomizationEvents.record({ ...rest, regarding: kustomization, type, annotations });
  }
}

function revisionsOf({ revision, originRevision }: Attempt): Record<string, string> {
  return {
    ...(revision === undefined ? {} : { [REVISION]: revision }),
    ...(originRevision === undefined ? {} : { [ORIGIN_REVISION]: originRevision }),
  };
}

function changeEvents({ attempt, isWritten }: Ending): Told[] {
  const changes = describeChanges(attempt.changes);
  return [
    ...(changes === '' ? [] : [{ reason: 'Progressing', message: changes }]),
    ...attempt.corrections.map((correction) => ({
      reason: 'DriftCorrected',
      message: `${formatSubject(correction.ref)}: ${describeCorrection(correction)}, and was put back`,
    })),
    ...attempt.changes.flatMap(({ ref, notes }) =>
      (notes ?? []).map((note) => ({ reason: 'Progressing', message: `${formatSubject(ref)}: ${note}` })),
    ),
    ...describeWarnings(attempt, isWritten).map((message) => ({
      type: 'Warning' as const,
      // What was applied is no failure: an Alert for errors, or a commit status, must not take it for one.
      severity: 'info' as const,
      reason: 'ApplyWarning',
      message,
    })),
  ];
}

function endEvents({ kustomization, attempt, outcome, isWritten, wasHealthy }: Ending, now: Date): Told[] {
  const hasChanged = attempt.changes.length > 0;
  if (!isWritten && !hasChanged) return [];
  switch (outcome.kind) {
    case 'done': {
      const took = formatDuration(Math.max(now.getTime() - attempt.startedAt.getTime(), 1));
      const message = `Reconciliation finished in ${took}, next run in ${formatDuration(intervalOf(kustomization))}`;
      const finished = { reason: 'ReconciliationSucceeded', message, annotations: { [COMMIT_STATUS]: 'update' } };
      if (outcome.healthyAfter === undefined || (wasHealthy && !hasChanged)) return [finished];
      return [{ reason: 'Succeeded', message: describeHealth(outcome.healthyAfter) }, finished];
    }
    case 'blocked':
      if (outcome.reason !== 'DependencyNotReady') return [];
      return [{ reason: outcome.reason, message: `Dependencies do not meet ready condition: ${outcome.message}` }];
    case 'failed':
      return [{ type: 'Warning', reason: describeFailure(outcome.error).reason, message: messageOf(outcome.error) }];
    default:
      return [];
  }
}

function describeWarnings({ changes, warnings }: Attempt, isWritten: boolean): string[] {
  const ofRendering = isWritten ? (warnings ?? []) : [];
  const ofObjects = changes.flatMap(({ ref, warnings }) =>
    (warnings ?? []).map((warning) => `${formatSubject(ref)}: ${warning}`),
  );
  return [...ofRendering, ...ofObjects];
}
