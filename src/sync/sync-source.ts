/**
 * The first half of the pipeline: one GitRepository, from its remote's tip to requests for the Kustomizations that it
 * feeds. Status, event and artifact follow once those are on their way. This file holds the order of the steps.
 */
import type { GitRemote } from '../git/create-git-client.ts';
import { type FollowedReference, isFollowed, TAGS, toFollowedReference } from '../model/followed-reference.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Hint, TriggerNote } from '../model/push.ts';
import { formatRevision, isZeroSha, type Revision } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import { admitTriggers, requestsOfTriggers } from './answer-triggers.ts';
import { type Answer, askRemote, explainAbsence } from './ask-remote.ts';
import { decideTip, PATIENCE_MS, type TipDecision } from './decide-tip.ts';
import type { SyncDeps } from './deps.ts';
import { ensureFinalizer } from './ensure-finalizer.ts';
import { finalizeSource } from './finalize-source.ts';
import { leftBehind } from './follow-tags.ts';
import { type OpenRevision, openRevision } from './open-revision.ts';
import { toRemote } from './open-source.ts';
import type { SyncOutcome } from './outcome.ts';
import { placeHints } from './place-hints.ts';
import { patienceOf } from './poll-patience.ts';
import { hasOtherContent, publishArtifact } from './publish-artifact.ts';
import { recordLate, recordPassedOver, recordUnconfirmed } from './record-push.ts';
import { requestFollowers, requestKustomizations } from './request-kustomizations.ts';
import {
  currentOf,
  listPassed,
  memoryOf,
  moveTo,
  noteAnswer,
  noteLeft,
  noteTip,
  type SourceMemory,
  startFollowing,
  uidOf,
} from './source-memory.ts';
import type { SourceOutcome, SourceSync } from './sync-context.ts';
import type { Tip } from './tip.ts';
import { tagToFetch } from './verify-source.ts';

export async function syncSource(deps: SyncDeps, sync: SourceSync): Promise<SourceOutcome> {
  const { run } = sync;
  if (sync.source.metadata.deletionTimestamp) return settled(await finalizeSource(deps, sync), run.pending.hints);
  if (sync.source.spec.suspend) return settled({ kind: 'suspended' }, run.pending.hints);
  const source = await ensureFinalizer(deps, sync.source, run);
  const followed = toFollowedReference(source.spec.ref);
  const memory = memoryOf(deps.memories, uidOf(source));
  startFollowing(memory, followed);
  const current = currentOf(memory, source);
  const heard = run.pending.hints.filter((hint) => isFollowed(followed, hint.ref));
  const remote = await toRemote(deps, source);
  const answer = await findTip(deps, { source, remote, memory, current, hints: heard, run });
  const { tip } = answer;
  const { hints, passedOver } = placeHints(heard, { followed, answer, current, peeled: memory.peeled });
  noteTip(memory, tip);
  recordPassedOver(deps, source, passedOver);

  const seen = { source, remote, memory, current, tip, run, hints };
  const decision = decide(seen, followed, deps.now().getTime());
  if (decision.kind === 'askAgain') {
    const hintsSeen = passedOver.map(({ hint }) => hint.deliveryId);
    const outcome = { kind: 'unsettled', afterMs: decision.afterMs, why: decision.why } as const;
    return { outcome, hintsSeen, keepAskers: true };
  }
  if (decision.kind === 'unchanged') recordUnconfirmed(deps, source, decision.unconfirmed);
  const following: Following = { ...seen, triggers: admitTriggers(deps, seen, run.pending.triggers) };
  const isNew = decision.kind === 'go' || current?.ref !== tip.ref;
  const opened = await openRevision(deps, { source, remote, tip, have: current?.sha }, run.signal);
  return isNew ? await follow(deps, following, opened) : await stay(deps, following, opened);
}

interface Following {
  readonly source: GitRepository;
  readonly remote: GitRemote;
  readonly memory: SourceMemory;
  /** The tip that was followed until now. */
  readonly current: Revision | undefined;
  readonly tip: Tip;
  readonly run: SyncRun;
  readonly hints: readonly Hint[];
  /** Those that the tip answers. */
  readonly triggers: readonly TriggerNote[];
}

/** Notes what the ref has passed, and decides whether the tip may be used. */
function decide(
  { memory, current, tip, hints }: Omit<Following, 'triggers'>,
  followed: FollowedReference,
  now: number,
): TipDecision {
  noteLeft(memory, listPassed(tip.sha, hints, memory.left), now);
  const left = leftBehind(followed, { tip, current, left: memory.left, now });
  const namedSince = noteAnswer(memory, tip.sha, now);
  return decideTip({ tip: tip.sha, current: current?.sha, left, hints, now, namedSince });
}

