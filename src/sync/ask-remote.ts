import { HawserError } from '../errors/hawser-error.ts';
import type { GitRemote, RemoteRef } from '../git/create-git-client.ts';
import { type FollowedReference, TAGS, toFollowedReference } from '../model/followed-reference.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { isSha } from '../model/revision.ts';
import { parseSemverRange } from '../model/semver-range.ts';
import type { SyncDeps } from './deps.ts';
import { findHighest } from './follow-tags.ts';
import type { Tip } from './tip.ts';

/** What a remote says about what a source follows; without a tip it names nothing of the kind. */
export interface Answer {
  readonly tip: Tip | undefined;
  /** The refs that were looked at: the one that is followed, or all tags. */
  readonly refs: readonly RemoteRef[];
}

interface Target {
  readonly source: GitRepository;
  readonly remote: GitRemote;
}

/** Asks the remote, in one request, what a source's reference names; for a commit there is nothing to ask. Throws GIT_REF_INVALID. */
export async function askRemote(deps: Pick<SyncDeps, 'git'>, target: Target, signal: AbortSignal): Promise<Answer> {
  const followed = toFollowedReference(target.source.spec.ref);
  if (followed.kind === 'commit') return { tip: toPinnedTip(followed), refs: [] };
  if (followed.kind === 'semver') {
    const range = parseSemverRange(followed.range);
    const refs = await deps.git.listRefs(target.remote, [TAGS], signal);
    return { tip: await pickNewest(deps, target, { tags: findHighest(refs, range), signal }), refs };
  }
  const refs = await deps.git.listRefs(target.remote, [followed.ref], signal);
  const found = refs.find(({ name }) => name === followed.ref);
  return found ? { tip: toTip(found, followed.shown), refs: [found] } : { tip: undefined, refs: [] };
}

/** Why the remote named no tip, in Flux's words; to be thrown. */
export async function explainAbsence(
  deps: Pick<SyncDeps, 'git'>,
  { source, remote }: Target,
  signal: AbortSignal,
): Promise<HawserError> {
  const followed = toFollowedReference(source.spec.ref);
  const error = await deps.git.explainAbsence(remote, refOf(followed), signal);
  if (error.code !== 'GIT_REF_NOT_FOUND') return error;
  if (followed.kind === 'semver') {
    return new HawserError('GIT_REF_NOT_FOUND', `no match found for semver: ${followed.range}`);
  }
  return followed.kind === 'name'
    ? new HawserError('GIT_REF_NOT_FOUND', `unable to resolve ref '${followed.shown}' to a specific commit`)
    : error;
}

function refOf(followed: FollowedReference): string {
  if (followed.kind === 'semver') return TAGS;
  return followed.kind === 'commit' ? followed.sha : followed.ref;
}

function toTip({ name, sha, peeled = sha }: RemoteRef, shown: string): Tip {
  return { ref: shown, sha: peeled, fullRef: name, object: sha };
}

/** The spec is the truth for a commit that it names: no ref has to name it too. */
function toPinnedTip({ sha, shown }: { sha: string; shown: string }): Tip {
  if (isSha(sha)) return { ref: shown, sha, fullRef: undefined, object: sha };
  throw new HawserError(
    'GIT_REF_INVALID',
    `unable to resolve commit object for '${sha}': it is no commit id; write all 40 digits into spec.ref.commit`,
  );
}

/** More tags of one version than this are no case of build metadata. */
const MOST_EQUAL_TAGS = 32;

/** Of tags of equal versions the one whose commit is the newest, as in Flux; of one commit's the last by name. */
async function pickNewest(
  deps: Pick<SyncDeps, 'git'>,
  { source, remote }: Target,
  { tags, signal }: { tags: readonly RemoteRef[]; signal: AbortSignal },
): Promise<Tip | undefined> {
  const tips = tags.map((tag) => toTip(tag, tag.name.slice(TAGS.length))).sort((a, b) => (a.ref < b.ref ? -1 : 1));
  const last = tips.at(-1);
  if (!last || tips.every(({ sha }) => sha === last.sha)) return last;
  const sourceUid = source.metadata.uid ?? '';
  const dated = tips.slice(-MOST_EQUAL_TAGS).map(async (tip) => {
    if (!(await deps.git.has(sourceUid, tip.sha))) await deps.git.ensure({ sourceUid, remote, sha: tip.sha }, signal);
    return { tip, at: (await deps.git.open(sourceUid, tip.sha)).committedAt.getTime() };
  });
  let newest = { tip: last, at: Number.NEGATIVE_INFINITY };
  for (const candidate of await Promise.all(dated)) if (candidate.at >= newest.at) newest = candidate;
  return newest.tip;
}
