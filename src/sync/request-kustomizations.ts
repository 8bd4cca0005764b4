import { changedPrefixes } from '../git/changed-prefixes.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { formatKey, keyOf } from '../model/object-key.ts';
import type { Hint, TriggerNote } from '../model/push.ts';
import { formatRevision, isZeroSha } from '../model/revision.ts';
import { requestsOfTriggers } from './answer-triggers.ts';
import type { SyncDeps } from './deps.ts';
import { findOrOpenRecord, inBackground } from './record-push.ts';
import { memoryOf, uidOf } from './source-memory.ts';
import type { Tip } from './tip.ts';

interface Move {
  readonly source: GitRepository;
  readonly before: string | undefined;
  readonly tip: Tip;
  readonly hints: readonly Hint[];
  readonly triggers: readonly TriggerNote[];
  /** Commits that the ref has left. */
  readonly left: ReadonlyMap<string, number>;
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
    const overtaken = listOvertaken(move);
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
    ...requestsOfTriggers(deps, { ...move, isMoved: true }),
  ]);
  memoryOf(deps.memories, uidOf(source)).announced = revision;
  if (pushId === undefined) return;
  if (!move.triggers.some((trigger) => trigger.pushId === pushId))
    recordReach(deps, { source, pushId, revision }, { first, rest });
}

/** Notes in a push's record whom it changes, whom it does not, and who is told not to deploy. Does not wait. */
function recordReach(
  deps: SyncDeps,
  { source, pushId, revision }: { source: GitRepository; pushId: string; revision: string },
  { first, rest }: { first: readonly Kustomization[]; rest: readonly Kustomization[] },
): void {
  const at = deps.now().toISOString();
  const object = formatKey(keyOf('GitRepository', source));
  const { pushRecords } = deps;
  const keysOf = (some: readonly Kustomization[]) => some.map((one) => formatKey(keyOf('Kustomization', one)));
  const detail = `${first.length} of ${first.length + rest.length} Kustomizations changed`;
  const asked = keysOf(first.filter(({ spec }) => !spec.suspend));
  const suspended = keysOf(first.filter(({ spec }) => spec.suspend));
  const why = { kind: 'suspended', message: 'suspended, so nothing was done', at };
  const unchanged = { kind: 'unchanged', message: 'the push changed nothing below spec.path', revision, at };
  const writes = [
    pushRecords.addStep(pushId, { at, object, step: 'fetched', detail }),
    pushRecords.setOutcome(pushId, object, { kind: 'done', revision, at }),
    pushRecords.setPin(pushId, object, { revision, isNew: true, asked }),
    pushRecords.setOutcomes(pushId, suspended, why),
    pushRecords.setOutcomes(pushId, keysOf(rest), unchanged),
    ...(first.length === 0 ? [pushRecords.setReason(pushId, `${detail}: nothing to deploy`)] : []),
  ];
  for (const write of writes) inBackground(deps, write);
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
function listOvertaken({ hints, tip, left }: Move) {
  return hints
    .filter(({ firstSeen, after }) => firstSeen && after !== tip.sha && !isZeroSha(after) && left.has(after))
    .map(({ after, pushId }) => ({ sha: after, pushId }));
}

/** Without the commit before, everything counts as changed; so it does where commits alone do not say what their files are. */
async function findChanged(
  deps: SyncDeps,
  { source, before, tip }: Move,
  followers: readonly Kustomization[],
): Promise<Set<Kustomization>> {
  if (source.spec.recurseSubmodules) return new Set(followers);
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
