import type { Dispatcher } from 'undici';
import type { Connection } from '../credentials/connection.ts';
import { createAzureDevOpsReporter } from './azure-devops-reporter.ts';
import { createBitbucketReporter } from './bitbucket-reporter.ts';
import type { CommitStatusReporter, StatusProvider } from './commit-status.ts';
import { createGiteaReporter } from './gitea-reporter.ts';
import { createGitHubReporter } from './github-reporter.ts';
import { createGitLabReporter } from './gitlab-reporter.ts';
import type { ReporterOptions } from './post-json.ts';

const CREATE = {
  github: createGitHubReporter,
  gitlab: createGitLabReporter,
  gitea: createGiteaReporter,
  bitbucket: createBitbucketReporter,
  'azure-devops': createAzureDevOpsReporter,
} as const satisfies Record<StatusProvider, (options: ReporterOptions) => CommitStatusReporter>;

/** Where a reporter posts, over which kind of connection, and how long it waits for an answer. */
interface ReporterTarget {
  readonly apiUrl: string;
  readonly via: Connection | undefined;
  readonly timeoutMs?: number;
}

/** Makes the reporter of a provider's API; it keeps nothing between two posts. */
export type CreateReporter = (provider: StatusProvider, target: ReporterTarget) => CommitStatusReporter;

/** Makes reporters over connections that are kept elsewhere. */
export function createReporters(dispatcherFor: (via: Connection | undefined) => Dispatcher): CreateReporter {
  return (provider, { via, ...options }) => CREATE[provider]({ ...options, dispatcher: dispatcherFor(via) });
}
