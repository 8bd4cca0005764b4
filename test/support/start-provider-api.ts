/**
 * A recording API of a Git host on loopback. It enforces what the host documents for commit statuses, and can be switched
 * to misbehave; it answers in the host's shapes, which are in provider-rules.ts.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.ts';
import { type Answer, PROVIDER_RULES, type ProviderKind, type RecordedStatus, refuse } from './provider-rules.ts';

export type { RecordedStatus } from './provider-rules.ts';

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
  /** Whose rules it keeps; GitHub's if absent. */
  readonly provider?: ProviderKind;
  /** Accepted tokens; any non-empty one if absent. */
  readonly tokens?: readonly string[];
  /** Known repositories (`owner/name`); any if absent. */
  readonly repositories?: readonly string[];
}

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly at: number;
  readonly authorization: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ProviderApi {
  readonly url: string;
  /** In the order of arrival. */
  readonly statuses: readonly RecordedStatus[];
  /** Requests of every kind, refused ones too. */
  readonly requests: readonly RecordedRequest[];
  setMood(mood: Mood): void;
  /** Resolves with the first recorded status that fits. */
  waitFor(predicate: (status: RecordedStatus) => boolean, timeoutMs?: number): Promise<RecordedStatus>;
  stop(): Promise<void>;
}

/** Starts the API on a free port of 127.0.0.1. */
export async function startProviderApi(options: ProviderApiOptions = {}): Promise<ProviderApi> {
  const statuses: RecordedStatus[] = [];
  const requests: RecordedRequest[] = [];
  let mood: Mood = { kind: 'normal' };

  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const { authorization = '' } = request.headers;
    readJson(request).then(
      (body) => {
        requests.push({ method: request.method ?? '', path, at: Date.now(), authorization, body });
        if (mood.kind === 'hang') return;
        if (mood.kind === 'nothing') request.socket.destroy();
        else send(response, answerInMood(mood) ?? route({ options, statuses, request, path, body }));
      },
      () => {
        request.socket.destroy();
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

function route({ options, statuses, request, path, body }: Call): Answer {
  const rules = PROVIDER_RULES[options.provider ?? 'github'];
  const target = rules.match(request.method ?? '', path);
  if (!target) return rules.refuse(404, 'Not Found');
  const token = rules.tokenOf(request.headers);
  const isKnown = token !== undefined && (options.tokens === undefined || options.tokens.includes(token));
  if (!isKnown) return rules.unauthorized;
  if (options.repositories && !options.repositories.includes(target.repository)) return rules.refuse(404, 'Not Found');
  if (!/^[0-9a-f]{40}$/.test(target.sha)) return rules.refuse(422, `No commit found for SHA: ${target.sha}`);
  const before = statuses.filter(({ repository, sha }) => repository === target.repository && sha === target.sha);
  if (request.method === 'GET') return rules.list(before);
  const taken = rules.take(body, before);
  if ('status' in taken) return taken;
  const recorded = { ...target, ...taken, at: Date.now() };
  statuses.push(recorded);
  return rules.created(recorded, before);
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const limits = {
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4987',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1_000) + 3_600),
    'x-ratelimit-resource': 'core',
  };
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...limits, ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = Buffer.concat(await request.toArray()).toString('utf8');
  return text === '' ? {} : JSON.parse(text);
}
