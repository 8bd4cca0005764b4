import type { Commit, GitRemote } from '../git/create-git-client.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { type ComposedTree, composeTree } from './compose-tree.ts';
import type { SyncDeps } from './deps.ts';
import { uidOf } from './source-memory.ts';
import type { Tip } from './tip.ts';
import { tagToFetch, verifySource } from './verify-source.ts';

/** A commit of a source, and what the source's spec makes of it. */
export interface OpenRevision extends ComposedTree {
  readonly commit: Commit;
  /** Who signed it, for people; undefined where nobody has to. */
  readonly verified: string | undefined;
}

interface RevisionRequest {
  readonly source: GitRepository;
  readonly remote: GitRemote;
  readonly tip: Tip;
  /** The commit at hand that it probably resembles. */
  readonly have: string | undefined;
}

/** Fetches a commit unless it is here, and opens it: nothing of a commit may be used that has not come through here. */
export async function openRevision(
  deps: SyncDeps,
  { source, remote, tip, have }: RevisionRequest,
  signal: AbortSignal,
): Promise<OpenRevision> {
  const sourceUid = uidOf(source);
  await deps.git.ensure({ sourceUid, remote, sha: tip.sha, have, tag: tagToFetch(source, tip) }, signal);
  const verified = await verifySource(deps, source, tip);
  const commit = await deps.git.open(sourceUid, tip.sha);
  return { commit, verified, ...(await composeTree(deps, { source, remote, tree: commit.tree }, signal)) };
}
