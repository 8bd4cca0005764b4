import { describeChanges } from '../apply/change.ts';
import { messageOf } from '../errors/hawser-error.ts';
import { formatDuration } from '../model/duration.ts';
import { formatSubject } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { SyncDeps } from './deps.ts';
import { describeFailure } from './kustomization-status.ts';
import type { Attempt, SyncOutcome } from './outcome.ts';
import { intervalOf } from './timing.ts';

interface Ending {
  readonly kustomization: Kustomization;
  readonly attempt: Attempt;
  readonly outcome: SyncOutcome;
  /** Whether the sync changed the status: a sync that found nothing to do says nothing. */
  readonly isWritten: boolean;
}

const REVISION = 'kustomize.toolkit.fluxcd.io/revision';
const COMMIT_STATUS = 'kustomize.toolkit.fluxcd.io/commit_status';

/** Tells a sync's changes and its end as events, in Flux's words. */
export function recordKustomizationEvents(
  deps: SyncDeps,
  { kustomization, attempt, outcome, isWritten }: Ending,
): void {
  const about = { regarding: kustomization };
  const annotations = attempt.revision === undefined ? {} : { [REVISION]: attempt.revision };
  const changes = describeChanges(attempt.changes);
  if (changes !== '') {
    deps.kustomizationEvents.record({ ...about, type: 'Normal', reason: 'Progressing', message: changes, annotations });
  }
  for (const message of describeWarnings(attempt, isWritten)) {
    deps.kustomizationEvents.record({ ...about, type: 'Warning', reason: 'ApplyWarning', message, annotations });
  }
  if (!isWritten && changes === '') return;
  if (outcome.kind === 'done') {
    const took = formatDuration(Math.max(deps.now().getTime() - attempt.startedAt.getTime(), 1));
    const message = `Reconciliation finished in ${took}, next run in ${formatDuration(intervalOf(kustomization))}`;
    deps.kustomizationEvents.record({
      ...about,
      type: 'Normal',
      reason: 'ReconciliationSucceeded',
      message,
      annotations: { ...annotations, [COMMIT_STATUS]: 'update' },
    });
  }
  if (outcome.kind === 'failed') {
    const { reason } = describeFailure(outcome.error);
    const message = messageOf(outcome.error);
    deps.kustomizationEvents.record({ ...about, type: 'Warning', reason, message, annotations });
  }
}

function describeWarnings({ changes, warnings }: Attempt, isWritten: boolean): string[] {
  const ofRendering = isWritten ? (warnings ?? []) : [];
  const ofObjects = changes.flatMap(({ ref, warnings }) =>
    (warnings ?? []).map((warning) => `${formatSubject(ref)}: ${warning}`),
  );
  return [...ofRendering, ...ofObjects];
}
