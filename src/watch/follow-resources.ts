/**
 * Follows the custom resources and asks for a sync of whatever changed: its spec, its request annotation, its deletion,
 * or the artifact of its source. Restores wake-ups when Redis has lost them. It only asks; it never syncs.
 */
import type { Cache } from '../kube/create-cache.ts';
import type { WatchEventType } from '../kube/kube-client.ts';
import { findCondition } from '../model/conditions.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { KustomizationStatus } from '../model/kustomization.ts';
import { keyOf, type ObjectKey, type SyncKind } from '../model/object-key.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { Cause, SyncRequest } from '../queue/pending-request.ts';
import { artifactOf, findDependency, includesOf, isFedBy, isIncludedBy } from './feeds.ts';
import { insist } from './insist.ts';

interface FollowDeps {
  readonly gitRepositories: Cache;
  readonly kustomizations: Cache;
  readonly queues: Pick<Queues, 'requestSyncs' | 'restore' | 'forget' | 'onReconnect'>;
  /** The revision of a source that this process has announced itself: its artifact asks for nothing more. */
  readonly announced: (uid: string) => string | undefined;
  /** Told of every failure to ask, which is then asked again. */
  readonly onError: (error: unknown) => void;
}

export interface Following {
  stop(): void;
}

const RESTORE_EVERY_MS = 60_000;

/** Starts following; the caches must be synced, so that what exists already is restored and not asked for anew. */
export function followResources(deps: FollowDeps): Following {
  let isStopped = false;
  const restore = () => {
    if (!isStopped) deps.queues.restore(allKeys(deps)).catch(deps.onError);
  };
  const take = (kind: SyncKind, change: ResourceChange) => {
    const key = keyOf(kind, change.object);
    if (change.type === 'DELETED') return void insist(() => deps.queues.forget(key), deps.onError);
    const requests = [
      ...toRequests(key, change, followersOf(deps, change)),
      ...includingRequests(key, change, deps.gitRepositories),
    ];
    if (requests.length > 0) void insist(() => deps.queues.requestSyncs(requests), deps.onError);
  };
  const follow = (kind: SyncKind, cache: Cache) =>
    cache.onChange((type, object, previous) => take(kind, { type, object, previous }));
  const ends = [follow('GitRepository', deps.gitRepositories), follow('Kustomization', deps.kustomizations)];
  const timer = setInterval(restore, RESTORE_EVERY_MS);
  timer.unref();
  deps.queues.onReconnect(restore);
  restore();
  return {
    stop() {
      isStopped = true;
      clearInterval(timer);
      for (const end of ends) end();
    },
  };
}

/** Who has to hear of a change; of an artifact nobody, if this process has told everybody already. */
function followersOf(deps: FollowDeps, { object }: ResourceChange): Pick<Cache, 'list'> {
  if (object.kind !== 'GitRepository') return deps.kustomizations;
  const uid = object.metadata.uid ?? '';
  return artifactOf(object) === deps.announced(uid) ? { list: () => [] } : deps.kustomizations;
}

function allKeys({ gitRepositories, kustomizations }: FollowDeps): ObjectKey[] {
  return [
    ...gitRepositories.list().map((object) => keyOf('GitRepository', object)),
    ...kustomizations.list().map((object) => keyOf('Kustomization', object)),
  ];
}

interface ResourceChange {
  readonly type: WatchEventType;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

/** What a change of a custom resource asks for: a sync of itself, of what a changed artifact feeds, and of what depends on it. Pure. */
export function toRequests(key: ObjectKey, change: ResourceChange, kustomizations: Pick<Cache, 'list'>): SyncRequest[] {
  const cause = causeOf(change);
  const own: SyncRequest[] = cause === undefined ? [] : [{ key, cause }];
  if (key.kind === 'Kustomization') return [...own, ...dependentRequests(key, change, kustomizations)];
  const revision = artifactOf(change.object);
  if (revision === undefined || revision === artifactOf(change.previous)) return own;
  const followers = kustomizations.list().filter((kustomization) => isFedBy(kustomization, key));
  return [
    ...own,
    ...followers.map((kustomization) => ({
      key: keyOf('Kustomization', kustomization),
      cause: 'source' as const,
      revision,
    })),
  ];
}

/**
 * Whoever includes a source takes what it has published anew, the same revision made anew included. Another spec may have
 * ended a circle, in which all that include anything may have been. Pure.
 */
export function includingRequests(
  key: ObjectKey,
  { object, previous }: ResourceChange,
  gitRepositories: Pick<Cache, 'list'>,
): SyncRequest[] {
  if (key.kind !== 'GitRepository') return [];
  const artifactOf = (source: KubeObject | undefined) => (source as GitRepository | undefined)?.status?.artifact;
  const hasNewSpec = previous !== undefined && previous.metadata.generation !== object.metadata.generation;
  const hasNewArtifact = JSON.stringify(artifactOf(object)) !== JSON.stringify(artifactOf(previous));
  if (!hasNewSpec && !hasNewArtifact) return [];
  const isConcerned = (source: KubeObject) =>
    (hasNewArtifact && isIncludedBy(source, key)) ||
    (hasNewSpec && source.metadata.namespace === key.namespace && includesOf(source).length > 0);
  return gitRepositories
    .list()
    .filter((source) => source.metadata.name !== key.name && isConcerned(source))
    .map((source) => ({ key: keyOf('GitRepository', source), cause: 'source' as const }));
}

/** Whoever depends on a Kustomization looks again at once when what they wait for may have come true. */
function dependentRequests(key: ObjectKey, change: ResourceChange, kustomizations: Pick<Cache, 'list'>): SyncRequest[] {
  const isNews = { rule: isNewlyReady(change), expression: hasAnyNews(change) };
  if (!isNews.rule && !isNews.expression) return [];
  return kustomizations
    .list()
    .filter((kustomization) => {
      const dependency = findDependency(kustomization, key);
      return dependency !== undefined && (dependency.readyExpr ? isNews.expression : isNews.rule);
    })
    .map((kustomization) => ({ key: keyOf('Kustomization', kustomization), cause: 'dependency' as const }));
}

/** Ready as it was not before, or with another spec, which may have ended a circle. */
function isNewlyReady({ object, previous }: ResourceChange): boolean {
  if (object.metadata.generation !== previous?.metadata.generation) return true;
  const now = readinessOf(object);
  return now.isReady && JSON.stringify(now) !== JSON.stringify(readinessOf(previous));
}

function readinessOf(object: KubeObject | undefined) {
  const { conditions, observedGeneration, lastAppliedRevision } = (object?.status ??
    {}) as Partial<KustomizationStatus>;
  return { isReady: findCondition(conditions, 'Ready')?.status === 'True', observedGeneration, lastAppliedRevision };
}

/** An expression may look at anything. */
function hasAnyNews({ object, previous }: ResourceChange): boolean {
  if (!previous) return true;
  const shown = ({ metadata, spec, status }: KubeObject) => {
    const { generation, labels, annotations } = metadata;
    return JSON.stringify([spec, status, generation, labels, annotations]);
  };
  return shown(object) !== shown(previous);
}

function causeOf({ object, previous }: ResourceChange): Cause | undefined {
  if (!previous || previous.metadata.generation !== object.metadata.generation) return 'spec';
  if (!previous.metadata.deletionTimestamp && object.metadata.deletionTimestamp) return 'spec';
  const asked = object.metadata.annotations?.[REQUESTED_AT];
  return asked !== undefined && asked !== previous.metadata.annotations?.[REQUESTED_AT] ? 'annotation' : undefined;
}
