import type { CommitStatusReporter } from './commit-status.ts';
import { createJsonReporter, type StatusApi } from './create-json-reporter.ts';
import { fitDescription } from './fit-description.ts';
import { parseLocation } from './parse-repository.ts';
import { type ReporterOptions, toAuthorization } from './post-json.ts';

const NEEDED = 'it needs the scope write:repository, and its user may write to this repository';

/** Its states are GitHub's. https://docs.gitea.com/api */
const GITEA: StatusApi = {
  name: 'Gitea',
  form: 'owner/name',
  posted: [200, 201],
  advice: {
    401: 'the token is wrong, expired or revoked: set another one',
    403: `the token may not write commit statuses: ${NEEDED}`,
    404: `the repository or the commit does not exist, or the token cannot see it: ${NEEDED}`,
  },
  toAuthorization: (credential) => toAuthorization(credential, 'token'),
  toRequest({ repositoryUrl, sha, state, context, description, targetUrl }) {
    // A server may live below a path of its host: the last two name the repository.
    const [owner, name] = parseLocation(repositoryUrl)?.path.slice(-2).map(encodeURIComponent) ?? [];
    if (owner === undefined || name === undefined) return undefined;
    const link = targetUrl === undefined ? {} : { target_url: targetUrl };
    return {
      path: `/repos/${owner}/${name}/statuses/${sha}`,
      body: { state, context, description: fitDescription(description), ...link },
    };
  },
};

/** Posts commit statuses to Gitea or Forgejo; `apiUrl` is such as `https://gitea.example.com/api/v1`. */
export function createGiteaReporter(options: ReporterOptions): CommitStatusReporter {
  return createJsonReporter(GITEA, options);
}
