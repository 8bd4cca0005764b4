import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import { startApiGate } from './start-api-gate.ts';

/** Where a process stops that is writing for one lane: before its n-th write arrives, or before its answer does. */
export interface Step {
  /** From 1. */
  readonly write: number;
  readonly when: 'before it arrives' | 'before it is answered';
}

/**
 * A way to the API server that stops a process at chosen writes, so that it can be killed right there. Many lanes are
 * stopped side by side, each at a step of its own: a lane is a word that all requests on its behalf hold in their path.
 */
export interface StepGate {
  readonly kubeconfig: string;
  /** Counts from now on, and stops each lane at its step, if it has one. */
  stopAt(steps: ReadonlyMap<string, Step | undefined>): void;
  /** Resolves once every lane stands at its step. */
  allStopped(): Promise<void>;
  /** Nothing is stopped any more, and what was is never answered. */
  open(): void;
  /** A lane's writes since the last `stopAt`, such as `PATCH /api/v1/…`. */
  writesOf(lane: string): readonly string[];
}

interface Lane {
  readonly writes: string[];
  step: Step | undefined;
  /** No further write of it passes. */
  isClosed: boolean;
  /** Its last write is where it shall be. */
  isStopped: boolean;
}

const PATIENCE_MS = 60_000;

/** Opens a gate before a kubeconfig's API server; it closes when the test ends. */
export async function startStepGate(
  t: Pick<TestContext, 'after'>,
  kubeconfig: string,
  laneOf: (path: string) => string | undefined,
): Promise<StepGate> {
  const behind = await startApiGate(t, kubeconfig);
  const [address = ''] = /http:\/\/[\d.:]+/.exec(readFileSync(behind.kubeconfig, 'utf8')) ?? [];
  const lanes = new Map<string, Lane>();
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    forward({ address, held, find: (path) => lanes.get(laneOf(path) ?? '') }, request, response).catch(() =>
      response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dir = await mkdtemp(join(tmpdir(), 'hawser-steps-'));
  t.after(async () => {
    server.close();
    server.closeAllConnections();
    await rm(dir, { recursive: true, force: true });
  });
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const file = join(dir, 'kubeconfig');
  writeFileSync(file, readFileSync(behind.kubeconfig, 'utf8').replace(address, own), { mode: 0o600 });
  return {
    kubeconfig: file,
    stopAt(steps) {
      lanes.clear();
      for (const [lane, step] of steps) lanes.set(lane, { writes: [], step, isClosed: false, isStopped: false });
    },
    allStopped: () =>
      eventually(
        () => {
          const missing = [...lanes].filter(([, { isStopped }]) => !isStopped);
          if (missing.length === 0) return;
          throw new Error(
            `not at their step: ${missing.map(([name, { writes }]) => `${name} (${writes})`).join('; ')}`,
          );
        },
        { timeoutMs: PATIENCE_MS },
      ),
    open() {
      for (const lane of lanes.values()) Object.assign(lane, { step: undefined, isClosed: false });
      for (const response of held) response.destroy();
      held.clear();
    },
    writesOf: (lane) => lanes.get(lane)?.writes ?? [],
  };
}

interface Way {
  readonly address: string;
  readonly held: Set<ServerResponse>;
  readonly find: (path: string) => Lane | undefined;
}

async function forward(way: Way, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url: path = '/' } = request;
  const body = await text(request);
  const lane = isWrite(method, path) ? way.find(path) : undefined;
  if (!lane) return await pass(way, { request, body }, response);
  if (lane.isClosed) return void way.held.add(response);
  const write = `${method} ${path.replace(/\?.*/, '')}`;
  // A repetition after a conflict is the same step; only a status is written more than once.
  if (lane.writes.includes(write) && !write.endsWith('/status')) return await pass(way, { request, body }, response);
  lane.writes.push(write);
  if (lane.writes.length !== lane.step?.write) return await pass(way, { request, body }, response);
  lane.isClosed = true;
  way.held.add(response);
  if (lane.step.when === 'before it is answered') await text(await ask(way, { request, body }));
  lane.isStopped = true;
}

interface Sent {
  readonly request: IncomingMessage;
  readonly body: string;
}

async function ask({ address }: Way, { request, body }: Sent, signal?: AbortSignal): Promise<IncomingMessage> {
  const { method, headers } = request;
  const onward = send(`${address}${request.url}`, { method, headers, ...(signal ? { signal } : {}) });
  onward.end(body);
  const [answer] = (await once(onward, 'response')) as [IncomingMessage];
  return answer;
}

async function pass(way: Way, sent: Sent, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  const answer = await ask(way, sent, left.signal);
  answer.once('error', () => response.destroy());
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.flushHeaders();
  answer.pipe(response);
}

/** Dry-runs and reads change nothing, and events are no part of what must be exact. */
function isWrite(method: string, path: string): boolean {
  return method !== 'GET' && !path.includes('dryRun') && !/\/events(\/|\?|$)/.test(path);
}
