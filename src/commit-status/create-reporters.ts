import { createAzureDevOpsReporter } from './azure-devops-reporter.ts';
import { createBitbucketReporter } from './bitbucket-reporter.ts';
import { type CommitStatusReporter, STATUS_PROVIDERS, type StatusProvider } from './commit-status.ts';
import type { ApiUrls } from './find-provider.ts';
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

/** One reporter per provider whose API is configured. */
export type Reporters = Readonly<Partial<Record<StatusProvider, CommitStatusReporter>>>;

export function createReporters(apiUrls: ApiUrls, options: Omit<ReporterOptions, 'apiUrl'> = {}): Reporters {
  const entries = STATUS_PROVIDERS.flatMap((provider) => {
    const apiUrl = apiUrls[provider];
    return apiUrl === undefined ? [] : [[provider, CREATE[provider]({ ...options, apiUrl })] as const];
  });
  return Object.fromEntries(entries);
}
