import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

/** How the server misbehaves; every switch can be set for all repositories or for one, at any time. */
export interface GitServerSwitches {
  /** Demand these Basic credentials. */
  auth?: { readonly username: string; readonly password: string } | undefined;
  /** Demand this bearer token. */
  bearer?: string | undefined;
  /** Demand a header Authorization of which this is true. */
  authorize?: ((header: string) => boolean) | undefined;
  /** Wait before answering. */
  delayMs?: number | undefined;
  /** Break the connection before the headers (of every request or the next one) or in the body; `short` ends half a body cleanly. */
  cut?: 'headers' | 'headers-once' | 'body' | 'short' | undefined;
  /** `not-our-ref` refuses fetches only, `empty-200` every POST, the others everything. */
  refuse?: 'not-our-ref' | 'http-500' | 'http-429' | 'empty-200' | undefined;
  /** `v1` drops the Git-Protocol header; `dumb` knows no service at all. */
  protocol?: 'v2' | 'v1' | 'dumb' | undefined;
  /** What `http-429` says in its header Retry-After; 7 if absent. */
  retryAfter?: string | undefined;
  /** Answer every request with a redirect to the same path below this URL (of a repository). */
  redirectTo?: string | undefined;
  /** Name this commit for this ref, as a replica that lags behind would. */
  holdRef?: { readonly ref: string; readonly sha: string } | undefined;
  /** Answer fetches that do not offer multi_ack with nothing, as some hosts do. */
  demandMultiAck?: boolean | undefined;
}

export interface RecordedGitRequest {
  readonly method: string;
  readonly path: string;
  /** The v2 command, `upload-pack` for a v1 fetch, `advertisement` for a GET of info/refs. */
  readonly service: string;
  readonly at: Date;
  /** What a v2 `ls-refs` asked for. */
  readonly prefixes: readonly string[];
  /** Bytes of the answer's body as sent so far. */
  answeredBytes: number;
}

export interface GitServer {
  readonly url: string;
  /** The directory that holds the bare repositories. */
  readonly root: string;
  readonly requests: readonly RecordedGitRequest[];
  repositoryUrl(name: string): string;
  /** Sets switches for one repository, or for all; an `undefined` value switches off. */
  set(switches: GitServerSwitches, repository?: string): void;
  stop(): Promise<void>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: Buffer;
  readonly repository: string;
  readonly switches: GitServerSwitches;
  readonly record: RecordedGitRequest;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface GitServerOptions {
  /** Serve HTTPS with this certificate; where `clientCa` is given, whoever shows no certificate of that authority is refused. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
}

/** A Node HTTP server before the real `git http-backend`, on a free port of the loopback interface. */
export async function startGitServer({ tls }: GitServerOptions = {}): Promise<GitServer> {
  const root = await mkdtemp(join(tmpdir(), 'hawser-git-server-'));
  const requests: RecordedGitRequest[] = [];
  const everywhere: GitServerSwitches = {};
  const perRepository = new Map<string, GitServerSwitches>();
  const stopping = new AbortController();

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const repository = repositoryOf(url.pathname);
    readBody(request)
      .then((body) => {
        const asked = { service: serviceOf(url, body), prefixes: prefixesOf(body) };
        const record = { method: request.method ?? '', path: url.pathname, ...asked };
        const recorded: RecordedGitRequest = { ...record, at: new Date(), answeredBytes: 0 };
        requests.push(recorded);
        const switches = { ...everywhere, ...perRepository.get(repository) };
        if (everywhere.cut === 'headers-once') everywhere.cut = undefined;
        return answer(root, { request, response, url, body, repository, switches, record: recorded }, stopping.signal);
      })
      .catch(() => response.destroy());
  };
  const server = tls ? createSecureServer(toTlsOptions(tls), onRequest) : createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let stopped: Promise<void> | undefined;

  return {
    url,
    root,
    requests,
    repositoryUrl: (name) => `${url}/${name}.git`,
    set: (switches, repository) => {
      if (repository === undefined) Object.assign(everywhere, switches);
      else perRepository.set(repository, { ...perRepository.get(repository), ...switches });
    },
    stop: () => {
      stopped ??= (async () => {
        stopping.abort();
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
        await rm(root, { recursive: true, force: true });
      })();
      return stopped;
    },
  };
}

function toTlsOptions({ cert, key, clientCa }: NonNullable<GitServerOptions['tls']>) {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }) };
}

/** Environment in which git reads no configuration but the repository's own, and writes the same author everywhere. */
export const ISOLATED_GIT_ENV: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada Author',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada Author',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

async function answer(root: string, exchange: Exchange, signal: AbortSignal): Promise<void> {
  const { switches, response } = exchange;
  if (switches.delayMs) await delay(switches.delayMs, undefined, { signal });
  if (switches.cut === 'headers' || switches.cut === 'headers-once') {
    response.destroy();
    return;
  }
  send(exchange, refusal(exchange) ?? held(switches, await runBackend(root, exchange)));
}