/** The tip is known; what tells about it may not stand yet, or may have to be made with other rules. */
async function stay(deps: SyncDeps, following: Following, opened: OpenRevision): Promise<SourceOutcome> {
  const { source, memory, tip, run, hints } = following;
  recordLate(deps, hints, { source, tip: tip.sha, left: memory.left });
  await deps.queues.requestSyncs(requestsOfTriggers(deps, { ...following, isMoved: false }));
  if (hasOtherContent(source, opened)) await requestFollowers(deps, source, tip);
  await publishArtifact(deps, { source, tip, opened, run });
  memory.unpublished = undefined;
  return settled(done(tip), run.pending.hints);
}

/** Moves to a new tip: first whatever deploys it, then what tells about it. */
async function follow(deps: SyncDeps, following: Following, opened: OpenRevision): Promise<SourceOutcome> {
  const { source, memory, tip, run, hints } = following;
  await announce(deps, following);
  await publishArtifact(deps, { source, tip, opened, run });
  memory.unpublished = undefined;
  const ahead = hints.filter((hint) => isAhead(hint, following, deps.now().getTime()));
  const others = hints.filter((hint) => hint.after !== tip.sha);
  recordLate(deps, others, { source, tip: tip.sha, left: memory.left });
  const notSeen = new Set(ahead.map((hint) => hint.deliveryId));
  const hintsSeen = run.pending.hints.map((hint) => hint.deliveryId).filter((id) => !notSeen.has(id));
  const newest = ahead.at(-1);
  if (!newest) return { outcome: done(tip), hintsSeen };
  return { outcome: { kind: 'unsettled', afterMs: 25, why: `a hook announced ${newest.after}` }, hintsSeen };
}

/** Only when everybody is asked, the move is made: what could not be asked is found again by the next sync. */
async function announce(deps: SyncDeps, following: Following): Promise<void> {
  const { source, memory, current, tip, hints, triggers } = following;
  const { unpublished } = memory;
  const before = current?.sha;
  moveTo(memory, tip, { before, hints, now: deps.now().getTime() });
  try {
    await requestKustomizations(deps, { source, before, tip, hints, triggers });
  } catch (error) {
    memory.unpublished = unpublished;
    throw error;
  }
}

/** A hook that announced more than the ref names yet: the push after the one just followed. */
function isAhead(hint: Hint, { memory, tip }: Following, now: number): boolean {
  if (!hint.firstSeen || isZeroSha(hint.after) || hint.after === tip.sha) return false;
  return !memory.left.has(hint.after) && now - hint.heardAt < PATIENCE_MS;
}

/** Asks the remote for its tip while the hinted commit is already on its way; both must be there at the end. */
async function findTip(
  deps: SyncDeps,
  { source, remote: reached, memory, current, hints, run }: Omit<Following, 'tip' | 'triggers'>,
): Promise<Answer & { tip: Tip }> {
  const remote = { ...reached, patienceMs: patienceOf({ source, run, memory, current }, reached.timeoutMs) };
  const have = current?.sha;
  const hinted = findHinted(hints, memory, have);
  const early =
    hinted === undefined
      ? undefined
      : deps.git.ensure({ sourceUid: uidOf(source), remote, sha: hinted, have }, run.signal).catch(() => undefined);
  const { tip, refs } = await askRemote(deps, { source, remote }, run.signal);
  if (tip !== undefined) noteAnswer(memory, tip.sha, deps.now().getTime());
  await early;
  if (tip === undefined) throw await explainAbsence(deps, { source, remote }, run.signal);
  const tag = tagToFetch(source, tip);
  await deps.git.ensure({ sourceUid: uidOf(source), remote, sha: tip.sha, have, tag }, run.signal);
  return { tip, refs };
}

/** The commit that the newest hook announced, if it is worth fetching: a tag's hook may name the tag object instead. */
function findHinted(hints: readonly Hint[], { left }: SourceMemory, have: string | undefined): string | undefined {
  const newest = hints.at(-1);
  if (!newest || newest.ref.startsWith(TAGS) || isZeroSha(newest.after)) return undefined;
  return newest.after === have || left.has(newest.after) ? undefined : newest.after;
}

function done(tip: Tip): SyncOutcome {
  return { kind: 'done', revision: formatRevision(tip), changes: [] };
}

function settled(outcome: SyncOutcome, hints: readonly Hint[]): SourceOutcome {
  return { outcome, hintsSeen: hints.map((hint) => hint.deliveryId) };
}
