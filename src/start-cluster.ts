import type { Config } from './config/load-config.ts';
import { type Cache, createCache } from './kube/create-cache.ts';
import { createKubeClient } from './kube/create-kube-client.ts';
import type { KubeClient, KubeClientEvent } from './kube/kube-client.ts';
import { loadClusterAccess } from './kube/load-cluster-access.ts';
import { SOURCE_GROUP } from './model/git-repository.ts';
import { KUSTOMIZE_GROUP } from './model/kustomization.ts';
import { followReceivers, type ReceiverFollowing } from './receiver/follow-receivers.ts';
import { createResources, type Resources } from './sync/resources.ts';
import type { Logger } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { ArtifactSourceFollowing } from './watch/follow-artifact-sources.ts';

/** The cluster's client, and the custom resources as they stand there. */
export interface Cluster {
  readonly client: KubeClient;
  readonly gitRepositories: Cache;
  readonly kustomizations: Cache;
  readonly resources: Resources;
  /** Where Flux's Receivers are called. */
  readonly receivers: ReceiverFollowing;
  /** Says where the sources of other controllers are read from; without it there are none. */
  followArtifacts(sources: Pick<ArtifactSourceFollowing, 'get'>): void;
  /** True once both kinds of custom resources have been listed. */
  isSynced(): boolean;
  readonly synced: Promise<unknown>;
  stop(): Promise<void>;
}

/** Connects to the cluster and starts following the custom resources; does not wait for either. */
export function startCluster(config: Config, { logger, metrics }: { logger: Logger; metrics: Metrics }): Cluster {
  const observe = (event: KubeClientEvent) => {
    if (event.kind !== 'watchRestarted') return logger.debug({ ...event }, 'request to the API server repeated');
    metrics.watchRestartsTotal.inc({ reason: event.cause });
    if (event.cause !== 'ended') logger.warn({ ...event, err: event.error }, 'watch restarted');
  };
  const access = loadClusterAccess({ kubeconfig: config.kubeconfig });
  const client = createKubeClient({ access, observe });
  const { namespace } = config;
  const gitRepositories = createCache(client, {
    group: SOURCE_GROUP,
    version: 'v1',
    plural: 'gitrepositories',
    namespace,
  });
  const kustomizations = createCache(client, {
    group: KUSTOMIZE_GROUP,
    version: 'v1',
    plural: 'kustomizations',
    namespace,
  });
  const receivers = followReceivers({
    client,
    namespace,
    onError: (error) => logger.warn({ err: error }, 'the Receivers could not be looked up'),
  });
  let artifactSources: Pick<ArtifactSourceFollowing, 'get'> = { get: () => undefined };
  let isSynced = false;
  const synced = Promise.all([gitRepositories.synced, kustomizations.synced]);
  // Rejects only when the process stops before the first list; nobody waits for it then.
  synced.then(() => (isSynced = true)).catch(() => undefined);
  return {
    client,
    gitRepositories,
    kustomizations,
    resources: createResources({
      gitRepositories,
      kustomizations,
      artifactSources: { get: (kind, name) => artifactSources.get(kind, name) },
    }),
    followArtifacts: (sources) => {
      artifactSources = sources;
    },
    receivers,
    isSynced: () => isSynced,
    synced,
    async stop() {
      await Promise.all([gitRepositories.stop(), kustomizations.stop(), receivers.stop()]);
      await client.stop();
    },
  };
}
