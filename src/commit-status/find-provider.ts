import { STATUS_PROVIDERS, type StatusProvider } from './commit-status.ts';
import { parseLocation } from './parse-repository.ts';

/** The API of each provider; one that is not configured has no repositories. */
export type ApiUrls = Readonly<Partial<Record<StatusProvider, string>>>;

/** Hosts for SSH beside the one of the web: `ssh.github.com`, `altssh.gitlab.com`, `vs-ssh.visualstudio.com`. */
const SSH_HOST = /^(?:alt|vs-)?ssh\./;

/**
 * The provider that a repository lives on, by host alone: that of a configured API, or the one that an API of its own
 * host serves (`api.github.com` serves `github.com`). No token ever goes to a host that is not configured. Pure.
 */
export function findProvider(repositoryUrl: string, apiUrls: ApiUrls): StatusProvider | undefined {
  const host = parseLocation(repositoryUrl)?.host;
  if (host === undefined) return undefined;
  return STATUS_PROVIDERS.find((provider) => isServedBy(host, apiUrls[provider]));
}

function isServedBy(host: string, apiUrl: string | undefined): boolean {
  const api = apiUrl === undefined ? undefined : URL.parse(apiUrl)?.hostname.toLowerCase();
  if (api === undefined) return false;
  const web = toWebHost(host);
  return host === api || web === api || `api.${web}` === api;
}

/** The host of the web interface that belongs to a host of a Git URL. */
function toWebHost(host: string): string {
  const web = host.replace(SSH_HOST, '');
  // The former name of Azure DevOps: one host per organisation.
  return web === 'visualstudio.com' || web.endsWith('.visualstudio.com') ? 'dev.azure.com' : web;
}
