import { changedPrefixes } from '../git/changed-prefixes.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { formatKey, keyOf } from '../model/object-key.ts';
import type { Hint } from '../model/push.ts';
import { formatRevision, isZeroSha } from '../model/revision.ts';
import type { Tip } from './ask-remote.ts';
import type { SyncDeps } from './deps.ts';
import { uidOf } from './open-source.ts';
import { findOrOpenRecord, inBackground } from './record-push.ts';
import { memoryOf } from './source-memory.ts';

interface Move {
  readonly source: GitRepository;
  readonly before: string | undefined;
  readonly tip: Tip;
  readonly hints: readonly Hint[];
}

/** Asks for every Kustomization of a source that has moved: those whose path changed first, and those for the push. */
export async function requestKustomizations(deps: SyncDeps, move: Move): Promise<void> {
  const { source, tip } = move;
  const { name, namespace = '' } = source.metadata;
  const followers = deps.resources.kustomizationsOf({ namespace, name });
  const [changed, pushId] = await Promise.all([findChanged(deps, move, followers), findOrOpenRecord(deps, move)]);
  const revision = formatRevision(tip);
  const first = followers.filter((kustomization) => changed.has(kustomization));
  const rest = followers.filter((kustomization) => !changed.has(kustomization));
  if (pushId !== undefined) {
    const overtaken = listOvertaken(move, memoryOf(deps.memories, uidOf(source)).left);
    deps.reports.announced({ source, sha: tip.sha, pushId, affected: first, followers: followers.length, overtaken });
  }
  await deps.queues.requestSyncs([
    ...first.map((kustomization) => ({
      key: keyOf('Kustomization', kustomization),
      cause: 'source' as const,
      revision,
      ...(pushId === undefined ? {} : { pushId }),
    })),
    ...rest.map((kustomization) => ({
      key: keyOf('Kustomization', kustomization),
      cause: 'source' as const,
      revision,
    })),
  ]);
  memoryOf(deps.memories, uidOf(source)).announced = revision;
  if (pushId === undefined) return;
  const detail = `${first.length} of ${followers.length} Kustomizations changed`;
  const object = formatKey({ kind: 'GitRepository', namespace, name });
  const step = { at: deps.now().toISOString(), object, step: 'fetched', detail };
  inBackground(deps, deps.pushRecords.addStep(pushId, step));
  if (first.length === 0) inBackground(deps, deps.pushRecords.setReason(pushId, `${detail}: nothing to deploy`));
}

/** Asks for every Kustomization of a source whose files differ at the same revision: other ones are left out of it now. */
export async function requestFollowers(deps: SyncDeps, source: GitRepository, tip: Tip): Promise<void> {
  const { name, namespace = '' } = source.metadata;
  const revision = formatRevision(tip);
  const followers = deps.resources.kustomizationsOf({ namespace, name });
  const toRequest = (kustomization: Kustomization) => ({
    key: keyOf('Kustomization', kustomization),
    cause: 'source' as const,
    revision,
  });
  await deps.queues.requestSyncs(followers.map(toRequest));
}

/** Pushes whose commits the ref has left before any sync saw it name them. Pure. */
function listOvertaken({ hints, tip }: Move, left: ReadonlyMap<string, number>) {
  return hints
    .filter(({ firstSeen, after }) => firstSeen && after !== tip.sha && !isZeroSha(after) && left.has(after))
    .map(({ after, pushId }) => ({ sha: after, pushId }));
}

/** Without the commit before, everything counts as changed. */
async function findChanged(
  deps: SyncDeps,
  { source, before, tip }: Move,
  followers: readonly Kustomization[],
): Promise<Set<Kustomization>> {
  if (before === undefined || !(await deps.git.has(uidOf(source), before))) return new Set(followers);
  const [old, now] = await Promise.all([deps.git.open(uidOf(source), before), deps.git.open(uidOf(source), tip.sha)]);
  const changed = await changedPrefixes(old.tree, now.tree, followers.map(pathOf));
  return new Set(followers.filter((kustomization) => changed.has(pathOf(kustomization))));
}

/** `./deploy/` and `deploy` are one directory; the root is empty. */
function pathOf({ spec }: Kustomization): string {
  return (spec.path ?? '')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
