import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import type { FloodReport } from '../support/flood.ts';
import { startPublicApp } from '../support/start-public-app.ts';
import {
  allSecrets,
  type PushFacts,
  SENDERS,
  type SentDelivery,
  type WebhookSender,
} from '../support/webhook-senders.ts';

const FLOOD = fileURLToPath(new URL('../support/flood.ts', import.meta.url));
const OFFERED_PER_SECOND = 10_000;
const ROUNDS = 10;
const MOST_CONNECTIONS = 40;
const PUSH: PushFacts = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

/** One sender for each route. */
const ROUTES = [
  ...new Map(
    SENDERS.filter(({ secretName }) => secretName !== 'gitlabSigning').map((each) => [each.path, each]),
  ).values(),
];

function start(t: TestContext) {
  return startPublicApp(t, { webhookSecrets: allSecrets(), mostConnections: MOST_CONNECTIONS });
}

/** What every route answers to an authentic delivery of its own. */
async function deliverEverywhere(url: string, round: number): Promise<string[]> {
  const answers = ROUTES.map(async (sender) => {
    const { headers, body } = sender.send(sender.payload(PUSH), sender.secret, {
      deliveryId: `${sender.name} ${round}`,
    });
    const response = await fetch(new URL(sender.path, url), { method: 'POST', headers, body: new Uint8Array(body) });
    await response.arrayBuffer();
    return `${sender.path} ${response.status}`;
  });
  return Promise.all(answers);
}

const ALL_TAKEN = ROUTES.map(({ path }) => `${path} 202`);

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket.resume();
}

function toHead(sender: WebhookSender, lines: readonly string[]): string {
  return `POST ${sender.path} HTTP/1.1\r\nhost: hawser.test\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** What somebody sends who means to hold a connection for as long as he may. */
const HELD: readonly { name: string; first: (sender: WebhookSender) => string }[] = [
  { name: 'nothing', first: () => '' },
  { name: 'headers without end', first: ({ path }) => `POST ${path} HTTP/1.1\r\nhost: hawser.test\r\nx-slow: ` },
  { name: 'a body that never comes', first: (sender) => toHead(sender, ['content-length: 1000']) },
  { name: 'a body that stops', first: (sender) => `${toHead(sender, ['content-length: 1000'])}{"ref":` },
  {
    name: 'a body of chunks that stop',
    first: (sender) => `${toHead(sender, ['transfer-encoding: chunked'])}5\r\n{"ref`,
  },
];

for (const { name, first } of HELD) {
  test(`three times as many connections as are kept, each sending ${name}, push out each other and no delivery`, async (t) => {
    const { url, port, app, deliveries } = await start(t);
    const slow: Socket[] = [];

    for (let count = 0; count < 3 * MOST_CONNECTIONS; count++) {
      const sender = ROUTES[count % ROUTES.length];
      const socket = await open(t, port);
      if (sender) socket.write(first(sender));
      slow.push(socket);
    }
    const taken: string[][] = [];
    for (let round = 0; round < 3; round++) taken.push(await deliverEverywhere(url, round));

    assert.deepEqual(taken, [ALL_TAKEN, ALL_TAKEN, ALL_TAKEN]);
    assert.equal(deliveries.length, 3 * ROUTES.length);
    await eventually(() => assert.ok(slow.filter((socket) => !socket.destroyed).length <= MOST_CONNECTIONS));
    const { promise, resolve } = Promise.withResolvers<number>();
    app.server.getConnections((_error, count) => resolve(count));
    assert.ok((await promise) <= MOST_CONNECTIONS);
  });
}

test('a delivery that is being stored is not pushed out by any number of connections', async (t) => {
  const storing = Promise.withResolvers<{ pushId: string; redelivered: boolean }>();
  let stored = 0;
  const { url, port } = await startPublicApp(t, {
    webhookSecrets: allSecrets(),
    mostConnections: MOST_CONNECTIONS,
    addDelivery: () => {
      stored++;
      return storing.promise;
    },
  });
  const sending = deliverEverywhere(url, 0);
  await eventually(() => assert.equal(stored, ROUTES.length));

  for (let count = 0; count < 2 * MOST_CONNECTIONS; count++) await open(t, port);
  storing.resolve({ pushId: 'p1', redelivered: false });

  assert.deepEqual(await sending, ALL_TAKEN);
});

test('hundreds of requests in one packet cost the connection, and nobody else waits for them', async (t) => {
  const { url, port, observed } = await start(t);
  const [sender] = ROUTES;
  assert.ok(sender);
  const { headers, body } = sender.send(sender.payload(PUSH), 'guessed');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const request = toHead(sender, [...lines, `content-length: ${body.length}`]) + body;
  const socket = await open(t, port);

  socket.write(request.repeat(300));
  await eventually(() => assert.ok(socket.destroyed));

  assert.deepEqual(await deliverEverywhere(url, 0), ALL_TAKEN);
  assert.ok(observed.filter(({ result }) => result !== 'accepted').length <= 1);
});

test('who is refused connects anew, in the same line as everybody else; who is taken keeps his connection', async (t) => {
  const { url } = await start(t);
  const post = async (path: string, { headers, body }: SentDelivery) => {
    const response = await fetch(new URL(path, url), { method: 'POST', headers, body: new Uint8Array(body) });
    await response.arrayBuffer();
    return `${response.status} ${response.headers.get('connection')}`;
  };

  const answers = ROUTES.map(async (sender) => [
    await post(sender.path, sender.send(sender.payload(PUSH), sender.secret)),
    await post(sender.path, sender.send(sender.payload(PUSH), 'guessed')),
    await post(sender.path, sender.send('{', sender.secret)),
  ]);

  for (const given of await Promise.all(answers)) {
    assert.deepEqual(given, ['202 keep-alive', '401 close', '400 close']);
  }
});

/** Bodies that are not as long as they say, and what the listener makes of them. */
const LIES = [
  { name: 'longer than declared', lines: ['content-length: 4'], body: '{"ref":"refs/heads/main"}' },
  { name: 'shorter than declared', lines: ['content-length: 1000'], body: '{}' },
  { name: 'declared twice', lines: ['content-length: 2', 'content-length: 3'], body: '{}' },
  {
    name: 'declared and in chunks',
    lines: ['content-length: 2', 'transfer-encoding: chunked'],
    body: '2\r\n{}\r\n0\r\n\r\n',
  },
  { name: 'of a negative length', lines: ['content-length: -1'], body: '{}' },
  { name: 'of a length that is no number', lines: ['content-length: 0x10'], body: '{}' },
  { name: 'in chunks of a size that is none', lines: ['transfer-encoding: chunked'], body: 'zz\r\n{}\r\n0\r\n\r\n' },
  { name: 'in a chunk of absurd size', lines: ['transfer-encoding: chunked'], body: 'ffffffffffffffff\r\n{}' },
  { name: 'in an encoding nobody knows', lines: ['transfer-encoding: rot13'], body: '{}' },
] as const;

for (const { name, lines, body } of LIES) {
  test(`a body ${name} is never stored on any route, and deliveries beside it are`, async (t) => {
    const { url, port, deliveries } = await startPublicApp(t, {
      webhookSecrets: allSecrets(),
      limits: { bodyTimeoutMs: 100 },
    });
    const liars = await Promise.all(
      ROUTES.map(async (sender) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        t.after(() => socket.destroy());
        socket.write(toHead(sender, [...lines]) + body);
        const [first] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [unknown];
        return String(first).slice(9, 12);
      }),
    );

    const taken = await deliverEverywhere(url, 0);

    for (const status of liars) assert.match(status, /^4\d\d$/);
    assert.deepEqual(taken, ALL_TAKEN);
    assert.equal(deliveries.length, ROUTES.length);
  });
}

