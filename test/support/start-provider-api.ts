/**
 * A recording GitHub API on loopback. It enforces what GitHub documents for commit statuses, and can be switched to
 * misbehave; it answers in GitHub's shapes.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.ts';

export interface RecordedStatus {
  readonly repository: string;
  readonly sha: string;
  readonly state: string;
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How the next requests are answered: by the rules, or with trouble. */
export type Mood =
  | { readonly kind: 'normal' }
  | { readonly kind: 'error' }
  | { readonly kind: 'tooManyRequests'; readonly retryAfterS: number }
  | { readonly kind: 'primaryLimit'; readonly resetAtS: number }
  /** With `bare` no header tells that it is a limit. */
  | { readonly kind: 'secondaryLimit'; readonly bare?: boolean }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'moved'; readonly to: string }
  /** The request is taken and never answered. */
  | { readonly kind: 'hang' }
  /** The connection is closed without an answer. */
  | { readonly kind: 'nothing' };

interface ProviderApiOptions {
  /** Accepted tokens; any non-empty one if absent. */
  readonly tokens?: readonly string[];
  /** Known repositories (`owner/name`); any if absent. */
  readonly repositories?: readonly string[];
}

export interface ProviderApi {
  readonly url: string;
  /** In the order of arrival. */
  readonly statuses: readonly RecordedStatus[];
  /** Requests of every kind, refused ones too. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly at: number }[];
  setMood(mood: Mood): void;
  /** Resolves with the first recorded status that fits. */
  waitFor(predicate: (status: RecordedStatus) => boolean, timeoutMs?: number): Promise<RecordedStatus>;
  stop(): Promise<void>;
}

type Answer = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> };

const STATES = ['error', 'failure', 'pending', 'success'];
const LONGEST_DESCRIPTION = 140;
const MOST_STATUSES = 1_000;
const POST_ROUTE = /^\/repos\/([^/]+\/[^/]+)\/statuses\/([^/]+)$/;
const LIST_ROUTE = /^\/repos\/([^/]+\/[^/]+)\/commits\/([^/]+)\/statuses$/;

/** Starts the API on a free port of 127.0.0.1. */
export async function startProviderApi(options: ProviderApiOptions = {}): Promise<ProviderApi> {
  const statuses: RecordedStatus[] = [];
  const requests: { method: string; path: string; at: number }[] = [];
  let mood: Mood = { kind: 'normal' };

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://api').pathname;
    requests.push({ method: request.method ?? '', path, at: Date.now() });
    readJson(request).then(
      (body) => {
        if (mood.kind === 'hang') return;
        if (mood.kind === 'nothing') request.destroy();
        else send(response, answerInMood(mood) ?? route({ options, statuses, request, path, body }));
      },
      () => {
        request.destroy();
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let stopped: Promise<void> | undefined;

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statuses,
    requests,
    setMood: (next) => {
      mood = next;
    },
    waitFor: (predicate, timeoutMs = 30_000) =>
      eventually(
        () => {
          const found = statuses.find(predicate);
          if (!found) throw new Error(`no such status was posted; there are: ${JSON.stringify(statuses)}`);
          return found;
        },
        { timeoutMs },
      ),
    stop: () => {
      stopped ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return stopped;
    },
  };
}

interface Call {
  readonly options: ProviderApiOptions;
  readonly statuses: RecordedStatus[];
  readonly request: IncomingMessage;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

function answerInMood(mood: Mood): Answer | undefined {
  switch (mood.kind) {
    case 'error':
      return { status: 500, body: { message: 'Server Error' } };
    case 'tooManyRequests':
      return refuse(429, 'too many requests', { 'retry-after': String(mood.retryAfterS) });
    case 'primaryLimit':
      return refuse(403, 'API rate limit exceeded for user ID 1.', {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(mood.resetAtS),
      });
    case 'secondaryLimit':
      return refuse(403, 'You have exceeded a secondary rate limit.', mood.bare ? {} : { 'retry-after': '60' });
    case 'forbidden':
      return refuse(403, 'Resource not accessible by personal access token');
    case 'moved':
      return refuse(307, 'Moved', { location: mood.to });
    default:
      return undefined;
  }
}

function route(call: Call): Answer {
  const post = call.request.method === 'POST' ? POST_ROUTE.exec(call.path) : null;
  const list = call.request.method === 'GET' ? LIST_ROUTE.exec(call.path) : null;
  const [, repository, sha] = post ?? list ?? [];
  if (!repository || !sha) return refuse(404, 'Not Found');
  if (!isAuthorized(call)) return refuse(401, 'Bad credentials');
  if (call.options.repositories && !call.options.repositories.includes(repository)) return refuse(404, 'Not Found');
  return post ? createStatus(call, repository, sha) : listStatuses(call, repository, sha);
}

function isAuthorized({ request, options }: Call): boolean {
  const token = /^(?:token|bearer)\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  return token !== undefined && (options.tokens === undefined || options.tokens.includes(token));
}

function createStatus(call: Call, repository: string, sha: string): Answer {
  const { state, context = 'default', description = null, target_url = null } = call.body;
  if (!/^[0-9a-f]{40}$/.test(sha)) return refuse(422, `No commit found for SHA: ${sha}`);
  if (typeof state !== 'string' || !STATES.includes(state)) return invalid('state is not included in the list');
  if (typeof context !== 'string') return invalid('context must be a string');
  if (description !== null && [...String(description)].length > LONGEST_DESCRIPTION) {
    return invalid('description is too long (maximum is 140 characters)');
  }
  if (target_url !== null && !/^https?:\/\//.test(String(target_url))) return invalid('target_url must use http(s)');
  const same = (status: RecordedStatus) =>
    status.repository === repository && status.sha === sha && status.context.toLowerCase() === context.toLowerCase();
  if (call.statuses.filter(same).length >= MOST_STATUSES) {
    return invalid('This SHA and context has reached the maximum number of statuses.');
  }
  const recorded = {
    repository,
    sha,
    state,
    context,
    description: description === null ? null : String(description),
    targetUrl: target_url === null ? null : String(target_url),
    at: Date.now(),
  };
  call.statuses.push(recorded);
  return { status: 201, body: toStatusBody(recorded, call.statuses.length) };
}

function listStatuses(call: Call, repository: string, sha: string): Answer {
  const found = call.statuses
    .map((status, index) => ({ status, id: index + 1 }))
    .filter(({ status }) => status.repository === repository && status.sha === sha)
    .reverse();
  return { status: 200, body: found.map(({ status, id }) => toStatusBody(status, id)) };
}

function toStatusBody(status: RecordedStatus, id: number) {
  const time = new Date(status.at).toISOString();
  const { state, context, description, targetUrl } = status;
  return { id, state, context, description, target_url: targetUrl, created_at: time, updated_at: time };
}

function invalid(message: string): Answer {
  return {
    status: 422,
    body: {
      message: 'Validation Failed',
      errors: [{ resource: 'Status', code: 'custom', message }],
      documentation_url: 'https://docs.github.com/rest/commits/statuses#create-a-commit-status',
    },
  };
}

function refuse(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return { status, body: { message, documentation_url: 'https://docs.github.com/rest' }, headers };
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const limits = {
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4987',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1_000) + 3_600),
    'x-ratelimit-resource': 'core',
  };
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...limits, ...headers });
  response.end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = Buffer.concat(await request.toArray()).toString('utf8');
  return text === '' ? {} : JSON.parse(text);
}
