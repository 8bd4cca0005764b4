import type { Config } from './config/load-config.ts';
import { HawserError } from './errors/hawser-error.ts';
import type { TriggerTarget } from './http/accept-trigger.ts';
import { createAuthentication } from './http/authenticate.ts';
import type { PushApiOptions } from './http/push-api.ts';
import type { ObservedTrigger, TriggerOptions } from './http/trigger-route.ts';
import { reviewAccess, reviewToken } from './kube/review-access.ts';
import { parseArtifactSource } from './model/artifact-source.ts';
import { toFollowedReference } from './model/followed-reference.ts';
import type { GitRepository } from './model/git-repository.ts';
import { sourceOf } from './model/kustomization-source.ts';
import { keyOf, type ObjectKey } from './model/object-key.ts';
import type { PushRecords } from './push-record/create-push-records.ts';
import type { Queues } from './queue/create-queues.ts';
import type { Cluster } from './start-cluster.ts';
import type { Resources } from './sync/resources.ts';
import type { Logger } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { toPushSource } from './webhook/to-push-source.ts';

interface PushApiDeps {
  readonly config: Pick<Config, 'triggerTokens' | 'namespace' | 'externalUrl'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly pushRecords: PushRecords;
  readonly cluster: Cluster;
}

/** What the trigger and the API share: one way to tell who calls, and one way to ask. */
export function createPushApi(deps: PushApiDeps): { trigger: TriggerOptions; api: PushApiOptions } {
  const { config, metrics, queues, pushRecords, cluster } = deps;
  const shared = {
    pushRecords,
    requestSyncs: queues.requestSyncs,
    now: () => new Date(),
    authenticate: createAuthentication({
      tokens: config.triggerTokens,
      reviewToken: (token) => reviewToken(cluster.client, token),
      reviewAccess: (user, right) => reviewAccess(cluster.client, user, right),
    }),
  };
  return {
    trigger: {
      ...shared,
      externalUrl: config.externalUrl,
      findTarget: (key) => findTarget(listed(cluster), key),
      observe: (trigger) => observe(deps, trigger),
      observeStreams: (open) => metrics.triggerStreams.set(open),
    },
    api: {
      ...shared,
      namespace: config.namespace,
      observeReplay: (replay) => deps.logger.info(replay, 'push asked for again'),
      observeFailure: (error) => deps.logger.warn({ err: error }, 'a call of the API failed'),
      listSources: () => listed(cluster).gitRepositories().map(toPushSource),
    },
  };
}

/** Refusals are counted only: anybody can cause as many as he likes. */
function observe({ logger, metrics }: PushApiDeps, { error, ...trigger }: ObservedTrigger): void {
  const { result } = trigger;
  metrics.triggersTotal.inc({ result });
  if (result === 'unavailable') logger.warn({ ...trigger, err: error }, 'trigger not taken');
  else if (error === undefined) logger.info(trigger, 'trigger answered');
}

/** Before the first list everything would seem to be missing. */
function listed(cluster: Cluster): Resources {
  if (cluster.isSynced()) return cluster.resources;
  throw new HawserError('KUBE_UNREACHABLE', 'the custom resources have not been listed yet');
}

function findTarget(resources: Resources, key: ObjectKey): TriggerTarget | undefined {
  if (key.kind === 'GitRepository') {
    const found = resources.gitRepository(key);
    return found ? { key, suspended: found.spec.suspend ?? false, source: toSource(found) } : undefined;
  }
  const kustomization = resources.kustomization(key);
  if (!kustomization) return undefined;
  const target = { key, suspended: kustomization.spec.suspend ?? false };
  const { kind, ...name } = sourceOf(kustomization);
  if (kind !== 'GitRepository') {
    const published = resources.artifactSource(kind, name);
    return { ...target, artifactRevision: published && parseArtifactSource(published).status?.artifact?.revision };
  }
  const source = resources.gitRepository(name);
  return source ? { ...target, source: toSource(source) } : target;
}

function toSource(source: GitRepository): NonNullable<TriggerTarget['source']> {
  const followed = toFollowedReference(source.spec.ref);
  return {
    key: keyOf('GitRepository', source),
    url: source.spec.url,
    ref: 'ref' in followed ? followed.ref : undefined,
    suspended: source.spec.suspend ?? false,
  };
}
