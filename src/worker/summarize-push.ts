import type { StatusText } from '../commit-status/to-commit-status.ts';
import { type PushSummary, toSummaryStatus } from '../commit-status/to-summary-status.ts';
import type { PushReach, ReachedWord } from '../push-record/push-reach.ts';

/** Clocks of workers differ: a word may seem older than the announcement it answers. */
const SKEW_MS = 5_000;

/** The summary of a push: what was said of each Kustomization since it was announced. Pure. */
export function summarizePush(reach: PushReach, words: Readonly<Record<string, ReachedWord>>): StatusText {
  const summary: PushSummary = {
    words: reach.affected.map((object) => toWord(object, words[object], reach)),
    suspended: reach.suspended,
    unaffected: reach.unaffected,
  };
  return toSummaryStatus(summary);
}

/** The same commit may be pushed again, by a rollback: what was said of it before does not count. */
function toWord(object: string, word: ReachedWord | undefined, reach: PushReach): PushSummary['words'][number] {
  const name = object.slice(object.indexOf('/') + 1);
  if (!word || isOld(word, reach)) return { name, state: undefined, description: '' };
  return { name, state: word.state, description: word.description };
}

function isOld(word: ReachedWord, { at }: PushReach): boolean {
  return word.at < at - SKEW_MS;
}

/** Whether a Kustomization has told how the push ended for it. Pure. */
export function isAnswered(word: ReachedWord | undefined, reach: PushReach): boolean {
  return word !== undefined && word.state !== 'pending' && !isOld(word, reach);
}

/** Whether the summary that stands says enough: counting down while it is pending would only use up the rate limit. */
export function isSummarySaid(standing: StatusText | undefined, wanted: StatusText): boolean {
  if (standing?.state !== wanted.state) return false;
  return wanted.state === 'pending' || standing.description === wanted.description;
}
