import type { GitRepositoryStatus } from '../model/git-repository.ts';

/** True if two statuses say the same, but for transition times. Pure. */
export function isSameSourceStatus(a: GitRepositoryStatus | undefined, b: GitRepositoryStatus): boolean {
  const comparable = (status: GitRepositoryStatus | undefined) =>
    JSON.stringify([
      status?.observedGeneration,
      status?.conditions
        ?.map(({ lastTransitionTime: _, ...said }) => JSON.stringify(Object.entries(said).sort()))
        .sort(),
      status?.artifact?.revision,
      status?.artifact?.digest,
      status?.sourceVerificationMode,
      status?.observedIgnore,
      status?.observedInclude,
      status?.observedSparseCheckout,
      status?.observedRecurseSubmodules,
      status?.includedArtifacts?.map(({ revision, digest }) => [revision, digest]),
      status?.lastHandledReconcileAt,
    ]);
  return comparable(a) === comparable(b);
}
