import { describeFollowed, isFollowed, toFollowedReference } from '../model/followed-reference.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { PushSource } from './match-push.ts';

/** What matching needs to know of a GitRepository. */
export function toPushSource(source: GitRepository): PushSource {
  const { name, namespace = '' } = source.metadata;
  const followed = toFollowedReference(source.spec.ref);
  return {
    key: { kind: 'GitRepository', namespace, name },
    url: source.spec.url,
    suspended: source.spec.suspend ?? false,
    follows: describeFollowed(followed),
    followsRef: (ref) => isFollowed(followed, ref),
  };
}
