import { messageOf } from '../errors/hawser-error.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Hint } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';
import type { Tip } from './ask-remote.ts';
import type { SyncDeps } from './deps.ts';
import { uidOf } from './open-source.ts';
import type { PlacedHints } from './place-hints.ts';
import { memoryOf } from './source-memory.ts';

/** Notes that a hook announced a commit which the ref never came to name. Does not wait. */
export function recordUnconfirmed(deps: SyncDeps, hints: readonly Hint[]): void {
  for (const { pushId, ref, after } of hints) {
    if (pushId === undefined) continue;
    const reason = `unconfirmed: ${ref} did not name ${after} within 30 s, so nothing was deployed for it`;
    inBackground(deps, deps.pushRecords.setReason(pushId, reason));
  }
}

/** Notes that a hook came after its ref had moved on, or after its commit was found without it; a redelivery says nothing new. */
export function recordLate(
  deps: SyncDeps,
  hints: readonly Hint[],
  { tip, left }: { tip: string; left: ReadonlyMap<string, number> },
): void {
  for (const { pushId, ref, after, firstSeen } of hints) {
    if (pushId === undefined || !firstSeen || isZeroSha(after)) continue;
    if (after === tip) {
      const reason = `already known: ${ref} was seen to name ${after} before this hook was handled`;
      inBackground(deps, deps.pushRecords.setReason(pushId, reason));
    } else if (left.has(after)) {
      const reason = `stale: ${ref} had moved on from ${after} to ${tip}, so nothing was deployed for it`;
      inBackground(deps, deps.pushRecords.setReason(pushId, reason));
    }
  }
}

/** Notes why a tag that was pushed is not the one that its source follows; a redelivery says nothing new. */
export function recordPassedOver(deps: SyncDeps, passedOver: PlacedHints['passedOver']): void {
  for (const { hint, reason } of passedOver) {
    if (hint.pushId === undefined || !hint.firstSeen) continue;
    inBackground(deps, deps.pushRecords.setReason(hint.pushId, reason));
  }
}

/** The record of a push that moved a source to `tip`: the hook's own, or a new one for what polling found. */
export async function findOrOpenRecord(
  deps: SyncDeps,
  {
    source,
    before,
    tip,
    hints,
  }: { source: GitRepository; before: string | undefined; tip: Tip; hints: readonly Hint[] },
): Promise<string | undefined> {
  const known = hints.findLast((hint) => hint.after === tip.sha)?.pushId;
  if (known !== undefined) return known;
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
