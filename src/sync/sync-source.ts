/**
 * The first half of the pipeline: one GitRepository, from its remote's tip to requests for the Kustomizations that it
 * feeds. Status, event and artifact follow once those are on their way. This file holds the order of the steps.
 */
import type { GitRepository } from '../model/git-repository.ts';
import type { Hint } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import { decideTip, PATIENCE_MS } from './decide-tip.ts';
import type { SyncDeps } from './deps.ts';
import { ensureFinalizer } from './ensure-finalizer.ts';
import { finalizeSource } from './finalize-source.ts';
import { refuseUnsupportedSource } from './find-unsupported.ts';
import { readTip, toRemote, uidOf } from './open-source.ts';
import type { SyncOutcome } from './outcome.ts';
import { publishArtifact } from './publish-artifact.ts';
import { recordLate, recordUnconfirmed } from './record-push.ts';
import { requestKustomizations } from './request-kustomizations.ts';
import {
  branchOf,
  currentOf,
  listPassed,
  memoryOf,
  moveTo,
  noteAnswer,
  noteLeft,
  type SourceMemory,
} from './source-memory.ts';
import type { SourceOutcome, SourceSync } from './sync-context.ts';

export async function syncSource(deps: SyncDeps, sync: SourceSync): Promise<SourceOutcome> {
  const { run } = sync;
  if (sync.source.metadata.deletionTimestamp) return settled(await finalizeSource(deps, sync), run.pending.hints);
  if (sync.source.spec.suspend) return settled({ kind: 'suspended' }, run.pending.hints);
  refuseUnsupportedSource(sync.source);
  const source = await ensureFinalizer(deps, sync.source, run);
  const memory = memoryOf(deps.memories, uidOf(source));
  const current = currentOf(memory, source);
  const hints = run.pending.hints.filter((hint) => hint.ref === `refs/heads/${branchOf(source)}`);
  const tip = await findTip(deps, { source, memory, current, hints, run });

  const now = deps.now().getTime();
  const { left } = memory;
  noteLeft(memory, listPassed(tip, hints, left), now);
  const decision = decideTip({ tip, current, left, hints, now, namedSince: noteAnswer(memory, tip, now) });
  if (decision.kind === 'askAgain') {
    return { outcome: { kind: 'unsettled', afterMs: decision.afterMs, why: decision.why }, hintsSeen: [] };
  }
  if (decision.kind === 'unchanged') {
    recordUnconfirmed(deps, decision.unconfirmed);
    recordLate(deps, hints, { tip, left });
    await publishArtifact(deps, { source, sha: tip, run });
    memory.unpublished = undefined;
    return settled(done(source, tip), run.pending.hints);
  }
  return follow(deps, { source, memory, current, tip, run, hints });
}

interface Following {
  readonly source: GitRepository;
  readonly memory: SourceMemory;
  /** The tip that was followed until now. */
  readonly current: string | undefined;
  readonly tip: string;
  readonly run: SyncRun;
  readonly hints: readonly Hint[];
}

/** Moves to a new tip: first whatever deploys it, then what tells about it. */
async function follow(deps: SyncDeps, following: Following): Promise<SourceOutcome> {
  const { source, memory, tip, run, hints } = following;
  await announce(deps, following);
  await publishArtifact(deps, { source, sha: tip, run });
  memory.unpublished = undefined;
  const ahead = hints.filter((hint) => isAhead(hint, following, deps.now().getTime()));
  const others = hints.filter((hint) => hint.after !== tip);
  recordLate(deps, others, { tip, left: memory.left });
  const hintsSeen = run.pending.hints.filter((hint) => !ahead.includes(hint)).map((hint) => hint.deliveryId);
  const newest = ahead.at(-1);
  if (!newest) return { outcome: done(source, tip), hintsSeen };
  return { outcome: { kind: 'unsettled', afterMs: 25, why: `a hook announced ${newest.after}` }, hintsSeen };
}

/** Only when everybody is asked, the move is made: what could not be asked is found again by the next sync. */
async function announce(deps: SyncDeps, { source, memory, current, tip, hints }: Following): Promise<void> {
  const { unpublished } = memory;
  moveTo(memory, tip, { before: current, hints, now: deps.now().getTime() });
  try {
    await requestKustomizations(deps, { source, before: current, tip, hints });
  } catch (error) {
    memory.unpublished = unpublished;
    throw error;
  }
}

/** A hook that announced more than the ref names yet: the push after the one just followed. */
function isAhead(hint: Hint, { memory, tip }: Following, now: number): boolean {
  if (!hint.firstSeen || isZeroSha(hint.after) || hint.after === tip) return false;
  return !memory.left.has(hint.after) && now - hint.heardAt < PATIENCE_MS;
}

/** Asks the remote for its tip while the hinted commit is already on its way; both must be there at the end. */
async function findTip(
  deps: SyncDeps,
  { source, memory, current, hints, run }: Omit<Following, 'tip'>,
): Promise<string> {
  const remote = await toRemote(deps, source);
  const have = current;
  const hinted = hints.at(-1)?.after;
  const worthFetching = hinted !== undefined && !isZeroSha(hinted) && hinted !== have && !memory.left.has(hinted);
  const early = worthFetching
    ? deps.git.ensure({ sourceUid: uidOf(source), remote, sha: hinted, have }, run.signal).catch(() => undefined)
    : undefined;
  const tip = await readTip(deps, { source, remote }, run.signal);
  if (tip !== undefined) noteAnswer(memory, tip, deps.now().getTime());
  await early;
  if (tip === undefined) throw await deps.git.explainAbsence(remote, `refs/heads/${branchOf(source)}`, run.signal);
  await deps.git.ensure({ sourceUid: uidOf(source), remote, sha: tip, have }, run.signal);
  return tip;
}

function done(source: GitRepository, sha: string): SyncOutcome {
  return { kind: 'done', revision: `${branchOf(source)}@sha1:${sha}`, changes: [] };
}

function settled(outcome: SyncOutcome, hints: readonly Hint[]): SourceOutcome {
  return { outcome, hintsSeen: hints.map((hint) => hint.deliveryId) };
}
