import type { StatusRoutes } from './commit-status/find-routes.ts';
import type { Config } from './config/load-config.ts';
import { startStatusRoutes } from './create-status-routes.ts';
import type { GitRepository } from './model/git-repository.ts';
import type { KubeObject } from './model/kube-object.ts';
import type { Kustomization } from './model/kustomization.ts';
import { parseRevision } from './model/revision.ts';
import type { PushRecords } from './push-record/create-push-records.ts';
import type { Queues } from './queue/create-queues.ts';
import type { Cluster } from './start-cluster.ts';
import type { Logger } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { artifactOf } from './watch/feeds.ts';
import { postCommitStatus } from './worker/post-commit-status.ts';
import { createRefusedCredentials } from './worker/refused-credentials.ts';
import { createPushReports, type KeptReports } from './worker/report-pushes.ts';

interface CommitStatusDeps {
  readonly config: Pick<Config, 'commitStatus' | 'eventsUrl' | 'externalUrl' | 'namespace' | 'tenancy'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly pushRecords: PushRecords;
  readonly cluster: Pick<Cluster, 'client' | 'resources' | 'kustomizations'>;
}

/** Statuses that are posted at a time; the limits of each provider are kept elsewhere. */
const SLOTS = 8;

/** What tells commits how their push goes: reports say what, a worker posts it to whichever host the repository is on. */
export function createCommitStatuses(deps: CommitStatusDeps) {
  const { config, logger, queues, pushRecords, cluster } = deps;
  const now = () => new Date();
  const { routes, gitHubApps, fetchVia, ready, stop } = startStatusRoutes({ ...deps, client: cluster.client });
  const reports = createPushReports({
    pushRecords,
    queues,
    logger,
    now,
    reportsTo: (source) => isReportedTo(source, routes),
    kustomization: (name) => cluster.resources.kustomization(name),
    currentSha: (name) => {
      const revision = artifactOf(cluster.resources.gitRepository(name));
      return revision === undefined ? undefined : parseRevision(revision)?.sha;
    },
    hasSource: (name) => cluster.resources.gitRepository(name) !== undefined,
    pushUrl: (pushId) => (config.externalUrl === undefined ? undefined : `${config.externalUrl}/pushes/${pushId}`),
  });
  const post = {
    ...deps,
    now,
    resources: cluster.resources,
    routes,
    refused: createRefusedCredentials(now),
  };
  return {
    reports,
    /** Tokens of GitHub Apps, which Git may use as well. */
    gitHubApps,
    /** How those are reached who issue tokens. */
    fetchVia,
    /** Resolves when it is known whom to tell. */
    ready,
    stop,
    startWorker: () => {
      const ended = followSilence(cluster, reports);
      const worker = queues.startCommitStatusWorker((request) => postCommitStatus(post, request), {
        concurrency: SLOTS,
      });
      return {
        async stop() {
          ended();
          await worker.stop();
        },
      };
    },
  };
}

/** Tells the reports whom no push can wait for: who is deleted or suspended from now on, and who was meanwhile. */
function followSilence({ kustomizations, resources }: CommitStatusDeps['cluster'], reports: KeptReports): () => void {
  for (const source of resources.gitRepositories()) reports.settle(source);
  return kustomizations.onChange((type, object, previous) => {
    const isSuspended = (each: KubeObject | undefined) => (each as Kustomization | undefined)?.spec.suspend === true;
    const isNews = type === 'DELETED' || (isSuspended(object) && !isSuspended(previous));
    if (isNews) reports.left(object as Kustomization);
  });
}

/** Without anything to prove who is writing there is nobody to tell. */
function isReportedTo({ metadata: { namespace = '' }, spec }: GitRepository, routes: StatusRoutes): boolean {
  return routes.mayHave({ namespace, url: spec.url, secretRef: spec.secretRef });
}
