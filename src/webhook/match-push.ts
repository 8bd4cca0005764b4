import { formatKey, type ObjectKey } from '../model/object-key.ts';
import type { Push } from '../model/push.ts';
import { toRepositoryIdentity } from '../model/repository-url.ts';

/** What matching needs to know of a source. */
export interface PushSource {
  readonly key: ObjectKey;
  readonly url: string;
  readonly followsRef: (ref: string) => boolean;
  /** What the source follows, for people: `refs/heads/main`. */
  readonly follows?: string;
  readonly suspended: boolean;
}

/** Which sources a push concerns, and why it does not concern the others of the same repository. */
export interface PushMatch {
  readonly matched: readonly ObjectKey[];
  readonly unmatched: readonly { readonly key: ObjectKey; readonly reason: string }[];
  /** Why nothing matched; undefined if something did. */
  readonly reason?: string;
}

const MOST_REASONS = 5;

/**
 * Finds the sources that follow what was pushed, by host and normalised path. The URLs of the push are only
 * ever compared: what is fetched is the source's own URL.
 */
export function matchPush(push: Push, sources: readonly PushSource[]): PushMatch {
  const identities = new Set(push.repositoryUrls.map(toRepositoryIdentity));
  identities.delete(undefined);
  const matched: ObjectKey[] = [];
  const unmatched: { key: ObjectKey; reason: string }[] = [];
  for (const source of sources) {
    if (!identities.has(toRepositoryIdentity(source.url))) continue;
    const reason = whyUnmatched(push, source);
    if (reason === undefined) matched.push(source.key);
    else unmatched.push({ key: source.key, reason });
  }
  return matched.length > 0 ? { matched, unmatched } : { matched, unmatched, reason: whyNothing(push, unmatched) };
}

function whyUnmatched(push: Push, source: PushSource): string | undefined {
  if (!source.followsRef(push.ref)) return `follows ${source.follows ?? 'another ref'}, the push moved ${push.ref}`;
  return source.suspended ? 'suspended' : undefined;
}

function whyNothing(push: Push, unmatched: PushMatch['unmatched']): string {
  if (unmatched.length === 0) {
    return `no GitRepository has the URL ${push.repositoryUrls[0] ?? `of ${push.repository}`}`;
  }
  const shown = unmatched.slice(0, MOST_REASONS).map(({ key, reason }) => `${formatKey(key)}: ${reason}`);
  const more = unmatched.length - shown.length;
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
}
