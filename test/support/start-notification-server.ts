/**
 * Stands in for Flux's notification-controller on loopback: takes what its event server takes, refuses what does not keep
 * the schema of its events, answers 429 to what it was sent within the last minutes, and can be switched to misbehave.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.ts';

export interface ReceivedEvent {
  readonly involvedObject: Readonly<Record<string, string>>;
  readonly severity: string;
  readonly timestamp: string;
  readonly message: string;
  readonly reason: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly reportingController: string;
  readonly reportingInstance?: string;
}

export interface NotificationServer {
  readonly url: string;
  /** What was taken, in the order of arrival. */
  readonly events: readonly ReceivedEvent[];
  /** What each request was answered. */
  readonly answers: readonly number[];
  /** Why something was refused; a sender that keeps the schema leaves this empty. */
  readonly problems: readonly string[];
  /** Answers the next requests so; `hang` takes a request and never answers. */
  misbehave(mood: number | 'hang' | undefined): void;
  waitFor(predicate: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent>;
  stop(): Promise<void>;
}

const TEXTS: readonly (readonly [field: string, pattern: RegExp])[] = [
  ['severity', /^(trace|info|error)$/],
  ['timestamp', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/],
  ['message', /^[\s\S]{1,39000}$/],
  ['reason', /^[A-Za-z]+$/],
  ['reportingController', /^[a-z-]+$/],
];
const REFERENCE = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion'];

export async function startNotificationServer(): Promise<NotificationServer> {
  const events: ReceivedEvent[] = [];
  const answers: number[] = [];
  const problems: string[] = [];
  const known = new Set<string>();
  let mood: number | 'hang' | undefined;
  const take = (request: IncomingMessage, body: Record<string, unknown>): number => {
    const found = [...findProblems(body), ...(request.method === 'POST' && request.url === '/' ? [] : ['not POST /'])];
    problems.push(...found);
    if (found.length > 0) return 400;
    const event = body as unknown as ReceivedEvent;
    const key = toDuplicateKey(event);
    if (known.has(key)) return 429;
    known.add(key);
    events.push(event);
    return 202;
  };
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      if (mood === 'hang') return;
      const status = mood ?? take(request, body);
      answers.push(status);
      response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events,
    answers,
    problems,
    misbehave: (next) => {
      mood = next;
    },
    waitFor: (predicate) =>
      eventually(
        () => {
          const found = events.find(predicate);
          if (!found) throw new Error(`no such event among: ${JSON.stringify({ events, problems })}`);
          return found;
        },
        { timeoutMs: 30_000 },
      ),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function findProblems(body: Record<string, unknown>): string[] {
  const object = (body.involvedObject ?? {}) as Record<string, unknown>;
  const metadata = (body.metadata ?? {}) as Record<string, unknown>;
  const known = new Set(['involvedObject', 'metadata', 'reportingInstance', ...TEXTS.map(([field]) => field)]);
  return [
    ...TEXTS.filter(([field, pattern]) => !pattern.test(String(body[field] ?? ''))).map(
      ([field]) => `${field} is wrong`,
    ),
    ...Object.keys(body).filter((field) => !known.has(field)),
    ...REFERENCE.filter((field) => typeof object[field] !== 'string').map((field) => `no involvedObject.${field}`),
    ...Object.keys(object).filter((field) => !REFERENCE.includes(field)),
    ...Object.entries(metadata).flatMap(([key, value]) => (typeof value === 'string' ? [] : [`metadata ${key}`])),
  ];
}

/** By what notification-controller knows a duplicate: object, message, and revision or token of the metadata. */
function toDuplicateKey({ involvedObject: { kind, namespace, name }, message, metadata = {} }: ReceivedEvent): string {
  const revisions = Object.entries(metadata).filter(([key]) => /\/(revision|originRevision|token)$/.test(key));
  return JSON.stringify([kind, namespace, name, message, revisions.sort()]);
}
