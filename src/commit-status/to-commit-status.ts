import type { Disposition } from '../errors/codes.ts';
import type { CommitState } from './commit-status.ts';

/** How a sync of one Kustomization stands, as far as a commit status tells it. */
export type SyncReport =
  | { readonly kind: 'started' }
  | { readonly kind: 'done'; readonly changed: number; readonly total: number }
  | { readonly kind: 'waiting'; readonly message: string }
  | { readonly kind: 'blocked'; readonly message: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly disposition: Disposition; readonly message: string }
  | { readonly kind: 'superseded'; readonly bySha: string }
  | { readonly kind: 'gone' };

/** State and description to post; the reporter cuts what is too long. */
export interface StatusText {
  readonly state: CommitState;
  readonly description: string;
}

/** Flux's reasons for failures that lie in what was pushed, even where a later sync might succeed. */
const FAULTS_OF_MANIFESTS: ReadonlySet<string> = new Set([
  'BuildFailed',
  'HealthCheckFailed',
  'InvalidSpec',
  'PostBuildFailed',
  'ReconciliationFailed',
]);

const SHORT_SHA = 7;

/** The words for one Kustomization: failure means your manifests, error means our trouble. */
export function toCommitStatus(report: SyncReport): StatusText {
  switch (report.kind) {
    case 'started':
      return { state: 'pending', description: 'deploying' };
    case 'done':
      return { state: 'success', description: `deployed: ${countObjects(report.changed, report.total)}` };
    case 'waiting':
      return { state: 'pending', description: `applied, waiting: ${report.message}` };
    case 'blocked':
      return { state: 'pending', description: `blocked: ${report.message}` };
    case 'failed':
      return { state: isFaultOfManifests(report) ? 'failure' : 'error', description: report.message };
    case 'superseded':
      return { state: 'error', description: `superseded by ${report.bySha.slice(0, SHORT_SHA)}` };
    case 'gone':
      return { state: 'error', description: 'not deployed: the Kustomization was deleted' };
  }
}

function isFaultOfManifests({ reason, disposition }: Extract<SyncReport, { kind: 'failed' }>): boolean {
  return disposition === 'stalled' || FAULTS_OF_MANIFESTS.has(reason);
}

function countObjects(changed: number, total: number): string {
  const objects = total === 1 ? '1 object' : `${total} objects`;
  return changed === 0 ? `${objects}, nothing to change` : `${objects}, ${changed} changed`;
}

/** How many Kustomizations of a source stand where, for one push. */
export interface PushSummary {
  readonly deployed: number;
  readonly failed: number;
  /** Our own trouble, superseded or gone. */
  readonly errors: number;
  readonly pending: number;
  readonly unaffected: number;
}

/** One status for the whole push, fit for branch protection: `3 deployed, 117 unaffected`. */
export function toSummaryStatus(summary: PushSummary): StatusText {
  const parts: readonly (readonly [count: number, word: string])[] = [
    [summary.failed, 'failed'],
    [summary.errors, 'not deployed'],
    [summary.pending, 'pending'],
    [summary.deployed, 'deployed'],
    [summary.unaffected, 'unaffected'],
  ];
  const described = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return { state: toSummaryState(summary), description: described.join(', ') || 'nothing to deploy' };
}

/** Pending wins: a final state must not change afterwards. */
function toSummaryState({ pending, failed, errors }: PushSummary): CommitState {
  if (pending > 0) return 'pending';
  if (failed > 0) return 'failure';
  return errors > 0 ? 'error' : 'success';
}
