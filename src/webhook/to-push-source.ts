import { DEFAULT_BRANCH, type GitReference, type GitRepository } from '../model/git-repository.ts';
import type { PushSource } from './match-push.ts';

interface FollowedRef {
  readonly follows: string;
  readonly followsRef: (ref: string) => boolean;
}

/** What matching needs to know of a GitRepository. */
export function toPushSource(source: GitRepository): PushSource {
  const { name, namespace = '' } = source.metadata;
  return {
    key: { kind: 'GitRepository', namespace, name },
    url: source.spec.url,
    suspended: source.spec.suspend ?? false,
    ...toFollowedRef(source.spec.ref ?? {}),
  };
}

/** Flux's precedence: commit, name, semver, tag, branch. */
function toFollowedRef({ commit, name, semver, tag, branch }: GitReference): FollowedRef {
  if (commit) return { follows: `only the commit ${commit}`, followsRef: () => false };
  if (name) return exactly(name);
  if (semver) return { follows: `tags within ${semver}`, followsRef: (ref) => ref.startsWith('refs/tags/') };
  if (tag) return exactly(`refs/tags/${tag}`);
  return exactly(`refs/heads/${branch || DEFAULT_BRANCH}`);
}

function exactly(followed: string): FollowedRef {
  return { follows: followed, followsRef: (ref) => ref === followed };
}
