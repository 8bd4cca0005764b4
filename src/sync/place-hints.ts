import type { RemoteRef } from '../git/create-git-client.ts';
import { type FollowedReference, TAGS } from '../model/followed-reference.ts';
import type { Hint } from '../model/push.ts';
import { isZeroSha, type Revision } from '../model/revision.ts';
import { compareVersions } from '../model/semver.ts';
import { parseSemverRange, type SemverRange } from '../model/semver-range.ts';
import type { Answer } from './ask-remote.ts';
import { findHighest, versionWithin } from './follow-tags.ts';
import type { Tip } from './tip.ts';

/** What hooks say, in terms of what is followed. */
export interface PlacedHints {
  /** They concern the tip: commits in the place of tag objects, and the next highest tag in the place of a deletion. */
  readonly hints: readonly Hint[];
  /** They moved a tag that is not followed, with the reason. */
  readonly passedOver: readonly { readonly hint: Hint; readonly reason: string }[];
}

interface Place {
  readonly followed: FollowedReference;
  readonly answer: Answer & { readonly tip: Tip };
  /** What was followed until now. */
  readonly current: Revision | undefined;
  /** Tag objects named earlier, and the commits behind them. */
  readonly peeled: ReadonlyMap<string, string>;
}

/** Puts hooks into the terms of the remote's answer. Pure. */
export function placeHints(hints: readonly Hint[], place: Place): PlacedHints {
  const known = new Map(place.peeled);
  for (const { sha, peeled } of place.answer.refs) if (peeled !== undefined) known.set(sha, peeled);
  const peel = (sha: string) => known.get(sha) ?? sha;
  const ofCommits = hints.map((hint) => ({ ...hint, before: peel(hint.before), after: peel(hint.after) }));
  if (place.followed.kind !== 'semver') return { hints: ofCommits, passedOver: [] };
  const { range: text } = place.followed;
  const range = parseSemverRange(text);
  const placed: Hint[] = [];
  const passedOver: { hint: Hint; reason: string }[] = [];
  for (const hint of ofCommits) {
    const reason = whyPassedOver(hint, place, { range, text });
    if (reason === undefined) placed.push(isZeroSha(hint.after) ? placeDeletion(hint, place.answer, range) : hint);
    else passedOver.push({ hint, reason });
  }
  return { hints: placed, passedOver };
}

function whyPassedOver(
  hint: Hint,
  { answer: { tip }, current }: Place,
  { range, text }: { range: SemverRange; text: string },
): string | undefined {
  const version = versionWithin(range, hint.ref);
  if (!version) return `outside the range: ${hint.ref} is no version within ${text}`;
  if (isZeroSha(hint.after)) {
    const wasFollowed = hint.ref === `${TAGS}${current?.ref}` && hint.before === current?.sha;
    return wasFollowed ? undefined : `not followed: ${hint.ref} was not what ${text} had come to`;
  }
  const highest = versionWithin(range, tip.fullRef ?? '');
  const isLower = highest !== undefined && compareVersions(version, highest) < 0;
  return isLower ? `not the highest: ${hint.ref} is lower than ${tip.fullRef}` : undefined;
}

/** Without the deleted tag the next highest is expected, whether the remote has deleted it yet or not. */
function placeDeletion(hint: Hint, { tip, refs }: Place['answer'], range: SemverRange): Hint {
  if (tip.fullRef !== hint.ref) return { ...hint, after: tip.sha };
  const rest: readonly RemoteRef[] = refs.filter(({ name }) => name !== hint.ref);
  const next = findHighest(rest, range).at(-1);
  return next ? { ...hint, after: next.peeled ?? next.sha } : hint;
}
