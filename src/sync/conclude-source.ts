import { HawserError } from '../errors/hawser-error.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { PATIENCE_MS } from './decide-tip.ts';
import type { SyncDeps } from './deps.ts';
import { describeFailure } from './kustomization-status.ts';
import { recordRefused } from './record-push.ts';
import { isSameSourceStatus } from './same-source-status.ts';
import { memoryOf, uidOf } from './source-memory.ts';
import { describeSourceFailure, toSourceStatus } from './source-status.ts';
import type { SourceOutcome, SourceSync } from './sync-context.ts';
import { writeStatus } from './write-status.ts';

/**
 * A failure, unless it may still pass: a commit that the ref names and the server does not have yet gets 30 s. One that
 * only the spec names does not: nobody has promised it.
 */
export function toSourceFailure(deps: SyncDeps, { source, run }: SourceSync, error: unknown): SourceOutcome {
  const memory = memoryOf(deps.memories, uidOf(source));
  const now = deps.now().getTime();
  const hintsSeen = run.pending.hints.map((hint) => hint.deliveryId);
  const isMissing = error instanceof HawserError && error.code === 'GIT_COMMIT_NOT_FOUND' && !source.spec.ref?.commit;
  const missingSince = isMissing ? (memory.named?.since ?? now) : now - PATIENCE_MS;
  if (now - missingSince < PATIENCE_MS) {
    const afterMs = Math.min(Math.max((now - missingSince) / 2, 50), 2_000);
    return {
      outcome: { kind: 'unsettled', afterMs, why: 'the server does not have the commit yet' },
      hintsSeen: [],
      keepAskers: true,
    };
  }
  return { outcome: { kind: 'failed', error, revision: undefined }, hintsSeen };
}

/** Writes a source's failure into its status and an event; an outcome that is none is passed on as it is. */
export async function concludeSource(
  deps: SyncDeps,
  { source, run }: SourceSync,
  result: SourceOutcome,
): Promise<SourceOutcome> {
  if (result.outcome.kind !== 'failed') return result;
  const { error } = result.outcome;
  recordRefused(deps, run.pending.hints, error);
  const latest: GitRepository = deps.resources.gitRepository(run.key) ?? source;
  const toStatus = (resource: GitRepository) => toSourceStatus(resource, { kind: 'failed', error }, deps.now());
  if (isSameSourceStatus(latest.status, toStatus(latest))) return result;
  const written = await writeStatus(deps, { resource: latest, toStatus }, run);
  deps.sourceEvents.record({
    regarding: written,
    type: 'Warning',
    reason: describeFailure(error).reason,
    message: describeSourceFailure(error),
  });
  return result;
}
