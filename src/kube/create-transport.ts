import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, buildConnector } from 'undici';
import type { ClusterAccess, ClusterCredentials, TlsOptions } from './load-cluster-access.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpStream {
  readonly status: number;
  readonly body: Readable;
}

/** One attempt at a time, over pooled HTTP/1.1 connections; what fails is thrown as undici gives it. */
export interface Transport {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** A response read as it arrives, over a connection of its own. */
  open(request: HttpRequest): Promise<HttpStream>;
  stop(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_PROBE_MS = 15_000;
/** Less than the API server's own 90 s, so that no request meets a connection that is just being closed. */
const IDLE_CONNECTION_MS = 60_000;
/** A remote cluster is a tenant's word: its answers must not fill this process's memory. */
const MAX_RESPONSE_BYTES = 512 * 1024 * 1024;

interface TransportOptions {
  readonly access: ClusterAccess;
  readonly connections: number;
  readonly userAgent: string;
  /** Of one answer to `send`; a longer one is an error. 512 MiB. */
  readonly maxResponseBytes?: number;
}

export function createTransport(options: TransportOptions): Transport {
  const { access, connections, userAgent, maxResponseBytes = MAX_RESPONSE_BYTES } = options;
  const connect = createConnector(access);
  const common = { connect, pipelining: 1, allowH2: false, keepAliveTimeout: IDLE_CONNECTION_MS };
  // Deadlines are the signals': a call has one for the whole attempt, a watch one between bytes.
  const noTimeouts = { headersTimeout: 0, bodyTimeout: 0 };
  const pool = new Agent({ ...common, ...noTimeouts, connections, maxResponseSize: maxResponseBytes });
  const watchPool = new Agent({ ...common, ...noTimeouts });
  let stopped: Promise<void> | undefined;

  const dispatch = async (agent: Agent, request: HttpRequest) => {
    const credentials = await access.credentials();
    const response = await agent.request({
      origin: access.server.origin,
      path: `${access.server.pathname.replace(/\/$/, '')}${request.path}`,
      method: request.method,
      headers: { ...credentials.headers, 'user-agent': userAgent, ...request.headers } as Record<string, string>,
      body: request.body ?? null,
      signal: request.signal,
    });
    if (response.statusCode === 401) await renew(credentials);
    return response;
  };
  const renew = async (rejected: ClusterCredentials) => {
    // The answer is still a 401; whoever retries does so with what is loaded now.
    await access.credentials(rejected).catch(() => {});
  };

  return {
    send: async (request) => {
      const { statusCode, headers, body } = await dispatch(pool, request);
      return { status: statusCode, headers, body: await body.text() };
    },
    open: async (request) => {
      const { statusCode, body } = await dispatch(watchPool, request);
      return { status: statusCode, body };
    },
    stop: () => {
      stopped ??= Promise.all([pool.destroy(), watchPool.destroy()]).then(() => {});
      return stopped;
    },
  };
}

/** Each new connection is made with the certificates of that moment; unchanged ones resume TLS sessions. */
function createConnector(access: ClusterAccess): buildConnector.connector {
  let current: { readonly tls: TlsOptions; readonly connect: buildConnector.connector } | undefined;
  return (options, callback) => {
    const connectWith = ({ tls }: ClusterCredentials) => {
      if (current?.tls !== tls) current = { tls, connect: buildConnector({ ...tls, ...SOCKET_OPTIONS }) };
      current.connect(options, callback);
    };
    access.credentials().then(connectWith, (error) => callback(error, null));
  };
}

const SOCKET_OPTIONS = {
  allowH2: false,
  timeout: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
};
