import { DEFAULT_BRANCH, type GitReference } from './git-repository.ts';

/** What a GitRepository follows: one ref, the highest version among the tags, or a commit that never moves. */
export type FollowedReference =
  | {
      readonly kind: 'branch' | 'tag' | 'name';
      /** In full, such as `refs/heads/main`. */
      readonly ref: string;
      /** As revisions show it: the branch, the tag, or the name as the spec has it. */
      readonly shown: string;
    }
  | { readonly kind: 'semver'; readonly range: string }
  | {
      readonly kind: 'commit';
      /** As the spec has it; maybe no commit id at all. */
      readonly sha: string;
      /** The branch that revisions show; empty without one. */
      readonly shown: string;
    };

/** Where tags are. */
export const TAGS = 'refs/tags/';

/** Git's notation for what a tag names in the end; that is what is followed in any case. */
const PEELED = /\^\{\}$/;

/** Reads `spec.ref` in Flux's precedence: commit, name, semver, tag, branch. An empty field counts as absent. Pure. */
export function toFollowedReference(reference: GitReference | undefined): FollowedReference {
  const { commit, name, semver, tag, branch } = reference ?? {};
  if (commit) return { kind: 'commit', sha: commit.toLowerCase(), shown: branch ?? '' };
  if (name) return { kind: 'name', ref: name.replace(PEELED, ''), shown: name };
  if (semver) return { kind: 'semver', range: semver };
  if (tag) return { kind: 'tag', ref: `${TAGS}${tag}`, shown: tag };
  return { kind: 'branch', ref: `refs/heads/${branch || DEFAULT_BRANCH}`, shown: branch || DEFAULT_BRANCH };
}

/** True for a ref whose moving may concern whoever follows this. Pure. */
export function isFollowed(followed: FollowedReference, ref: string): boolean {
  if (followed.kind === 'commit') return false;
  return followed.kind === 'semver' ? ref.startsWith(TAGS) : ref === followed.ref;
}

/** For people: `refs/heads/main`, `tags within 1.x`, `only the commit …`. Pure. */
export function describeFollowed(followed: FollowedReference): string {
  if (followed.kind === 'commit') return `only the commit ${followed.sha}`;
  return followed.kind === 'semver' ? `tags within ${followed.range}` : followed.ref;
}
