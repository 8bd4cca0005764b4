import { HawserError } from '../errors/hawser-error.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Hint } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';
import { askAgainAfter } from './ask-again-after.ts';
import { PATIENCE_MS } from './decide-tip.ts';
import type { SyncDeps } from './deps.ts';
import { describeFailure } from './kustomization-status.ts';
import { noteReason, recordRefused } from './record-push.ts';
import { isSameSourceStatus } from './same-source-status.ts';
import { memoryOf, uidOf } from './source-memory.ts';
import { describeSourceFailure, toSourceStatus } from './source-status.ts';
import type { SourceOutcome, SourceSync } from './sync-context.ts';
import { writeStatus } from './write-status.ts';

const DELAYS = { leastMs: 50, mostMs: 2_000 };

/**
 * A failure, unless it may still pass: a commit that the ref names and the server does not have yet gets 30 s. One that
 * only the spec names does not: nobody has promised it. What hooks told stays asked for as long as a retry may find it.
 */
export function toSourceFailure(deps: SyncDeps, { source, run }: SourceSync, error: unknown): SourceOutcome {
  const memory = memoryOf(deps.memories, uidOf(source));
  const now = deps.now().getTime();
  const isMissing = error instanceof HawserError && error.code === 'GIT_COMMIT_NOT_FOUND' && !source.spec.ref?.commit;
  const missingSince = isMissing ? (memory.named?.since ?? now) : now - PATIENCE_MS;
  if (now - missingSince < PATIENCE_MS) {
    const afterMs = askAgainAfter(now - missingSince, DELAYS);
    return {
      outcome: { kind: 'unsettled', afterMs, why: 'the server does not have the commit yet' },
      hintsSeen: [],
      keepAskers: true,
    };
  }
  const { hints } = run.pending;
  const isFinal = error instanceof HawserError && error.disposition === 'stalled';
  const given = hints.filter((hint) => isFinal || now - hint.heardAt >= PATIENCE_MS || isSeenDeletion(hint, error));
  for (const hint of given) noteReason(deps, [hint], whyGivenUp(hint, error));
  const hintsSeen = given.map((hint) => hint.deliveryId);
  return { outcome: { kind: 'failed', error, revision: undefined }, hintsSeen };
}

function isSeenDeletion({ after }: Hint, error: unknown): boolean {
  return isZeroSha(after) && error instanceof HawserError && ABSENT.has(error.code);
}

const ABSENT: ReadonlySet<string> = new Set(['GIT_REF_NOT_FOUND', 'GIT_EMPTY_REPOSITORY']);

function whyGivenUp(hint: Hint, error: unknown): string {
  if (isSeenDeletion(hint, error)) return `deleted: ${hint.ref} is gone; what is deployed stays`;
  return `failed: ${describeSourceFailure(error)}; what is deployed stays until a later sync finds the ref`;
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
