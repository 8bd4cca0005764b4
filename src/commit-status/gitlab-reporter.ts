import type { CommitState, CommitStatus, CommitStatusReporter } from './commit-status.ts';
import { createJsonReporter, type StatusApi } from './create-json-reporter.ts';
import { fitDescription } from './fit-description.ts';
import { parseLocation } from './parse-repository.ts';
import { type ReporterOptions, toAuthorization } from './post-json.ts';

/** A deployment that is under way has left the queue; both results stop a merge that needs a green pipeline. */
const STATES = { pending: 'running', success: 'success', failure: 'failed', error: 'failed' } as const satisfies Record<
  CommitState,
  string
>;

const LONGEST_LINK = 255;
const NEEDED = 'it needs the scope api and the role Developer, or who may push where the branch is protected';

/** https://docs.gitlab.com/api/commits/#set-the-pipeline-status-of-a-commit */
const GITLAB: StatusApi = {
  name: 'GitLab',
  form: 'group/project',
  posted: [200, 201],
  advice: {
    400: 'a job of the pipeline has the same name, or GitLab does not take a value of the status',
    401: 'the token is wrong, expired or revoked: set another one',
    403: `the token may not write commit statuses: ${NEEDED}`,
    404: `the project or the commit does not exist, or the token cannot see it: ${NEEDED}`,
    422: 'the pipeline has as many jobs as GitLab allows',
  },
  // The pipeline is a state machine: the state that it has already is refused, and so is going back to it.
  stands: ({ status, message }) => status === 400 && /cannot transition status via/i.test(message),
  toAuthorization: (credential) => toAuthorization({ ...credential, username: undefined }, 'Bearer'),
  toRequest(status) {
    const path = parseLocation(status.repositoryUrl)?.path;
    if (!path || path.length < 2) return undefined;
    const project = encodeURIComponent(path.join('/'));
    return { path: `/projects/${project}/statuses/${status.sha}`, body: toBody(status) };
  },
  // Some versions refuse addresses that they cannot resolve: the state is worth more than the link.
  amend(status, { status: code, message }) {
    if (code !== 400 || status.targetUrl === undefined || !/target[_ ]url/i.test(message)) return undefined;
    return { ...status, targetUrl: undefined };
  },
};

/** Posts commit statuses to GitLab; `apiUrl` is such as `https://gitlab.com/api/v4`. */
export function createGitLabReporter(options: ReporterOptions): CommitStatusReporter {
  return createJsonReporter(GITLAB, options);
}

function toBody({ state, context, description, targetUrl, ref }: CommitStatus) {
  return {
    state: STATES[state],
    name: context,
    description: fitDescription(description),
    ...(ref === undefined ? {} : { ref }),
    ...(targetUrl === undefined || targetUrl.length > LONGEST_LINK ? {} : { target_url: targetUrl }),
  };
}
