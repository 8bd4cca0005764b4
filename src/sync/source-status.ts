/** What a GitRepository's status says, in Flux's words. Pure. */
import type { ErrorCode } from '../errors/codes.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { findCondition, type NewCondition, toConditions } from '../model/conditions.ts';
import type { GitRepository, GitRepositorySpec, GitRepositoryStatus } from '../model/git-repository.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';
import { modeOf } from '../verification/verify-revision.ts';
import { HOOKS_MISSING } from './hooks-condition.ts';
import { describeFailure } from './kustomization-status.ts';

type Artifact = NonNullable<GitRepositoryStatus['artifact']>;

/** How a source's sync ended, as far as its status is concerned. */
export type SourceResult = StoredResult | { readonly kind: 'failed'; readonly error: unknown };

interface StoredResult {
  readonly kind: 'stored';
  readonly artifact: Artifact;
  /** What the artifact was made with. */
  readonly spec: GitRepositorySpec;
  readonly included: readonly Artifact[];
  /** Who signed the revision, where somebody has to. */
  readonly verified: string | undefined;
}

/** The status that a result leaves. */
export function toSourceStatus(source: GitRepository, result: SourceResult, now: Date): GitRepositoryStatus {
  const previous = source.status ?? {};
  const generation = source.metadata.generation;
  const requestedAt = source.metadata.annotations?.[REQUESTED_AT];
  const missing = findCondition(previous.conditions, HOOKS_MISSING);
  const kept = missing ? [bare(missing)] : [];
  const { conditions, isFinal } = result.kind === 'stored' ? stored(result) : failed(source, result.error);
  return {
    ...previous,
    ...(result.kind === 'stored' ? toObserved(result) : {}),
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

/** How a spec asks for its artifact to be made, as the status keeps it: what asks for nothing is absent. */
export function toObservedContent(
  spec: GitRepositorySpec,
): Pick<
  GitRepositoryStatus,
  'observedIgnore' | 'observedInclude' | 'observedSparseCheckout' | 'observedRecurseSubmodules'
> {
  return {
    observedIgnore: spec.ignore,
    observedInclude: spec.include?.length ? spec.include : undefined,
    observedSparseCheckout: spec.sparseCheckout?.length ? spec.sparseCheckout : undefined,
    observedRecurseSubmodules: spec.recurseSubmodules || undefined,
  };
}

function toObserved({ artifact, spec, included }: StoredResult): Partial<GitRepositoryStatus> {
  return {
    artifact,
    ...toObservedContent(spec),
    includedArtifacts: included.length > 0 ? [...included] : undefined,
    sourceVerificationMode: spec.verify && modeOf(spec.verify.mode),
  };
}

function stored({ artifact, verified }: StoredResult): { conditions: BareCondition[]; isFinal: boolean } {
  const message = `stored artifact for revision '${artifact.revision}'`;
  const conditions: BareCondition[] = [
    { type: 'Ready', status: 'True', reason: 'Succeeded', message },
    { type: 'ArtifactInStorage', status: 'True', reason: 'Succeeded', message },
  ];
  if (verified !== undefined) {
    conditions.push({ type: 'SourceVerified', status: 'True', reason: 'Succeeded', message: verified });
  }
  return { conditions, isFinal: true };
}

/** What was deployed stays deployed, and its artifact stays served, whatever the remote says now. */
function failed(source: GitRepository, error: unknown): { conditions: BareCondition[]; isFinal: boolean } {
  const { reason, disposition } = describeFailure(error);
  const message = describeSourceFailure(error);
  const failure = toFailureCondition(error, { reason, message });
  const kept = listKept(source, failure.type);
  const ready: BareCondition = { type: 'Ready', status: 'False', reason, message };
  if (disposition === 'stalled') {
    const stalled: BareCondition = { type: 'Stalled', status: 'True', reason, message };
    return { conditions: [ready, stalled, failure, ...kept], isFinal: true };
  }
  const reconciling: BareCondition = {
    type: 'Reconciling',
    status: 'True',
    reason: 'ProgressingWithRetry',
    message: 'building artifact',
  };
  return { conditions: [reconciling, ready, failure, ...kept], isFinal: false };
}

/** What went wrong, in Flux's types of conditions, by the error's code; whatever is not listed is a failure to fetch. */
const FAILURES: Partial<Record<ErrorCode, Pick<BareCondition, 'type' | 'status'>>> = {
  SIGNATURE_INVALID: { type: 'SourceVerified', status: 'False' },
  VERIFICATION_MODE_INVALID: { type: 'SourceVerified', status: 'False' },
  VERIFICATION_KEYS_INVALID: { type: 'SourceVerified', status: 'False' },
  INCLUDE_UNAVAILABLE: { type: 'IncludeUnavailable', status: 'True' },
  INCLUDE_CIRCLE: { type: 'IncludeUnavailable', status: 'True' },
  INCLUDE_INVALID: { type: 'StorageOperationFailed', status: 'True' },
  ARTIFACT_NOT_WRITTEN: { type: 'StorageOperationFailed', status: 'True' },
};

function toFailureCondition(error: unknown, said: Pick<BareCondition, 'reason' | 'message'>): BareCondition {
  const known = error instanceof HawserError ? FAILURES[error.code] : undefined;
  return { ...(known ?? { type: 'FetchFailed', status: 'True' }), ...said };
}

function listKept({ spec, status }: GitRepository, except: string): BareCondition[] {
  const types = ['ArtifactInStorage', ...(spec.verify ? ['SourceVerified'] : [])].filter((type) => type !== except);
  return types.flatMap((type) => findCondition(status?.conditions, type) ?? []).map(bare);
}

function bare({ type, status, reason, message }: BareCondition): BareCondition {
  return { type, status, reason, message };
}

/** Git's failures carry Flux's prefix; the others speak for themselves. */
export function describeSourceFailure(error: unknown): string {
  const isGit = error instanceof HawserError && error.code.startsWith('GIT_') && error.reason === 'GitOperationFailed';
  return isGit ? `failed to checkout and determine revision: ${messageOf(error)}` : messageOf(error);
}
