import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { type ClusterAccess, loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { eventually } from './eventually.ts';

/** A request on its way to the API server. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: string;
}

/** A request that is being held: it has left its sender and has not reached the API server. */
export interface HeldRequest {
  /** Resolves with the first one; rejects if none comes within half a minute. */
  arrived(): Promise<ApiRequest>;
  /** It never reaches the API server, nor does any other that was held; those that come after it pass. */
  drop(): void;
}

/** What is answered in the API server's place. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Requests that do not reach the API server, because the gate answers them. */
export interface AnsweredRequests {
  /** Those that came so far. */
  readonly requests: readonly ApiRequest[];
  /** Those that come from now on pass. */
  end(): void;
}

/** A way to the API server on which requests can be held, so that a test knows exactly how far a process has got. */
export interface ApiGate {
  readonly kubeconfig: string;
  /** From now on holds every request that fits. */
  hold(fits: (request: ApiRequest) => boolean): HeldRequest;
  /** From now on answers every request that fits, or only the first ones. */
  answer(fits: (request: ApiRequest) => boolean, answer: ApiAnswer, times?: number): AnsweredRequests;
}

const PATIENCE_MS = 30_000;

interface Hold {
  readonly fits: (request: ApiRequest) => boolean;
  readonly arrive: (request: ApiRequest) => void;
  readonly dropped: Promise<void>;
}

/** Opens a gate before a kubeconfig's API server; it closes when the test ends. */
export async function startApiGate(t: Pick<TestContext, 'after'>, kubeconfig: string): Promise<ApiGate> {
  const access = loadClusterAccess({ kubeconfig });
  const holds = new Set<Hold>();
  const answers = new Set<Answers>();
  const server = createServer((request, response) => {
    forward(access, { holds, answers }, { request, response }).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dir = await mkdtemp(join(tmpdir(), 'hawser-gate-'));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(dir, { recursive: true, force: true });
  });
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: writeKubeconfig(dir, `http://127.0.0.1:${port}`),
    hold: (fits) => {
      const arrivals: ApiRequest[] = [];
      const { promise: dropped, resolve: end } = Promise.withResolvers<void>();
      const hold = { fits, arrive: (request: ApiRequest) => void arrivals.push(request), dropped };
      holds.add(hold);
      const drop = () => {
        holds.delete(hold);
        end();
      };
      const first = () => {
        const [request] = arrivals;
        if (!request) throw new Error('no request came that was to be held');
        return request;
      };
      return { arrived: () => eventually(first, { timeoutMs: PATIENCE_MS }), drop };
    },
    answer: (fits, answer, times = Number.POSITIVE_INFINITY) => {
      const given: Answers = { fits, answer, times, requests: [] };
      answers.add(given);
      return { requests: given.requests, end: () => void answers.delete(given) };
    },
  };
}

interface Answers {
  readonly fits: (request: ApiRequest) => boolean;
  readonly answer: ApiAnswer;
  readonly times: number;
  readonly requests: ApiRequest[];
}

interface Interventions {
  readonly holds: Iterable<Hold>;
  readonly answers: Iterable<Answers>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function forward(
  access: ClusterAccess,
  { holds, answers }: Interventions,
  { request, response }: Exchange,
): Promise<void> {
  const { method = 'GET', url: path = '/' } = request;
  const body = await text(request);
  for (const hold of holds) {
    if (!hold.fits({ method, path, body })) continue;
    hold.arrive({ method, path, body });
    await hold.dropped;
    response.destroy();
    return;
  }
  for (const { fits, answer, times, requests } of answers) {
    if (requests.length >= times || !fits({ method, path, body })) continue;
    requests.push({ method, path, body });
    response.writeHead(answer.status, answer.headers).end(answer.body);
    return;
  }
  const credentials = await access.credentials();
  const { hostname, port } = access.server;
  const headers = { ...request.headers, ...credentials.headers, host: access.server.host };
  const upstream = requestOverTls({ hostname, port, path, method, headers, ...credentials.tls }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    answer.once('error', () => response.destroy());
  });
  upstream.once('error', () => response.destroy());
  response.once('close', () => upstream.destroy());
  upstream.end(body);
}

function writeKubeconfig(dir: string, server: string): string {
  const file = join(dir, 'kubeconfig');
  const name = 'gate';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    // Kubeconfigs that name a server without TLS must say that they mean it.
    clusters: [{ name, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
