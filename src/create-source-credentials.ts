import { readFile } from 'node:fs/promises';
import type { Config } from './config/load-config.ts';
import { createAwsLogins } from './credentials/aws-logins.ts';
import { createAwsRoles } from './credentials/aws-roles.ts';
import { createAzureLogins } from './credentials/azure-logins.ts';
import { createAzureTokens } from './credentials/azure-tokens.ts';
import type { Connection } from './credentials/connection.ts';
import { type Credentials, createCredentials } from './credentials/git-credentials.ts';
import type { GitHubAppTokens } from './credentials/github-app.ts';
import type { WorkloadAccess, WorkloadAccount } from './credentials/workload-identity.ts';
import type { KubeClient } from './kube/kube-client.ts';
import { readSecretData } from './kube/read-secret-data.ts';
import { requestToken, type ServiceAccountRef } from './kube/service-account.ts';

interface CredentialsDeps {
  readonly config: Pick<Config, 'aws' | 'azure' | 'tenancy'>;
  readonly client: Pick<KubeClient, 'get' | 'createSubresource'>;
  readonly gitHubApps: GitHubAppTokens;
  /** How those are reached who issue tokens. */
  readonly fetchVia: (via: Connection | undefined) => typeof fetch;
}

/** Wires what sources prove to be somebody by: Secrets, GitHub Apps, identities in clouds. */
export function createSourceCredentials({ config, client, gitHubApps, fetchVia }: CredentialsDeps): Credentials {
  const { authorityUrl, ...own } = config.azure;
  const access: WorkloadAccess = {
    readFile: (path) => readFile(path, 'utf8'),
    readAccount: (account) => readAccount(client, account),
    issueToken: async (account, audience) => (await requestToken(client, account, [audience])).token,
    defaultServiceAccount: config.tenancy.defaultServiceAccount,
  };
  return createCredentials({
    readSecret: (namespace, name) => readSecretData(client, namespace, name),
    appTokens: gitHubApps,
    cloudLogins: {
      azure: createAzureLogins({ tokens: createAzureTokens({ authorityUrl, fetchVia }), own, access }),
      aws: createAwsLogins({ roles: createAwsRoles({ fetchVia }), own: config.aws, access }),
    },
  });
}

async function readAccount(
  client: Pick<KubeClient, 'get'>,
  account: ServiceAccountRef,
): Promise<WorkloadAccount | undefined> {
  const ref = { group: '', version: 'v1', kind: 'ServiceAccount', ...account };
  const found = await client.get(ref, { metadataOnly: true });
  return found && { uid: found.metadata.uid ?? '', annotations: found.metadata.annotations ?? {} };
}
