import type { Blame } from '../errors/codes.ts';
import type { CommitState } from './commit-status.ts';

/** How a sync of one Kustomization stands, as far as a commit status tells it. */
export type SyncReport =
  | { readonly kind: 'started' }
  | { readonly kind: 'done'; readonly changed: number; readonly total: number }
  | { readonly kind: 'waiting'; readonly message: string }
  | { readonly kind: 'blocked'; readonly message: string }
  | { readonly kind: 'failed'; readonly blame: Blame; readonly message: string }
  | { readonly kind: 'superseded'; readonly bySha: string }
  | { readonly kind: 'gone' };

/** State and description to post; the reporter cuts what is too long. */
export interface StatusText {
  readonly state: CommitState;
  readonly description: string;
}

const SHORT_SHA = 7;
const STATES = { manifests: 'failure', us: 'error' } as const satisfies Record<Blame, CommitState>;

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
      return { state: STATES[report.blame], description: report.message };
    case 'superseded':
      return { state: 'error', description: `superseded by ${report.bySha.slice(0, SHORT_SHA)}` };
    case 'gone':
      return { state: 'error', description: 'not deployed: the Kustomization was deleted' };
  }
}

function countObjects(changed: number, total: number): string {
  const objects = total === 1 ? '1 object' : `${total} objects`;
  return changed === 0 ? `${objects}, nothing to change` : `${objects}, ${changed} changed`;
}
