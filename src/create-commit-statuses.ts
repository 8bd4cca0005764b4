import type { StatusProvider } from './commit-status/commit-status.ts';
import { createReporters } from './commit-status/create-reporters.ts';
import { createStatusCredentials } from './commit-status/find-credentials.ts';
import { findProvider } from './commit-status/find-provider.ts';
import type { Config } from './config/load-config.ts';
import { createGitHubAppTokens } from './credentials/github-app.ts';
import { readSecretData } from './kube/read-secret-data.ts';
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
  readonly config: Pick<Config, 'commitStatus' | 'externalUrl'>;
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
  const { apiUrls, tokens } = config.commitStatus;
  const now = () => new Date();
  const gitHubApps = createGitHubAppTokens({ apiUrl: apiUrls.github ?? 'https://api.github.com' });
  const credentials = createStatusCredentials({
    readSecret: (namespace, name) => readSecretData(cluster.client, namespace, name),
    gitHubApps,
    tokens,
  });
  const providerOf = (url: string): StatusProvider | undefined => findProvider(url, apiUrls);
  const reports = createPushReports({
    pushRecords,
    queues,
    logger,
    now,
    reportsTo: (source) => isReportedTo(source, providerOf, credentials.mayHave),
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
    resources: cluster.resources,
    reporters: createReporters(apiUrls),
    findProvider: providerOf,
    credentials,
    refused: createRefusedCredentials(now),
  };
  return {
    reports,
    /** Tokens of GitHub Apps, which Git may use as well. */
    gitHubApps,
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
function isReportedTo(
  { metadata: { namespace = '' }, spec: { url, secretRef } }: GitRepository,
  providerOf: (url: string) => StatusProvider | undefined,
  mayHave: (source: { namespace: string; secretRef: typeof secretRef }, provider: StatusProvider) => boolean,
): boolean {
  const provider = providerOf(url);
  return provider !== undefined && mayHave({ namespace, secretRef }, provider);
}
