import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ArtifactStore } from './artifact/artifact-store.ts';
import { createArtifactReader } from './artifact/create-artifact-reader.ts';
import type { Config } from './config/load-config.ts';
import { createCommitStatuses } from './create-commit-statuses.ts';
import { createSourceCredentials } from './create-source-credentials.ts';
import { createGitClient } from './git/create-git-client.ts';
import { PROVIDERS, type Provider } from './model/push.ts';
import type { PushRecords } from './push-record/create-push-records.ts';
import type { Queues } from './queue/create-queues.ts';
import { keepReceiverStatuses } from './receiver/keep-receiver-statuses.ts';
import { type ObservedCall, runReceiverCall } from './receiver/run-receiver-call.ts';
import { createRenderer } from './render/create-renderer.ts';
import type { Cluster } from './start-cluster.ts';
import { startEvents } from './start-events.ts';
import { startTargets } from './start-targets.ts';
import type { SyncDeps } from './sync/deps.ts';
import type { Logger } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { followArtifactSources } from './watch/follow-artifact-sources.ts';
import { followReferences } from './watch/follow-references.ts';
import { followResources } from './watch/follow-resources.ts';
import { runDelivery } from './worker/run-delivery.ts';
import { startSyncWorkers } from './worker/start-sync-workers.ts';

interface WorkerRoleDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly pushRecords: PushRecords;
  readonly cluster: Cluster;
  readonly artifacts: ArtifactStore;
}

/** Jobs that a process holds at a time: slots are cheap, because a sync that waits for health holds none. */
const SLOTS = 200;
/** How long the first syncs wait for the watches; without them they only read more. */
const LISTING_PATIENCE_MS = 5_000;

/** Starts what syncs: queue workers, wake-ups, and the watches that ask for syncs. Waits for the custom resources. */
export async function startWorkerRole(deps: WorkerRoleDeps): Promise<{ stop(): Promise<void> }> {
  const { config, logger, queues, cluster } = deps;
  const { client, kustomizations } = cluster;
  await cluster.synced;
  const parts = createParts(deps);
  const { onError } = parts;
  const listed = Promise.all([parts.sync.targets.listed, parts.commitStatuses.ready]);
  await Promise.race([listed, delay(LISTING_PATIENCE_MS, undefined, { ref: false })]);
  const workers = [
    startSyncWorkers({ ...parts.sync, startWorker: queues.startSyncWorker, concurrency: SLOTS }),
    startDeliveryWorker(deps, parts),
    parts.commitStatuses.startWorker(),
    queues.startWakeLoop(),
  ];
  const following = followResources({
    gitRepositories: cluster.gitRepositories,
    kustomizations,
    queues,
    announced: (uid) => parts.sync.memories.get(uid)?.announced,
    onError,
  });
  const references = followReferences({ ...deps, client, kustomizations, namespace: config.namespace, onError });
  const artifactSources = followArtifactSources({
    ...deps,
    client,
    kustomizations,
    namespace: config.namespace,
    onError,
  });
  cluster.followArtifacts(artifactSources);
  const receiverStatuses = keepReceiverStatuses({
    client,
    events: parts.receiverEvents,
    now: () => new Date(),
    onError,
  });
  cluster.receivers.onReading(receiverStatuses.take);
  logger.info({ concurrency: config.concurrency }, 'worker started');
  return {
    async stop() {
      following.stop();
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all([references.stop(), artifactSources.stop(), receiverStatuses.stop()]);
      await parts.stop();
    },
  };
}

/** A delivery is a provider's push or the call of a Receiver. */
function startDeliveryWorker({ config, queues, cluster, logger }: WorkerRoleDeps, { sync }: { sync: SyncDeps }) {
  const { gitRepositories, kustomizations, receivers, resources } = cluster;
  const callDeps = {
    ...sync,
    ...{ gitRepositories, kustomizations, receivers },
    namespace: config.namespace,
    allowCrossNamespaceRefs: config.tenancy.allowCrossNamespaceRefs,
    observe: (call: ObservedCall) => logger.info({ ...call, kind: 'Receiver' }, 'Receiver called'),
  };
  return queues.startDeliveryWorker(
    (delivery) =>
      'call' in delivery ? runReceiverCall(callDeps, delivery) : runDelivery({ ...sync, resources }, delivery),
    { concurrency: 16 },
  );
}

function createParts(deps: WorkerRoleDeps) {
  const { config, logger, metrics, queues, pushRecords, cluster, artifacts } = deps;
  const { client, resources } = cluster;
  const git = createGitClient({ dataDir: config.dataDir, observe: (event) => logger.debug({ ...event }, 'git') });
  const renderer = createRenderer({
    workDir: join(config.dataDir, 'render'),
    kustomizePath: config.kustomizePath,
    searchPath: config.searchPath,
    concurrency: config.concurrency,
  });
  const events = startEvents({ client, url: config.eventsUrl, logger, metrics });
  const now = () => new Date();
  const onError = (error: unknown) => logger.warn({ err: error }, 'a request could not be made');
  const commitStatuses = createCommitStatuses(deps);
  const { reports } = commitStatuses;
  const credentials = createSourceCredentials({ config, client, ...commitStatuses });
  const artifactReader = createArtifactReader({ openOwn: (url) => artifacts.openUrl(url) });
  const targets = startTargets({ ...deps, now, onError });
  const sync: SyncDeps = {
    resources,
    client,
    targets,
    git,
    credentials,
    artifacts,
    artifactReader,
    renderer,
    queues,
    pushRecords,
    sourceEvents: events.ofSources,
    kustomizationEvents: events.ofKustomizations,
    memories: new Map(),
    metrics,
    logger,
    now,
    reports,
    policy: {
      allowCrossNamespaceRefs: config.tenancy.allowCrossNamespaceRefs,
      strictSubstitution: config.strictSubstitution,
      webhooksFrom: toProviders(config.webhookSecrets),
    },
  };
  const stop = async () => {
    await targets.stop();
    await reports.flush();
    await Promise.all([events.stop(), commitStatuses.stop()]);
    await Promise.all([git.close(), renderer.close(), artifactReader.stop()]);
  };
  return { sync, commitStatuses, receiverEvents: events.ofReceivers, onError, stop };
}

/** The providers whose webhooks are taken. */
function toProviders(secrets: Config['webhookSecrets']): Provider[] {
  const all = {
    ...secrets,
    gitlab: [...secrets.gitlab, ...secrets.gitlabSigning],
    'azure-devops': secrets.azureDevOps,
  };
  return PROVIDERS.filter((provider) => all[provider].length > 0);
}
