/**
 * The first half of the pipeline: one GitRepository, from its remote's tip to requests for the Kustomizations that it
 * feeds. Status, event and artifact follow once those are on their way. This file holds the order of the steps.
 */
import type { GitRemote } from '../git/create-git-client.ts';
import { type FollowedReference, isFollowed, TAGS, toFollowedReference } from '../model/followed-reference.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Hint, TriggerNote } from '../model/push.ts';
import { formatRevision, isZeroSha } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import { admitTriggers, findPatience, requestsOfTriggers } from './answer-triggers.ts';
import { type Answer, askRemote, explainAbsence } from './ask-remote.ts';
import { decideTip, isAhead, type TipDecision } from './decide-tip.ts';
import type { SyncDeps } from './deps.ts';
import { ensureFinalizer } from './ensure-finalizer.ts';
import { finalizeSource } from './finalize-source.ts';
import { doubtsOf } from './follow-tags.ts';
import { type OpenRevision, openRevision } from './open-revision.ts';
import type { SyncOutcome } from './outcome.ts';
import { placeHints } from './place-hints.ts';
import { patienceOf } from './poll-patience.ts';
import { hasOtherContent, publishArtifact } from './publish-artifact.ts';
import { noteReason, recordPassedOver, recordUndeployed, recordUnused, recordWaiting } from './record-push.ts';
import { requestFollowers, requestKustomizations } from './request-kustomizations.ts';
import { findStanding, formatCursor, noteLeft, type SourceCursor, type Standing, toCursor } from './source-cursor.ts';
import { memoryOf, noteAnswer, noteTip, type SourceMemory, uidOf } from './source-memory.ts';
import type { SourceOutcome, SourceSync } from './sync-context.ts';
import type { Tip } from './tip.ts';
import { toRemote } from './to-remote.ts';
import { tagToFetch } from './verify-source.ts';

const NOT_FOLLOWED = {
  kind: 'ignored',
  reason: 'not followed: the GitRepository has come to follow another ref',
};

export async function syncSource(deps: SyncDeps, sync: SourceSync): Promise<SourceOutcome> {
  const { run } = sync;
  if (sync.source.metadata.deletionTimestamp) return settled(await finalizeSource(deps, sync), run.pending.hints);
  if (sync.source.spec.suspend) {
    noteReason(deps, run.pending.hints, 'suspended: the GitRepository was suspended before this push was looked at');
    return settled({ kind: 'suspended' }, run.pending.hints);
  }
  const source = await ensureFinalizer(deps, sync.source, run);
  const followed = toFollowedReference(source.spec.ref);
  const memory = memoryOf(deps.memories, uidOf(source));
  const standing = findStanding(source, followed, run.pending.cursor);
  const { current } = standing;
  const heard = run.pending.hints.filter((hint) => isFollowed(followed, hint.ref));
  const remote = await toRemote(deps, source);
  const answer = await findTip(deps, { source, remote, memory, standing, hints: heard, run });
  const { tip } = answer;
  const { hints, passedOver } = placeHints(heard, { followed, answer, current, peeled: memory.peeled });
  noteTip(memory, tip);
  recordPassedOver(deps, run.key, passedOver);
  const elsewhere = run.pending.hints.filter((hint) => !isFollowed(followed, hint.ref));
  recordUnused(deps, run.key, elsewhere, NOT_FOLLOWED);

  const now = deps.now().getTime();
  const seen = { source, remote, memory, current, tip, run, hints };
  const left = noteLeft(standing.left, { tip: tip.sha, hints, now });
  const decided = decide(seen, { standing: { ...standing, left }, followed }, now);
  const decision = decided.kind === 'unchanged' ? await giveTime(deps, seen, decided) : decided;
  if (decision.kind === 'askAgain') {
    recordWaiting(deps, { source, run }, decision.why);
    const hintsSeen = passedOver.map(({ hint }) => hint.deliveryId);
    const outcome = { kind: 'unsettled', afterMs: decision.afterMs, why: decision.why } as const;
    return { outcome, hintsSeen, keepAskers: true };
  }
  const cursor = toCursor({ ...standing, left }, { source, followed, tip, now });
  const triggers = admitTriggers(deps, seen, run.pending.triggers);
  const following: Following = { ...seen, standing, cursor, triggers };
  const isNew = decision.kind === 'go' || current?.ref !== tip.ref || standing.asked !== tip.sha;
  const opened = await openRevision(deps, { source, remote, tip, have: current?.sha }, run.signal);
  return isNew ? await follow(deps, following, opened) : await stay(deps, following, opened);
}

