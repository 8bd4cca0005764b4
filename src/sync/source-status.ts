/** What a GitRepository's status says, in Flux's words. Pure. */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { findCondition, type NewCondition, toConditions } from '../model/conditions.ts';
import type { GitRepository, GitRepositoryStatus } from '../model/git-repository.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';
import { HOOKS_MISSING } from './hooks-condition.ts';
import { describeFailure } from './kustomization-status.ts';

type Artifact = NonNullable<GitRepositoryStatus['artifact']>;

/** How a source's sync ended, as far as its status is concerned. */
export type SourceResult =
  /** With the rules of `spec.ignore` that the artifact was made with. */
  | { readonly kind: 'stored'; readonly artifact: Artifact; readonly ignore: string | undefined }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The status that a result leaves. */
export function toSourceStatus(source: GitRepository, result: SourceResult, now: Date): GitRepositoryStatus {
  const previous = source.status ?? {};
  const generation = source.metadata.generation;
  const requestedAt = source.metadata.annotations?.[REQUESTED_AT];
  const { conditions, isFinal } = result.kind === 'stored' ? stored(result.artifact) : failed(source, result.error);
  const missing = findCondition(previous.conditions, HOOKS_MISSING);
  const kept = missing ? [bare(missing)] : [];
  return {
    ...previous,
    ...(result.kind === 'stored' ? { artifact: result.artifact, observedIgnore: result.ignore } : {}),
    conditions: toConditions(
      previous.conditions,
      [...conditions, ...kept].map((condition) => ({ ...condition, observedGeneration: generation })),
      now,
    ),
    ...(isFinal ? { observedGeneration: generation } : {}),
    ...(requestedAt === undefined ? {} : { lastHandledReconcileAt: requestedAt }),
  };
}

type BareCondition = Omit<NewCondition, 'observedGeneration'>;

function stored(artifact: Artifact): { conditions: BareCondition[]; isFinal: boolean } {
  const message = `stored artifact for revision '${artifact.revision}'`;
  const conditions: BareCondition[] = [
    { type: 'Ready', status: 'True', reason: 'Succeeded', message },
    { type: 'ArtifactInStorage', status: 'True', reason: 'Succeeded', message },
  ];
  return { conditions, isFinal: true };
}

/** What was deployed stays deployed, and its artifact stays served, whatever the remote says now. */
function failed(source: GitRepository, error: unknown): { conditions: BareCondition[]; isFinal: boolean } {
  const { reason, disposition } = describeFailure(error);
  const message = describeSourceFailure(error);
  const inStorage = findCondition(source.status?.conditions, 'ArtifactInStorage');
  const kept: BareCondition[] = inStorage ? [bare(inStorage)] : [];
  const ready: BareCondition = { type: 'Ready', status: 'False', reason, message };
  const fetchFailed: BareCondition = { type: 'FetchFailed', status: 'True', reason, message };
  if (disposition === 'stalled') {
    const stalled: BareCondition = { type: 'Stalled', status: 'True', reason, message };
    return { conditions: [ready, stalled, fetchFailed, ...kept], isFinal: true };
  }
  const reconciling: BareCondition = {
    type: 'Reconciling',
    status: 'True',
    reason: 'ProgressingWithRetry',
    message: 'building artifact',
  };
  return { conditions: [reconciling, ready, fetchFailed, ...kept], isFinal: false };
}

function bare({ type, status, reason, message }: BareCondition): BareCondition {
  return { type, status, reason, message };
}

/** Git's failures carry Flux's prefix; the others speak for themselves. */
export function describeSourceFailure(error: unknown): string {
  const isGit = error instanceof HawserError && error.code.startsWith('GIT_') && error.reason === 'GitOperationFailed';
  return isGit ? `failed to checkout and determine revision: ${messageOf(error)}` : messageOf(error);
}
