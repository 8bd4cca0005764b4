import type { SyncReport } from '../commit-status/to-commit-status.ts';
import { blameOf } from '../errors/blame-of.ts';
import { messageOf } from '../errors/hawser-error.ts';
import { parseRevision } from '../model/revision.ts';
import type { PushProgress } from '../sync/deps.ts';
import type { Attempt, SyncOutcome } from '../sync/outcome.ts';

/** What an outcome says to a commit; undefined where there is nothing new to say. Pure. */
export function toReport(outcome: SyncOutcome, progress: PushProgress, attempt: Attempt): SyncReport | undefined {
  switch (outcome.kind) {
    case 'done': {
      const changed = attempt.changes.filter(({ action }) => action !== 'unchanged' && action !== 'skipped').length;
      return { kind: 'done', changed, total: progress.kustomization.status?.inventory?.entries.length ?? 0 };
    }
    case 'waiting':
      return { kind: 'waiting', message: outcome.unhealthy.join(', ') };
    case 'failed':
      return { kind: 'failed', blame: blameOf(outcome.error), message: messageOf(outcome.error) };
    case 'superseded':
      return { kind: 'superseded', bySha: parseRevision(outcome.by)?.sha ?? outcome.by };
    case 'blocked':
      return { kind: 'blocked', message: outcome.message };
    case 'gone':
      // Later on it is nobody's push that is not deployed.
      return progress.pushIds.length > 0 ? { kind: 'gone' } : undefined;
    case 'suspended':
    case 'unsettled':
      return undefined;
  }
}
