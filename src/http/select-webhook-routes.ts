import type { Secret } from '../errors/secret.ts';
import { azureDevOps } from '../webhook/azure-devops.ts';
import { bitbucket } from '../webhook/bitbucket.ts';
import { generic } from '../webhook/generic.ts';
import { gitea } from '../webhook/gitea.ts';
import { github } from '../webhook/github.ts';
import { gitlab } from '../webhook/gitlab.ts';
import { gitlabSigned } from '../webhook/gitlab-signed.ts';
import type { WebhookRoute } from './webhook-route.ts';

/** The secrets of the webhooks of each provider; none or an empty list means that the provider has no route. */
export interface WebhookSecrets {
  readonly github?: readonly Secret[];
  /** Secret tokens; not looked at where there are signing tokens. */
  readonly gitlab?: readonly Secret[];
  readonly gitlabSigning?: readonly Secret[];
  readonly gitea?: readonly Secret[];
  readonly bitbucket?: readonly Secret[];
  readonly azureDevOps?: readonly Secret[];
  readonly generic?: readonly Secret[];
}

/** Which routes there are. How a delivery must prove itself is decided by what is configured, never by what it brings. */
export function selectWebhookRoutes(secrets: WebhookSecrets): WebhookRoute[] {
  const signing = secrets.gitlabSigning ?? [];
  const routes: readonly WebhookRoute[] = [
    { path: '/webhooks/github', provider: github, secrets: secrets.github ?? [] },
    signing.length > 0
      ? { path: '/webhooks/gitlab', provider: gitlabSigned, secrets: signing }
      : { path: '/webhooks/gitlab', provider: gitlab, secrets: secrets.gitlab ?? [] },
    { path: '/webhooks/gitea', provider: gitea, secrets: secrets.gitea ?? [] },
    { path: '/webhooks/bitbucket', provider: bitbucket, secrets: secrets.bitbucket ?? [] },
    { path: '/webhooks/azure-devops', provider: azureDevOps, secrets: secrets.azureDevOps ?? [] },
    { path: '/webhooks/generic', provider: generic, secrets: secrets.generic ?? [] },
  ];
  return routes.filter((route) => route.secrets.length > 0);
}