/** What is answered without asking git, if anything. */
function refusal(exchange: Exchange): Answer | undefined {
  const { request, url, repository, switches } = exchange;
  if (switches.auth && request.headers.authorization !== basic(switches.auth)) {
    return { status: 401, headers: { 'www-authenticate': 'Basic realm="git"' }, body: Buffer.from('') };
  }
  if (switches.bearer !== undefined && request.headers.authorization !== `Bearer ${switches.bearer}`) {
    return { status: 401, headers: { 'www-authenticate': 'Bearer realm="git"' }, body: Buffer.from('') };
  }
  if (switches.authorize && !switches.authorize(request.headers.authorization ?? '')) {
    return { status: 403, headers: {}, body: Buffer.from('') };
  }
  if (switches.refuse === 'http-500') return text(500, 'out of order');
  if (switches.refuse === 'http-429')
    return { ...text(429, 'slow down'), headers: { 'retry-after': switches.retryAfter ?? '7' } };
  if (switches.redirectTo !== undefined) {
    const rest = url.pathname.slice(`/${repository}.git`.length);
    return { ...text(301, ''), headers: { location: `${switches.redirectTo}${rest}${url.search}` } };
  }
  return request.method === 'POST' ? postRefusal(exchange) : undefined;
}

function postRefusal({ body, switches, record }: Exchange): Answer | undefined {
  if (switches.protocol === 'dumb') return text(404, '');
  if (switches.refuse === 'empty-200') return gitResult('');
  const fetches = record.service === 'fetch' || record.service === 'upload-pack';
  if (fetches && switches.refuse === 'not-our-ref') {
    const sha = /want ([0-9a-f]{40})/.exec(body.toString('latin1'))?.[1] ?? '';
    return gitResult(packet(`ERR upload-pack: not our ref ${sha}`));
  }
  const offersNoMultiAck = record.service === 'upload-pack' && !body.includes('multi_ack');
  return switches.demandMultiAck && offersNoMultiAck ? gitResult('') : undefined;
}

async function runBackend(root: string, { request, url, body, switches }: Exchange): Promise<Answer> {
  const child = spawn('git', ['http-backend'], {
    env: {
      ...ISOLATED_GIT_ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: switches.protocol === 'dumb' ? '' : url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      ...(switches.protocol === 'v1' ? {} : { GIT_PROTOCOL: String(request.headers['git-protocol'] ?? '') }),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {}); // git may end before it has read all
  child.stdin.end(body);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  return parseCgi(Buffer.concat(chunks));
}

function parseCgi(output: Buffer): Answer {
  const end = output.indexOf('\r\n\r\n');
  const lines = output.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
  const { Status: status = '200', ...others } = headers;
  return { status: Number.parseInt(status, 10), headers: others, body: output.subarray(end + 4) };
}

/** The held ref's line is rewritten in place: both ids are 40 digits, so no length changes. */
function held({ holdRef }: GitServerSwitches, given: Answer): Answer {
  const isPack = given.body.includes('PACK');
  if (!holdRef || isPack) return given;
  const line = new RegExp(`[0-9a-f]{40}(?= ${holdRef.ref.replace(/[.+]/g, '\\$&')}[\\n\\0 ])`, 'g');
  return { ...given, body: Buffer.from(given.body.toString('latin1').replace(line, holdRef.sha), 'latin1') };
}

function send({ response, switches, record }: Exchange, { status, headers, body }: Answer): void {
  const half = body.subarray(0, Math.ceil(body.length / 2));
  if (switches.cut === 'body') {
    response.writeHead(status, { ...headers, 'content-length': body.length });
    response.write(half, () => response.destroy());
    return;
  }
  const sent = switches.cut === 'short' ? half : body;
  record.answeredBytes = sent.length;
  response.writeHead(status, headers).end(sent);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function repositoryOf(path: string): string {
  return /^\/(.+?)\.git(?:\/|$)/.exec(path)?.[1] ?? '';
}

function serviceOf(url: URL, body: Buffer): string {
  if (url.pathname.endsWith('/info/refs')) return 'advertisement';
  if (!url.pathname.endsWith('/git-upload-pack')) return 'file';
  return /^....command=([a-z-]+)/.exec(body.subarray(0, 40).toString('latin1'))?.[1] ?? 'upload-pack';
}

function prefixesOf(body: Buffer): string[] {
  return [...body.toString('latin1').matchAll(/ref-prefix ([^\n]+)/g)].map(([, prefix = '']) => prefix);
}

function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function packet(content: string): string {
  return `${(content.length + 4).toString(16).padStart(4, '0')}${content}`;
}

function gitResult(body: string): Answer {
  return { status: 200, headers: { 'content-type': 'application/x-git-upload-pack-result' }, body: Buffer.from(body) };
}

function text(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(body) };
}
