import { HawserError } from '../errors/hawser-error.ts';
import type { GitRemote } from '../git/create-git-client.ts';
import { parseDuration } from '../model/duration.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { hasCredentials } from '../model/repository-url.ts';
import type { SyncDeps } from './deps.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

/** How to reach a source's remote, credentials included; throws if its URL shows credentials or its secret is bad. */
export async function toRemote(deps: SyncDeps, source: GitRepository): Promise<GitRemote> {
  const { url, secretRef, proxySecretRef, provider, serviceAccountName, timeout } = source.spec;
  if (hasCredentials(url)) {
    throw new HawserError(
      'SOURCE_URL_INVALID',
      `spec.url of GitRepository/${source.metadata.namespace}/${source.metadata.name} holds a user name or password: put them into a Secret, name it in spec.secretRef, and remove them from the URL`,
    );
  }
  const namespace = source.metadata.namespace ?? '';
  const wanted = { namespace, secretRef, proxySecretRef, provider, serviceAccountName, url };
  const credentials = await deps.credentials.forGitRepository(wanted);
  return { url, credentials, timeoutMs: parseDuration(timeout) ?? DEFAULT_TIMEOUT_MS };
}
