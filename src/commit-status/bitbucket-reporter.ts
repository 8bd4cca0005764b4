import { createHash } from 'node:crypto';
import type { CommitState, CommitStatusReporter, StatusCredential } from './commit-status.ts';
import { createJsonReporter, type StatusApi } from './create-json-reporter.ts';
import { fitDescription } from './fit-description.ts';
import { parseLocation, parseRepository } from './parse-repository.ts';
import { type ReporterOptions, toAuthorization } from './post-json.ts';

/** Whatever is not deployed stops a merge that needs passed builds; `STOPPED` and `CANCELLED` would not. */
const STATES = {
  pending: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
} as const satisfies Record<CommitState, string>;

const NEEDED = 'it needs write access to this repository';

const ADVICE = {
  400: 'Bitbucket does not take a value of the status',
  401: 'the token is wrong, expired or revoked: set another one',
  403: `the token may not write build statuses: ${NEEDED}`,
  404: `the repository or the commit does not exist, or the token cannot see it: ${NEEDED}`,
};

/** https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/ */
const CLOUD: StatusApi = {
  name: 'Bitbucket',
  form: 'workspace/repository',
  posted: [200, 201],
  advice: ADVICE,
  toAuthorization: toBitbucketAuthorization,
  toRequest({ repositoryUrl, sha, state, context, description, targetUrl, ref }) {
    const repository = parseRepository(repositoryUrl);
    if (!repository) return undefined;
    const { owner, name } = repository;
    return {
      path: `/repositories/${owner}/${name}/commit/${sha}/statuses/build`,
      body: {
        // At most 40 characters; the same key replaces what was said before.
        key: createHash('sha1').update(context).digest('hex'),
        state: STATES[state],
        name: context,
        description: fitDescription(description),
        url: targetUrl ?? `https://bitbucket.org/${owner}/${name}/commits/${sha}`,
        ...(ref === undefined ? {} : { refname: ref }),
      },
    };
  },
};

/** https://developer.atlassian.com/server/bitbucket/rest/ (builds and deployments, from version 7.4 on) */
const DATA_CENTER: StatusApi = {
  name: 'Bitbucket',
  form: 'scm/project/repository',
  posted: [200, 201, 204],
  advice: ADVICE,
  toAuthorization: toBitbucketAuthorization,
  toRequest({ repositoryUrl, sha, state, context, description, targetUrl }) {
    const location = parseLocation(repositoryUrl);
    const [project, name] = location?.path.slice(-2) ?? [];
    if (!location || project === undefined || name === undefined) return undefined;
    const repository = `projects/${encodeURIComponent(project)}/repos/${encodeURIComponent(name)}`;
    return {
      path: `/api/latest/${repository}/commits/${sha}/builds`,
      body: {
        key: context,
        state: STATES[state],
        name: context,
        description: fitDescription(description),
        url: targetUrl ?? `${location.origin}/${repository}/commits/${sha}`,
      },
    };
  },
};

/**
 * Posts build statuses to Bitbucket: to the Cloud where `apiUrl` ends in `/2.0` (`https://api.bitbucket.org/2.0`), else to
 * a Data Center, such as `https://bitbucket.example.com/rest`.
 */
export function createBitbucketReporter(options: ReporterOptions): CommitStatusReporter {
  return createJsonReporter(/\/2\.0\/*$/.test(options.apiUrl) ? CLOUD : DATA_CENTER, options);
}

/** For Git, access tokens have this user; the API wants them as what they are. */
const USER_OF_TOKENS = 'x-token-auth';

function toBitbucketAuthorization(credential: StatusCredential): string {
  const { username } = credential;
  return toAuthorization(username === USER_OF_TOKENS ? { ...credential, username: undefined } : credential, 'Bearer');
}
