/**
 * A process of its own that offers a listener many requests a second which prove nothing:
 * `node flood.ts <port> <connections> <requests per second> <path…>`. Ends with its input, and prints what it offered and was answered.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setInterval } from 'node:timers/promises';

/** What came of a flood. */
export interface FloodReport {
  readonly offered: number;
  /** Not offered because a connection was not open, full, or still waiting for an answer. */
  readonly heldBack: number;
  readonly seconds: number;
  /** Answers by status. */
  readonly answers: Readonly<Record<string, number>>;
}

const TICK_MS = 10;
const FULL_BYTES = 64 * 1_024;

interface Flood {
  readonly port: number;
  /** Of these every other one sends without waiting for answers. */
  readonly connections: number;
  readonly perSecond: number;
  readonly paths: readonly string[];
}

async function flood({ port, connections, perSecond, paths }: Flood): Promise<FloodReport> {
  const answers: Record<string, number> = {};
  const lanes = Array.from({ length: connections }, (_, index) => openLane(port, answers, index % 2 === 0));
  const requests = paths.map(toRequest);
  const startedAt = performance.now();
  let [turn, offered, heldBack, ended] = [0, 0, 0, false];
  process.stdin.resume().once('end', () => {
    ended = true;
  });
  for await (const _ of setInterval(TICK_MS)) {
    if (ended) break;
    const due = ((performance.now() - startedAt) / 1_000) * perSecond;
    while (offered + heldBack < due) {
      const lane = lanes[turn++ % lanes.length];
      if (lane?.send(requests[turn % requests.length] ?? '')) offered++;
      else heldBack++;
    }
  }
  for (const lane of lanes) lane.close();
  return { offered, heldBack, seconds: (performance.now() - startedAt) / 1_000, answers };
}

interface Lane {
  /** False if it cannot be sent now. */
  send(request: string): boolean;
  close(): void;
}

/** A connection that is opened again whenever the server ends it. */
function openLane(port: number, answers: Record<string, number>, isPatient: boolean): Lane {
  let socket: Socket | undefined;
  let waiting = 0;
  let closed = false;
  const open = () => {
    const next = connect(port, '127.0.0.1', () => {
      if (closed) next.destroy();
      else socket = next;
      waiting = 0;
    });
    next.on('error', () => undefined);
    next.on('data', (chunk) => {
      for (const [, status = ''] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3})/g)) {
        answers[status] = (answers[status] ?? 0) + 1;
        waiting--;
      }
    });
    next.on('close', () => {
      const wasOpen = socket === next;
      socket = undefined;
      if (wasOpen) open();
    });
  };
  open();
  return {
    send(request) {
      if (!socket || socket.writableLength > FULL_BYTES || (isPatient && waiting > 0)) return false;
      socket.write(request);
      waiting++;
      return true;
    },
    close() {
      closed = true;
      const last = socket;
      socket = undefined;
      last?.destroy();
    },
  };
}

/** Looks like a delivery of every provider at once, and proves nothing to any. */
function toRequest(path: string): string {
  const body = '{"ref":"refs/heads/main"}';
  const guesses = [
    ['x-hub-signature-256', `sha256=${'0'.repeat(64)}`],
    ['x-hub-signature', `sha256=${'0'.repeat(64)}`],
    ['x-gitea-signature', '0'.repeat(64)],
    ['x-gitlab-token', 'guessed'],
    ['webhook-id', 'guessed'],
    ['webhook-timestamp', String(Math.floor(Date.now() / 1_000))],
    ['webhook-signature', `v1,${Buffer.alloc(32).toString('base64')}`],
    ['authorization', `Basic ${Buffer.from('user:guessed').toString('base64')}`],
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
  ].map(([name, value]) => `${name}: ${value}`);
  return `POST ${path} HTTP/1.1\r\nhost: hawser.test\r\n${guesses.join('\r\n')}\r\n\r\n${body}`;
}

if (process.argv[1] === import.meta.filename) {
  const [port, connections, perSecond, ...paths] = process.argv.slice(2);
  const report = await flood({
    port: Number(port),
    connections: Number(connections),
    perSecond: Number(perSecond),
    paths,
  });
  if (!process.stdout.write(JSON.stringify(report))) await once(process.stdout, 'drain');
}
