import { hostname } from 'node:os';
import { join } from 'node:path';
import { createLiveObjects } from './apply/live-objects.ts';
import type { ArtifactStore } from './artifact/artifact-store.ts';
import { createGitHubReporter } from './commit-status/github-reporter.ts';
import type { Config } from './config/load-config.ts';
import { createCredentials } from './credentials/git-credentials.ts';
import { createGitClient } from './git/create-git-client.ts';
import { createEventRecorder } from './kube/create-event-recorder.ts';
import { formatSubject } from './model/kube-object.ts';
import { parseRevision } from './model/revision.ts';
import type { PushRecords } from './push-record/create-push-records.ts';
import type { Queues } from './queue/create-queues.ts';
import { createRenderer } from './render/create-renderer.ts';
import type { Cluster } from './start-cluster.ts';
import type { SyncDeps } from './sync/deps.ts';
import { memoryOf, noteLeft } from './sync/source-memory.ts';
import { type Logger, objectFields } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { followAppliedObjects } from './watch/follow-applied-objects.ts';
import { followResources } from './watch/follow-resources.ts';
import { postCommitStatus } from './worker/post-commit-status.ts';
import { createPushReports } from './worker/report-pushes.ts';
import { reportsToGitHub } from './worker/reports-to-github.ts';
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

/** Starts what syncs: queue workers, wake-ups, and the watches that ask for syncs. Waits for the custom resources. */
export async function startWorkerRole(deps: WorkerRoleDeps): Promise<{ stop(): Promise<void> }> {
  const { config, logger, metrics, queues, cluster } = deps;
  const { client, resources } = cluster;
  await cluster.synced;
  const parts = createParts(deps);
  const onError = (error: unknown) => logger.warn({ err: error }, 'a request could not be made');
  const applied = followAppliedObjects({
    client,
    kustomizations: cluster.kustomizations,
    live: parts.sync.live,
    queues,
    now: parts.sync.now,
    onError,
    onDrift: (owner, ref, reason) => {
      metrics.driftCorrectedTotal.inc({ name: owner.name, namespace: owner.namespace });
      logger.info({ ...objectFields(owner), drifted: formatSubject(ref), reason }, 'drift seen');
    },
  });
  const workers = [
    startSyncWorkers({ ...parts.sync, startWorker: queues.startSyncWorker, concurrency: SLOTS }),
    queues.startDeliveryWorker((delivery) => runDelivery({ ...parts.sync, resources }, delivery), { concurrency: 16 }),
    startCommitStatusWorker(deps),
    queues.startWakeLoop(),
  ];
  const following = followResources({
    gitRepositories: cluster.gitRepositories,
    kustomizations: cluster.kustomizations,
    queues,
    announced: (uid) => parts.sync.memories.get(uid)?.announced,
    onLeft: (uid, revision) => {
      const sha = parseRevision(revision)?.sha;
      if (sha !== undefined) noteLeft(memoryOf(parts.sync.memories, uid), [sha], Date.now());
    },
    onError,
  });
  logger.info({ concurrency: config.concurrency }, 'worker started');
  return {
    async stop() {
      following.stop();
      await Promise.all(workers.map((worker) => worker.stop()));
      await applied.stop();
      await parts.stop();
    },
  };
}

function createParts({ config, logger, metrics, queues, pushRecords, cluster, artifacts }: WorkerRoleDeps) {
  const { client, resources } = cluster;
  const instance = hostname();
  const git = createGitClient({ dataDir: config.dataDir, observe: (event) => logger.debug({ ...event }, 'git') });
  const renderer = createRenderer({
    workDir: join(config.dataDir, 'render'),
    kustomizePath: config.kustomizePath,
    searchPath: config.searchPath,
    concurrency: config.concurrency,
  });
  const observe = (error: unknown) => logger.warn({ err: error }, 'an event could not be written');
  const sourceEvents = createEventRecorder(client, { component: 'source-controller', instance, observe });
  const kustomizationEvents = createEventRecorder(client, { component: 'kustomize-controller', instance, observe });
  const now = () => new Date();
  const reports = createPushReports({
    pushRecords,
    queues,
    logger,
    now,
    reportsTo: (url) => config.github.token !== undefined && reportsToGitHub(url, config.github.apiUrl),
    pushUrl: (pushId) => (config.externalUrl === undefined ? undefined : `${config.externalUrl}/pushes/${pushId}`),
  });
  const credentials = createCredentials({
    readSecret: async (namespace, name) => {
      const ref = { group: '', version: 'v1', kind: 'Secret', namespace, name };
      return (await client.get(ref))?.data as Record<string, string> | undefined;
    },
  });
  const sync: SyncDeps = {
    resources,
    client,
    live: createLiveObjects(),
    git,
    credentials,
    artifacts,
    renderer,
    queues,
    pushRecords,
    sourceEvents,
    kustomizationEvents,
    memories: new Map(),
    metrics,
    logger,
    now,
    reports,
  };
  const stop = async () => {
    await reports.flush();
    await Promise.all([sourceEvents.stop(), kustomizationEvents.stop(), git.close(), renderer.close()]);
  };
  return { sync, stop };
}

/** Without a token there is nobody to tell. */
function startCommitStatusWorker(deps: WorkerRoleDeps): { stop(): Promise<void> } {
  const { config, queues, cluster } = deps;
  const credential = config.github.token;
  if (!credential) return { stop: () => Promise.resolve() };
  const reporter = createGitHubReporter({ apiUrl: config.github.apiUrl });
  const post = { ...deps, resources: cluster.resources, reporter, credential };
  return queues.startCommitStatusWorker((request) => postCommitStatus(post, request), { concurrency: 4 });
}
