import type { CommitState, CommitStatusReporter } from './commit-status.ts';
import { createJsonReporter, type StatusApi } from './create-json-reporter.ts';
import { fitDescription } from './fit-description.ts';
import { parseLocation } from './parse-repository.ts';
import { type ReporterOptions, toAuthorization } from './post-json.ts';

const STATES = {
  pending: 'pending',
  success: 'succeeded',
  failure: 'failed',
  error: 'error',
} as const satisfies Record<CommitState, string>;

const GENRE = 'hawser';
const SIGN_IN =
  'the token is wrong, expired or revoked (Azure DevOps answers with its page to sign in): set another one';
const NEEDED = 'it needs the scope Code (status)';

/** https://learn.microsoft.com/rest/api/azure/devops/git/statuses/create */
const AZURE_DEVOPS: StatusApi = {
  name: 'Azure DevOps',
  form: 'organisation/project/_git/repository',
  posted: [200, 201],
  advice: {
    203: SIGN_IN,
    302: SIGN_IN,
    401: SIGN_IN,
    403: `the token may not write commit statuses: ${NEEDED}`,
    404: `the repository or the commit does not exist, or the token cannot see it: ${NEEDED}`,
  },
  // A personal access token is a password of no user in particular.
  toAuthorization: (credential) => toAuthorization({ ...credential, username: credential.username ?? '' }, 'Bearer'),
  toRequest({ repositoryUrl, sha, state, context, description, targetUrl }) {
    const path = toRepositoryPath(repositoryUrl);
    if (path === undefined) return undefined;
    return {
      path: `/${path}/commits/${sha}/statuses?api-version=7.1`,
      body: {
        state: STATES[state],
        description: fitDescription(description),
        context: { name: context.replace(`${GENRE}/`, ''), genre: GENRE },
        ...(targetUrl === undefined ? {} : { targetUrl }),
      },
    };
  },
};

/** Posts commit statuses to Azure DevOps; `apiUrl` is such as `https://dev.azure.com`. */
export function createAzureDevOpsReporter(options: ReporterOptions): CommitStatusReporter {
  return createJsonReporter(AZURE_DEVOPS, options);
}

/**
 * `<organisation>/<project>/_apis/git/repositories/<repository>`, from `…/<organisation>/<project>/_git/<repository>`,
 * its form without project (which then has the repository's name), the former host, or `…:v3/<organisation>/…` of SSH.
 */
function toRepositoryPath(url: string): string | undefined {
  const location = parseLocation(url);
  if (!location) return undefined;
  const former = /^([^.]+)\.visualstudio\.com$/.exec(location.host)?.[1];
  const parts = former === undefined || former === 'vs-ssh' ? location.path : [former, ...location.path];
  const named = parts[0] === 'v3' ? parts.slice(1) : toNames(parts);
  if (named?.length !== 3) return undefined;
  const [organisation, project, repository] = named.map(encodeURIComponent);
  return `${organisation}/${project}/_apis/git/repositories/${repository}`;
}

function toNames(parts: readonly string[]): string[] | undefined {
  const marker = parts.indexOf('_git');
  const repository = parts[marker + 1];
  if (marker < 1 || repository === undefined || marker + 2 !== parts.length) return undefined;
  // The former host may name the one collection that there was; a server of one's own lives below a path.
  const before = parts
    .slice(0, marker)
    .filter((part) => part !== 'DefaultCollection')
    .slice(-2);
  return [...before, ...(before.length === 1 ? [repository] : []), repository];
}