/** A source whose remote has answered. */
interface Seen {
  readonly source: GitRepository;
  readonly remote: GitRemote;
  readonly memory: SourceMemory;
  /** The tip that was followed until now. */
  readonly current: Tip | undefined;
  readonly tip: Tip;
  readonly run: SyncRun;
  readonly hints: readonly Hint[];
}

interface Following extends Seen {
  readonly standing: Standing;
  /** The source at the tip. */
  readonly cursor: SourceCursor;
  /** Those that the tip answers. */
  readonly triggers: readonly TriggerNote[];
}

/** Decides whether the tip may be used. */
function decide(
  { memory, current, tip, hints }: Seen,
  { standing, followed }: { standing: Standing; followed: FollowedReference },
  now: number,
): TipDecision {
  const { isReturn, movedAt, left } = standing;
  const doubts = doubtsOf(followed, { tip, current, movedAt, left, now });
  const namedSince = noteAnswer(memory, tip.sha, now);
  return decideTip({ tip: tip.sha, current: current?.sha, isReturn, hints, now, namedSince, ...doubts });
}

/** Whoever triggers right after a push may be ahead of the remote's answer. */
async function giveTime(deps: SyncDeps, seen: Seen, unchanged: TipDecision): Promise<TipDecision> {
  const afterMs = await findPatience(deps, seen, seen.run.pending.triggers);
  const why = 'the remote does not name yet what a trigger expects';
  return afterMs === undefined ? unchanged : { kind: 'askAgain', afterMs, why };
}

/** The tip is known; what tells about it may not stand yet, or may have to be made with other rules. */
async function stay(deps: SyncDeps, following: Following, opened: OpenRevision): Promise<SourceOutcome> {
  const { source, standing, cursor, tip, run, hints } = following;
  recordUndeployed(deps, run.key, hints, { tip: tip.sha, left: cursor.left });
  const hasLeftMore = [...cursor.left.keys()].some((sha) => !standing.left.has(sha));
  if (!standing.isStored || hasLeftMore) await run.moveCursor(formatCursor(cursor));
  await deps.queues.requestSyncs(requestsOfTriggers(deps, { ...following, isMoved: false }));
  if (!standing.isStored || hasOtherContent(source, opened)) await requestFollowers(deps, source, tip);
  await publishArtifact(deps, { source, tip, opened, run, isMoved: false });
  return settled(done(tip), run.pending.hints);
}

/** Moves to a new tip: first whatever deploys it, then what tells about it. */
async function follow(deps: SyncDeps, following: Following, opened: OpenRevision): Promise<SourceOutcome> {
  const { source, cursor, current, tip, run, hints } = following;
  await run.moveCursor(formatCursor(cursor));
  const before = current && following.standing.asked;
  await requestKustomizations(deps, { ...following, before, left: cursor.left });
  await run.moveCursor(formatCursor({ ...cursor, asked: tip.sha }));
  await publishArtifact(deps, { source, tip, opened, run, isMoved: true });
  const found = { tip: tip.sha, left: cursor.left };
  const now = deps.now().getTime();
  const ahead = hints.filter((hint) => isAhead(hint, { ...found, now }));
  const deployed = hints.findLast((hint) => hint.after === tip.sha)?.pushId;
  const others = hints.filter((hint) => hint.pushId !== deployed && !ahead.includes(hint));
  recordUndeployed(deps, run.key, others, found);
  const notSeen = new Set(ahead.map((hint) => hint.deliveryId));
  const hintsSeen = run.pending.hints.map((hint) => hint.deliveryId).filter((id) => !notSeen.has(id));
  const newest = ahead.at(-1);
  if (!newest) return { outcome: done(tip), hintsSeen };
  return { outcome: { kind: 'unsettled', afterMs: 25, why: `a hook announced ${newest.after}` }, hintsSeen };
}

/** Asks the remote for its tip while the hinted commit is already on its way; both must be there at the end. */
async function findTip(
  deps: SyncDeps,
  { source, remote: reached, memory, standing, hints, run }: Omit<Seen, 'tip' | 'current'> & { standing: Standing },
): Promise<Answer & { tip: Tip }> {
  const { current, left } = standing;
  const remote = { ...reached, patienceMs: patienceOf({ source, run, memory, current }, reached.timeoutMs) };
  const have = current?.sha;
  const hinted = findHinted(hints, left, have);
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
function findHinted(hints: readonly Hint[], left: Standing['left'], have: string | undefined): string | undefined {
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
