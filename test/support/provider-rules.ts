/** What each Git host documents for commit statuses: paths, authentication, values, and the answers to what breaks them. */
import type { IncomingHttpHeaders } from 'node:http';

export interface RecordedStatus {
  readonly repository: string;
  readonly sha: string;
  /** In the host's own words. */
  readonly state: string;
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

type Body = Readonly<Record<string, unknown>>;
type Taken = Omit<RecordedStatus, 'repository' | 'sha' | 'at'>;

interface ProviderRules {
  /** Repository and commit of a known route; `path` is with its query. */
  match(method: string, path: string): { repository: string; sha: string } | undefined;
  tokenOf(headers: IncomingHttpHeaders): string | undefined;
  readonly unauthorized: Answer;
  refuse(status: number, message: string): Answer;
  /** The status that a body holds, or the refusal of what is wrong with it. */
  take(body: Body, before: readonly RecordedStatus[]): Taken | Answer;
  created(status: RecordedStatus, before: readonly RecordedStatus[]): Answer;
  list(statuses: readonly RecordedStatus[]): Answer;
}

export type ProviderKind = 'github' | 'gitlab' | 'gitea' | 'bitbucket-cloud' | 'bitbucket-data-center' | 'azure-devops';

export function refuse(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return { status, body: { message, documentation_url: 'https://docs.github.com/rest' }, headers };
}

function bearer(headers: IncomingHttpHeaders, scheme = 'bearer'): string | undefined {
  const [, given, token] = /^(\S+)\s+(\S+)$/.exec(headers.authorization ?? '') ?? [];
  return given?.toLowerCase() === scheme ? token : undefined;
}

function password(headers: IncomingHttpHeaders): string | undefined {
  const text = Buffer.from(bearer(headers, 'basic') ?? '', 'base64').toString('utf8');
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : undefined;
}

function text(value: unknown): string | null {
  return value === undefined || value === null ? null : String(value);
}

function isLink(value: unknown): boolean {
  return typeof value === 'string' && /^https?:\/\/[^\s/]+/.test(value);
}

const MOST_STATUSES = 1_000;

/** A route by which a status is posted, and perhaps one by which they are listed; the groups are repository and sha. */
function matchRoutes(routes: Readonly<Record<string, RegExp>>) {
  return (method: string, path: string) => {
    const [, repository, sha] = routes[method]?.exec(path) ?? [];
    return repository === undefined || sha === undefined
      ? undefined
      : { repository: decodeURIComponent(repository), sha };
  };
}

function invalid(message: string): Answer {
  const errors = [{ resource: 'Status', code: 'custom', message }];
  return { status: 422, body: { message: 'Validation Failed', errors } };
}

function toBody({ state, context, description, targetUrl, at }: RecordedStatus) {
  return { state, context, description, target_url: targetUrl, created_at: new Date(at).toISOString() };
}

const github: ProviderRules = {
  match: matchRoutes({
    POST: /^\/repos\/([^/]+\/[^/]+)\/statuses\/([^/]+)$/,
    GET: /^\/repos\/([^/]+\/[^/]+)\/commits\/([^/]+)\/statuses$/,
  }),
  tokenOf: (headers) => bearer(headers) ?? bearer(headers, 'token'),
  unauthorized: refuse(401, 'Bad credentials'),
  refuse,
  take({ state, context = 'default', description = null, target_url = null }, before) {
    if (!['error', 'failure', 'pending', 'success'].includes(String(state))) return invalid('state is not included');
    if (typeof context !== 'string') return invalid('context must be a string');
    if (description !== null && [...String(description)].length > 140) {
      return invalid('description is too long (maximum is 140 characters)');
    }
    if (target_url !== null && !isLink(target_url)) return invalid('target_url must use http(s)');
    if (before.filter((one) => one.context.toLowerCase() === context.toLowerCase()).length >= MOST_STATUSES) {
      return invalid('This SHA and context has reached the maximum number of statuses.');
    }
    return { state: String(state), context, description: text(description), targetUrl: text(target_url) };
  },
  created: (status) => ({ status: 201, body: toBody(status) }),
  list: (statuses) => ({ status: 200, body: statuses.map(toBody).reverse() }),
};

const refuseAsGitLab = (status: number, message: string): Answer => ({
  status,
  body: { message: status === 400 || status === 422 ? message : `${status} ${message}` },
});
const GITLAB_EVENTS: Readonly<Record<string, string>> = { pending: 'enqueue', running: 'run' };

const gitlab: ProviderRules = {
  match: matchRoutes({
    POST: /^\/api\/v4\/projects\/([^/?]+)\/statuses\/([^/?]+)$/,
    GET: /^\/api\/v4\/projects\/([^/?]+)\/repository\/commits\/([^/?]+)\/statuses$/,
  }),
  tokenOf: (headers) => bearer(headers) ?? text(headers['private-token']) ?? undefined,
  unauthorized: refuseAsGitLab(401, 'Unauthorized'),
  refuse: refuseAsGitLab,
  take({ state, name = 'default', description, target_url }, before) {
    const given = String(state);
    if (!['pending', 'running', 'success', 'failed', 'canceled', 'skipped'].includes(given)) {
      return { status: 400, body: { error: 'state does not have a valid value' } };
    }
    if ([...String(description ?? '')].length > 255) {
      return { status: 400, body: { message: { description: ['is too long (maximum is 255 characters)'] } } };
    }
    if (target_url !== undefined && (!isLink(target_url) || String(target_url).length > 255)) {
      return { status: 400, body: { message: { target_url: ['is blocked: Only allowed schemes are http, https'] } } };
    }
    const last = before.findLast(({ context }) => context === name)?.state ?? '';
    const event = GITLAB_EVENTS[given];
    if (event && (last === given || (given === 'pending' && last === 'running'))) {
      return refuseAsGitLab(400, `Cannot transition status via :${event} from :${last} (Reason(s): …)`);
    }
    return { state: given, context: String(name), description: text(description), targetUrl: text(target_url) };
  },
  created: (status) => ({ status: 201, body: { ...toBody(status), status: status.state } }),
  list: (statuses) => ({ status: 200, body: statuses.map(toBody).reverse() }),
};

const gitea: ProviderRules = {
  match: matchRoutes({ POST: /^\/api\/v1\/repos\/([^/]+\/[^/]+)\/statuses\/([^/?]+)$/ }),
  tokenOf: (headers) => bearer(headers, 'token') ?? bearer(headers) ?? password(headers),
  unauthorized: { status: 401, body: { message: 'invalid username, password or token', url: '/api/swagger' } },
  refuse: (status, message) => ({ status, body: { message, url: '/api/swagger' } }),
  take({ state, context, description, target_url }) {
    if (!['pending', 'success', 'error', 'failure', 'warning', 'skipped'].includes(String(state))) {
      return { status: 422, body: { message: `[]: invalid state ${state}`, url: '/api/swagger' } };
    }
    return {
      state: String(state),
      context: String(context),
      description: text(description),
      targetUrl: text(target_url),
    };
  },
  created: (status) => ({ status: 201, body: { ...toBody(status), status: status.state } }),
  list: (statuses) => ({ status: 200, body: statuses.map(toBody) }),
};

const BUILD_STATES = ['INPROGRESS', 'SUCCESSFUL', 'FAILED'];

const refuseAsCloud = (status: number, message: string): Answer => ({
  status,
  body: { type: 'error', error: { message } },
});

const bitbucketCloud: ProviderRules = {
  match: matchRoutes({ POST: /^\/2\.0\/repositories\/([^/]+\/[^/]+)\/commit\/([^/]+)\/statuses\/build$/ }),
  tokenOf: (headers) => bearer(headers) ?? password(headers),
  unauthorized: refuseAsCloud(401, 'Token is invalid, expired, or not supported for this endpoint.'),
  refuse: refuseAsCloud,
  take({ key, state, url, name, description }) {
    if (typeof key !== 'string' || key === '' || key.length > 40)
      return refuseAsCloud(400, 'key: at most 40 characters');
    if (![...BUILD_STATES, 'STOPPED'].includes(String(state))) return refuseAsCloud(400, 'state: not a valid choice');
    if (!isLink(url)) return refuseAsCloud(400, 'url: required');
    return { state: String(state), context: String(name), description: text(description), targetUrl: text(url) };
  },
  created: (status, before) => ({
    status: before.some(({ context }) => context === status.context) ? 200 : 201,
    body: { type: 'build', state: status.state },
  }),
  list: (statuses) => ({ status: 200, body: { values: statuses } }),
};

const refuseAsDataCenter = (status: number, message: string): Answer => ({
  status,
  body: { errors: [{ context: null, message, exceptionName: null }] },
});

const bitbucketDataCenter: ProviderRules = {
  match(method, path) {
    const route = /^\/rest\/api\/latest\/projects\/([^/]+)\/repos\/([^/]+)\/commits\/([^/]+)\/builds$/;
    const [, project, repository, sha] = (method === 'POST' ? route.exec(path) : null) ?? [];
    if (!project || !repository || !sha) return undefined;
    return { repository: `${decodeURIComponent(project)}/${repository}`, sha };
  },
  tokenOf: (headers) => bearer(headers) ?? password(headers),
  unauthorized: refuseAsDataCenter(401, 'Authentication failed. Please check your credentials and try again.'),
  refuse: refuseAsDataCenter,
  take({ key, state, url, name, description }) {
    if (typeof key !== 'string' || key === '' || key.length > 255) return refuseAsDataCenter(400, 'key: required');
    if (![...BUILD_STATES, 'CANCELLED', 'UNKNOWN'].includes(String(state)))
      return refuseAsDataCenter(400, 'state: bad');
    if (!isLink(url)) return refuseAsDataCenter(400, 'url: required');
    return { state: String(state), context: String(name), description: text(description), targetUrl: text(url) };
  },
  created: () => ({ status: 204, body: undefined }),
  list: (statuses) => ({ status: 200, body: { values: statuses } }),
};

const azureDevOps: ProviderRules = {
  match(method, path) {
    const route =
      /^\/([^/]+\/[^/]+)\/_apis\/git\/repositories\/([^/]+)\/commits\/([^/?]+)\/statuses\?api-version=7\.1$/;
    const [, project, repository, sha] = (method === 'POST' ? route.exec(path) : null) ?? [];
    if (!project || !repository || !sha) return undefined;
    return { repository: decodeURIComponent(`${project}/${repository}`), sha };
  },
  tokenOf: password,
  unauthorized: { status: 302, body: '<html>Sign In</html>', headers: { location: '/_signin' } },
  refuse: (status, message) => ({ status, body: { message, typeKey: 'Error' } }),
  take({ state, context, description, targetUrl }) {
    const { name, genre } = (context ?? {}) as { name?: string; genre?: string };
    if (!['notSet', 'pending', 'succeeded', 'failed', 'error', 'notApplicable'].includes(String(state))) {
      return { status: 400, body: { message: 'The status state is not valid.' } };
    }
    if (!name) return { status: 400, body: { message: 'The status context name is required.' } };
    const full = genre === undefined ? name : `${genre}/${name}`;
    return { state: String(state), context: full, description: text(description), targetUrl: text(targetUrl) };
  },
  created: (status) => ({ status: 201, body: { ...toBody(status), id: 1 } }),
  list: (statuses) => ({ status: 200, body: { value: statuses } }),
};

export const PROVIDER_RULES: Readonly<Record<ProviderKind, ProviderRules>> = {
  github,
  gitlab,
  gitea,
  'bitbucket-cloud': bitbucketCloud,
  'bitbucket-data-center': bitbucketDataCenter,
  'azure-devops': azureDevOps,
};
