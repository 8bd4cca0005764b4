import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { formatKey, keyOf, type ObjectKey } from '../model/object-key.ts';
import type { Hint, TriggerNote } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import type { PlacedHints } from './place-hints.ts';
import { memoryOf, uidOf } from './source-memory.ts';
import type { SourceOutcome, SourceSync } from './sync-context.ts';
import type { Tip } from './tip.ts';

/** Notes why nothing is deployed for what these hooks told; a redelivery says nothing new. Does not wait. */
export function recordUndeployed(
  deps: SyncDeps,
  source: ObjectKey,
  hints: readonly Hint[],
  found: { tip: string; left: ReadonlyMap<string, number> },
): void {
  for (const hint of hints) recordUnused(deps, source, [hint], whyUndeployed(hint, found));
}

function whyUndeployed(
  { ref, after }: Hint,
  { tip, left }: { tip: string; left: ReadonlyMap<string, number> },
): Unused {
  if (after === tip) {
    return {
      kind: 'unchanged',
      reason: `already known: ${ref} was seen to name ${after} before this hook was handled`,
    };
  }
  if (isZeroSha(after)) return { kind: 'stale', reason: `stale: ${ref} was deleted, and names ${tip} now` };
  if (left.has(after)) {
    const reason = `stale: ${ref} had moved on from ${after} to ${tip}, so nothing was deployed for it`;
    return { kind: 'stale', reason };
  }
  const reason = `unconfirmed: ${ref} did not name ${after} within 30 s, so nothing was deployed for it`;
  return { kind: 'unconfirmed', reason };
}

/** Why a source did nothing for a push: a word that `judgePush` knows, and what people read. */
interface Unused {
  readonly kind: string;
  readonly reason: string;
}

/** Notes one reason, and that as the source's outcome, for all of these hooks. Does not wait. */
export function recordUnused(
  deps: SyncDeps,
  source: ObjectKey,
  hints: readonly Hint[],
  { kind, reason }: Unused,
): void {
  noteReason(deps, hints, reason);
  const outcome = { kind, message: reason, at: deps.now().toISOString() };
  for (const { pushId, firstSeen } of hints) {
    if (pushId === undefined || !firstSeen) continue;
    inBackground(deps, deps.pushRecords.setOutcome(pushId, formatKey(source), outcome));
  }
}

/** Notes one reason for all of these hooks; a redelivery says nothing new. Does not wait. */
export function noteReason(deps: SyncDeps, hints: readonly Hint[], reason: string): void {
  for (const { pushId, firstSeen } of hints) {
    if (pushId === undefined || !firstSeen) continue;
    inBackground(deps, deps.pushRecords.setReason(pushId, reason));
  }
}

/** Notes why a tag that was pushed is not the one that its source follows; a redelivery says nothing new. */
export function recordPassedOver(deps: SyncDeps, source: ObjectKey, passedOver: PlacedHints['passedOver']): void {
  for (const { hint, reason } of passedOver) recordUnused(deps, source, [hint], { kind: 'ignored', reason });
}

/** Notes in the records of whom a source's sync is for why the remote's answer is not used yet. Does not wait. */
export function recordWaiting(deps: SyncDeps, { source, run }: SourceSync, why: string): void {
  const { hints, triggers } = run.pending;
  const ids = [...new Set([...hints, ...triggers].flatMap(({ pushId }) => pushId ?? []))];
  const memory = memoryOf(deps.memories, uidOf(source));
  const waiting = [why, ...ids].join();
  if (ids.length === 0 || memory.waiting === waiting) return;
  memory.waiting = waiting;
  const step = { at: deps.now().toISOString(), object: formatKey(run.key), step: 'waiting', detail: why };
  inBackground(deps, deps.pushRecords.addStep(ids, step));
}

/** Tells everybody whom a source's sync dealt with that it found nothing to go on with. Does not wait. */
export function recordSourceEnd(
  deps: SyncDeps,
  { key, pending }: SyncRun,
  { outcome, hintsSeen, keepAskers }: SourceOutcome,
): void {
  const message = describeSourceEnd(outcome);
  if (message === undefined) return;
  // A failure is told at once, also where the push stays asked for.
  const isTold = (id: string) => outcome.kind === 'failed' || hintsSeen.includes(id);
  const heard = pending.hints.filter(({ deliveryId }) => isTold(deliveryId));
  const asking = keepAskers ? [] : pending.triggers;
  const ids = new Set([...heard, ...asking].flatMap(({ pushId }) => pushId ?? []));
  const at = deps.now().toISOString();
  const object = formatKey(key);
  inBackground(deps, deps.pushRecords.addStep([...ids], { at, object, step: outcome.kind, detail: message }));
  for (const id of ids) {
    inBackground(deps, deps.pushRecords.setOutcome(id, object, { kind: outcome.kind, message, at }));
  }
}

function describeSourceEnd(outcome: SourceOutcome['outcome']): string | undefined {
  if (outcome.kind === 'failed') return messageOf(outcome.error);
  if (outcome.kind === 'suspended') return 'suspended, so the remote was not asked';
  return outcome.kind === 'gone' ? 'the GitRepository was deleted' : undefined;
}

/** Notes that what was pushed is not deployed because nobody who is trusted has signed it. */
export function recordRefused(deps: SyncDeps, hints: readonly Hint[], error: unknown): void {
  if (!(error instanceof HawserError) || error.code !== 'SIGNATURE_INVALID') return;
  noteReason(deps, hints, `refused: ${error.message}, so nothing was deployed for it`);
}

/** The record of a push that moved a source to `tip`: the hook's own, the trigger's, or a new one for what polling found. */
export async function findOrOpenRecord(
  deps: SyncDeps,
  {
    source,
    before,
    tip,
    hints,
    triggers,
  }: {
    source: GitRepository;
    before: string | undefined;
    tip: Tip;
    hints: readonly Hint[];
    triggers: readonly TriggerNote[];
  },
): Promise<string | undefined> {
  const known = hints.findLast((hint) => hint.after === tip.sha)?.pushId;
  if (known !== undefined) return known;
  if (triggers[0]) return triggers[0].pushId;
  try {
    const pushId = await deps.pushRecords.open({
      heard: 'poll',
      repository: source.spec.url,
      ref: tip.fullRef ?? tip.sha,
      before,
      after: tip.sha,
      heardAt: deps.now().toISOString(),
    });
    if (before !== undefined)
      memoryOf(deps.memories, uidOf(source)).polled = { object: tip.object, sha: tip.sha, pushId };
    const matched = [formatKey(keyOf('GitRepository', source))];
    inBackground(deps, deps.pushRecords.setMatches(pushId, { matched, unmatched: [] }));
    return pushId;
  } catch (error) {
    deps.logger.warn({ err: error }, 'a push could not be recorded');
    return undefined;
  }
}

/** Lets a record be written while the pipeline goes on; a record that fails is logged, never in the way. */
export function inBackground(deps: Pick<SyncDeps, 'logger'>, writing: Promise<unknown>): void {
  writing.catch((error: unknown) => deps.logger.warn({ error: messageOf(error) }, 'a push could not be recorded'));
}
