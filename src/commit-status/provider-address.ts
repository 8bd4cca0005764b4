import type { StatusProvider } from './commit-status.ts';
import { parseLocation, type RepositoryLocation } from './parse-repository.ts';

/** The types of Flux's Providers that post commit statuses, and the API that each has at an address. */
const TYPES: Readonly<
  Record<string, { provider: StatusProvider; toApiUrl: (location: RepositoryLocation) => string }>
> = {
  github: {
    provider: 'github',
    toApiUrl: ({ host, origin }) => (host === 'github.com' ? 'https://api.github.com' : `${origin}/api/v3`),
  },
  gitlab: { provider: 'gitlab', toApiUrl: ({ origin }) => `${origin}/api/v4` },
  gitea: { provider: 'gitea', toApiUrl: ({ origin, path }) => `${below(origin, path.slice(0, -2))}/api/v1` },
  bitbucket: {
    provider: 'bitbucket',
    toApiUrl: ({ host, origin }) => (host === 'bitbucket.org' ? 'https://api.bitbucket.org/2.0' : `${origin}/2.0`),
  },
  bitbucketserver: {
    provider: 'bitbucket',
    toApiUrl: ({ origin, path }) => {
      const before = path.slice(0, -2);
      return `${below(origin, before.at(-1) === 'scm' ? before.slice(0, -1) : before)}/rest`;
    },
  },
  azuredevops: { provider: 'azure-devops', toApiUrl: toAzureRoot },
};

/** Which host a Provider of Flux stands for, by its type and the repository that its address names. */
export interface ProviderAddress {
  readonly provider: StatusProvider;
  /** Without trailing slash. */
  readonly apiUrl: string;
}

/** Whether a Provider of this type posts commit statuses. Pure. */
export function isStatusType(type: string): boolean {
  return Object.hasOwn(TYPES, type);
}

/** Reads type and address of a Provider; undefined for a type without commit statuses or an address without repository. Pure. */
export function readProviderAddress(type: string, address: string): ProviderAddress | undefined {
  const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  const location = parseLocation(address);
  return known && location && { provider: known.provider, apiUrl: known.toApiUrl(location) };
}

/** Parts of a path that belong to the way a repository is reached, not to its name. */
const WAYS: ReadonlySet<string> = new Set(['scm', 'v3', '_git']);

/** Whether two URLs name one repository: by path, because a host may have several names. Pure. */
export function isSameRepository(one: string, other: string): boolean {
  const [first, second] = [toName(one), toName(other)];
  return first !== undefined && first === second;
}

function toName(url: string): string | undefined {
  const path = parseLocation(url)?.path.filter((part) => !WAYS.has(part));
  return path && path.length > 1 ? path.join('/').toLowerCase() : undefined;
}

function toAzureRoot({ host, origin, path }: RepositoryLocation): string {
  const isCloud = host === 'dev.azure.com' || host === 'ssh.dev.azure.com' || host.endsWith('.visualstudio.com');
  if (isCloud) return 'https://dev.azure.com';
  return below(origin, path.slice(0, Math.max(path.indexOf('_git') - 2, 0)));
}

function below(origin: string, path: readonly string[]): string {
  return [origin, ...path.map(encodeURIComponent)].join('/');
}