function startFlood(t: TestContext, given: { port: number; connections: number; paths: readonly string[] }) {
  const numbers = [given.port, given.connections, OFFERED_PER_SECOND].map(String);
  const child = spawn(process.execPath, [FLOOD, ...numbers, ...given.paths]);
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('a delivery waits in line with hundreds of connections that are never done, not behind all they ask', async (t) => {
  const connections = 512;
  const { url, port, observed } = await startPublicApp(t, { webhookSecrets: allSecrets() });
  const [sender] = ROUTES;
  assert.ok(sender);
  startFlood(t, { port, connections, paths: [sender.path] });
  await eventually(() => assert.ok(observed.length > 2 * connections), { timeoutMs: 30_000 });
  const { headers, body } = sender.send(sender.payload(PUSH), sender.secret);
  const before = observed.length;

  const response = await fetch(new URL(sender.path, url), { method: 'POST', headers, body: new Uint8Array(body) });

  const ahead = observed.length - before;
  t.diagnostic(`${ahead} requests were answered before it`);
  assert.equal(response.status, 202);
  assert.ok(ahead < 4 * connections, `${ahead}`);
});

test('ten thousand requests a second that prove nothing cost no authentic delivery its 202, on any route', async (t) => {
  const { url, port, deliveries, observed, readLog } = await startPublicApp(t, { webhookSecrets: allSecrets() });
  const paths = ROUTES.map(({ path }) => path);
  const child = startFlood(t, { port, connections: 64, paths });
  await eventually(() => assert.ok(observed.length > 1_000), { timeoutMs: 30_000 });

  const taken: string[] = [];
  for (let round = 0; round < ROUNDS; round++) taken.push(...(await deliverEverywhere(url, round)));
  child.stdin.end();
  const report = JSON.parse(await text(child.stdout)) as FloodReport;

  const refused = observed.filter(({ result }) => result === 'refused').length;
  t.diagnostic(
    `offered ${report.offered} in ${report.seconds.toFixed(1)} s, held back ${report.heldBack}, refused ${refused}`,
  );
  assert.deepEqual(
    taken.filter((answer) => !answer.endsWith(' 202')),
    [],
  );
  assert.equal(deliveries.length, ROUNDS * ROUTES.length);
  assert.deepEqual(Object.keys(report.answers), ['401']);
  assert.ok(refused > 1_000);
  const logged = readLog().split('delivery refused').length - 1;
  assert.ok(logged > 0 && logged < refused / 2, `${logged} of ${refused} refusals were logged`);
});
