import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/errors/secret.ts';
import type { PublicAppOptions } from '../../src/http/public-app.ts';
import { eventually } from '../support/eventually.ts';
import { makeDelivery, makePush, sendPush, sign } from '../support/make-push.ts';
import { startPublicApp } from '../support/start-public-app.ts';

const SECRET = 'canary-webhook-secret';
const OLD_SECRET = 'canary-webhook-secret-of-last-year';
const URL_PASSWORD = 'canary-url-password';
const MiB = 1_024 * 1_024;
const PUSH = { secret: SECRET, repository: 'acme/app', url: 'https://github.com/acme/app.git', after: 'b'.repeat(40) };

function start(t: TestContext, options: Partial<PublicAppOptions> = {}) {
  const webhookSecrets = { github: [new Secret(SECRET), new Secret(OLD_SECRET)] };
  return startPublicApp(t, { webhookSecrets, ...options });
}

function post(url: string, headers: Record<string, string>, body: Buffer): Promise<Response> {
  return fetch(new URL('/webhooks/github', url), { method: 'POST', headers, body: new Uint8Array(body) });
}

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

async function readError(response: Response): Promise<string> {
  const { error } = (await response.json()) as ErrorBody;
  return `${response.status} ${error.code} ${error.message}`;
}

test('a signed push is stored, then answered with 202, an id and where to see it', async (t) => {
  const { url, deliveries, observed } = await start(t);

  const response = await sendPush(url, { ...PUSH, deliveryId: 'd1' });

  assert.equal(response.status, 202);
  const answer = (await response.json()) as Record<string, string>;
  assert.match(answer.id ?? '', /^github-[0-9a-f]{64}$/);
  assert.deepEqual(answer, { id: answer.id, status: 'accepted', push: 'https://hawser.example.com/pushes/p1' });
  assert.equal(deliveries.length, 1);
  assert.equal(deliveries[0]?.id, answer.id);
  assert.equal(deliveries[0]?.push.after, PUSH.after);
  assert.deepEqual(
    observed.map(({ provider, result }) => `${provider} ${result}`),
    ['github accepted'],
  );
});

test('a redelivery has the same id, another delivery of the same push has another', async (t) => {
  const { url, deliveries } = await start(t);

  for (const deliveryId of ['d1', 'd1', 'd2']) await sendPush(url, { ...PUSH, deliveryId });

  const [first, again, other] = deliveries.map(({ id }) => id);
  assert.equal(first, again);
  assert.notEqual(first, other);
});

test('the answer to a push that nobody follows says why, and the push is stored all the same', async (t) => {
  const { url, deliveries } = await start(t, {
    whyUninteresting: (push) => `no GitRepository has the URL of ${push.repository}`,
  });

  const response = await sendPush(url, PUSH);

  const { status, reason } = (await response.json()) as Record<string, string>;
  assert.equal(`${response.status} ${status} ${reason}`, '202 accepted no GitRepository has the URL of acme/app');
  assert.equal(deliveries.length, 1);
});

const ACCEPTED = [
  { name: 'in the form encoding', given: makePush({ ...PUSH, form: true }) },
  { name: 'signed with the other secret, while secrets rotate', given: makePush({ ...PUSH, secret: OLD_SECRET }) },
  { name: 'that deletes its branch', given: makePush({ ...PUSH, before: 'a'.repeat(40), after: '0'.repeat(40) }) },
  { name: 'of a tag', given: makePush({ ...PUSH, ref: 'refs/tags/v1' }) },
  { name: 'of 20 MiB', given: makeDelivery(largePush(20 * MiB), { secret: SECRET }) },
];

for (const { name, given } of ACCEPTED) {
  test(`a push ${name} is accepted`, async (t) => {
    const { url, deliveries } = await start(t);

    const response = await post(url, given.headers, given.body);

    assert.equal(response.status, 202);
    assert.equal(deliveries.length, 1);
  });
}

function largePush(bytes: number): string {
  const { body } = makePush(PUSH);
  return `${body.toString().slice(0, -1)},"padding":"${'x'.repeat(bytes - body.length - 13)}"}`;
}

function withHeaders(headers: Record<string, string | undefined>) {
  const push = makePush(PUSH);
  const kept = Object.entries({ ...push.headers, ...headers }).filter(([, value]) => value !== undefined);
  return { ...push, headers: Object.fromEntries(kept) as Record<string, string> };
}

const IGNORED = [
  { name: 'a ping', given: makeDelivery({ zen: 'x' }, { secret: SECRET, event: 'ping' }), reason: /^ping received/ },
  { name: 'another event', given: makeDelivery({}, { secret: SECRET, event: 'star' }), reason: /star is not used/ },
];

for (const { name, given, reason } of IGNORED) {
  test(`${name} is answered with 202 and the reason why it is ignored`, async (t) => {
    const { url, deliveries, observed } = await start(t);

    const response = await post(url, given.headers, given.body);

    const answer = (await response.json()) as Record<string, string>;
    assert.equal(`${response.status} ${answer.status}`, '202 ignored');
    assert.match(answer.reason ?? '', reason);
    assert.equal(deliveries.length, 0);
    assert.equal(observed[0]?.result, 'ignored');
  });
}

const REFUSED = [
  {
    name: 'a wrong signature',
    given: makePush({ ...PUSH, secret: 'guessed' }),
    want: /^401 WEBHOOK_SIGNATURE_INVALID /,
  },
  { name: 'no signature', given: makePush({ ...PUSH, secret: null }), want: /^401 WEBHOOK_SIGNATURE_MISSING / },
  { name: 'a wrong signature over nonsense', given: makeDelivery('{', { secret: 'guessed' }), want: /^401 / },
  { name: 'no body', given: { headers: {}, body: Buffer.alloc(0) }, want: /^401 WEBHOOK_SIGNATURE_MISSING / },
  {
    name: 'an empty body that is signed',
    given: makeDelivery('', { secret: SECRET }),
    want: /^400 WEBHOOK_BODY_INVALID .*body/,
  },
  {
    name: 'text that is not JSON',
    given: makeDelivery('{', { secret: SECRET }),
    want: /^400 WEBHOOK_BODY_INVALID .*body: is not JSON/,
  },
  {
    name: 'a number for a ref',
    given: makeDelivery({ ref: 1 }, { secret: SECRET }),
    want: /^400 WEBHOOK_BODY_INVALID .*ref: /,
  },
  {
    name: 'a ref with odd characters',
    given: makePush({ ...PUSH, ref: 'refs/heads/a\u0007b' }),
    want: /^400 WEBHOOK_BODY_INVALID .*ref: /,
  },
  {
    name: 'no event',
    given: withHeaders({ 'x-github-event': undefined }),
    want: /^400 WEBHOOK_BODY_INVALID .*X-GitHub-Event/,
  },
  {
    name: 'a content type that is none',
    given: withHeaders({ 'content-type': ';;;' }),
    want: /^415 HTTP_REQUEST_INVALID /,
  },
];

for (const { name, given, want } of REFUSED) {
  test(`a delivery with ${name} is refused in words, and nothing is stored`, async (t) => {
    const { url, deliveries } = await start(t);

    const response = await post(url, given.headers, given.body);

    assert.match(await readError(response), want);
    assert.equal(deliveries.length, 0);
  });
}

test('a push without content type is read as JSON', async (t) => {
  const { url, port, deliveries } = await start(t);
  const { headers, body } = withHeaders({ 'content-type': undefined });

  const socket = await open(t, port);
  socket.write(toHead(headers, body.length));
  socket.write(body);

  assert.match(await readAnswer(socket), /^HTTP\/1.1 202 /);
  assert.equal(deliveries.length, 1);
  assert.ok(url);
});

test('without a secret there is no webhook route, whatever is sent to it', async (t) => {
  const { url } = await start(t, { webhookSecrets: { github: [] } });

  for (const { headers, body } of [
    makePush(PUSH),
    makeDelivery('{', { secret: '' }),
    makeDelivery(largePush(2 * MiB), { secret: '' }),
  ]) {
    const response = await post(url, headers, body);
    assert.match(await readError(response), /^404 HTTP_NOT_FOUND /);
  }
});

const AWAY: readonly { name: string; addDelivery: PublicAppOptions['addDelivery'] }[] = [
  {
    name: 'is away',
    addDelivery: () => Promise.reject(new Error(`connect ECONNREFUSED redis://:${URL_PASSWORD}@10.0.0.1`)),
  },
  { name: 'does not answer', addDelivery: () => new Promise(() => undefined) },
];

for (const { name, addDelivery } of AWAY) {
  test(`while Redis ${name} a push is answered with 503, Retry-After and what to do`, async (t) => {
    const { url, observed } = await start(t, { addDelivery, limits: { storeTimeoutMs: 50 } });

    const response = await sendPush(url, PUSH);

    assert.equal(response.headers.get('retry-after'), '5');
    assert.match(await readError(response), /^503 DELIVERY_NOT_STORED .*redeliver it later/);
    assert.equal(observed[0]?.result, 'unavailable');
  });
}

test('a body of 25 MiB and one byte is refused by its declared length, before it is sent', async (t) => {
  const { port, deliveries } = await start(t);
  const socket = await open(t, port);

  socket.write(toHead(makePush(PUSH).headers, 25 * MiB + 1));

  assert.match(await readAnswer(socket), /^HTTP\/1.1 413 [\s\S]*HTTP_BODY_TOO_LARGE.*larger than 26214400 bytes/);
  assert.equal(deliveries.length, 0);
});

test('a body of exactly 25 MiB is taken, one byte more is not', async (t) => {
  const { url } = await start(t);
  const fits = makeDelivery(largePush(25 * MiB), { secret: SECRET });
  const large = makeDelivery(largePush(25 * MiB + 1), { secret: SECRET });

  assert.equal(fits.body.length, 25 * MiB);
  assert.equal((await post(url, fits.headers, fits.body)).status, 202);
  assert.match(await readError(await post(url, large.headers, large.body)), /^413 HTTP_BODY_TOO_LARGE /);
});

test('a body of undeclared length is counted, and refused at the limit', async (t) => {
  const { port } = await start(t, { limits: { maxBodyBytes: 1_000 } });
  const socket = await open(t, port);

  socket.write(toHead({ ...makePush(PUSH).headers, 'transfer-encoding': 'chunked' }));
  for (let sent = 0; sent < 5; sent++) socket.write(`fa\r\n${'x'.repeat(250)}\r\n`);

  assert.match(await readAnswer(socket), /^HTTP\/1.1 413 /);
});

test('a body longer than its declared length is refused', async (t) => {
  const { port, deliveries } = await start(t);
  const { headers, body } = makePush(PUSH);
  const socket = await open(t, port);

  socket.write(Buffer.concat([Buffer.from(toHead(headers, body.length - 10)), body]));

  assert.match(await readAnswer(socket), /^HTTP\/1.1 40[01] /);
  assert.equal(deliveries.length, 0);
});

test('a body shorter than its declared length is given up after the time for bodies', async (t) => {
  const { port, deliveries } = await start(t, { limits: { bodyTimeoutMs: 100 } });
  const { headers, body } = makePush(PUSH);
  const socket = await open(t, port);

  socket.write(toHead(headers, body.length + 10));
  socket.write(body);

  assert.match(await readAnswer(socket), /^HTTP\/1.1 408 [\s\S]*HTTP_BODY_INCOMPLETE/);
  assert.equal(deliveries.length, 0);
});

test('a sender that breaks off leaves nothing behind', async (t) => {
  const { url, port, deliveries, observed } = await start(t);
  const { headers, body } = makePush(PUSH);
  const socket = await open(t, port);
  socket.write(toHead(headers, body.length));
  socket.write(body.subarray(0, 10));
  socket.destroy();

  await eventually(() => assert.equal(observed.length, 1));

  assert.equal(observed[0]?.result, 'invalid');
  assert.equal((await sendPush(url, PUSH)).status, 202);
  assert.equal(deliveries.length, 1);
});

test('unfinished bodies push out each other, never a real delivery', async (t) => {
  const { url, port, deliveries } = await start(t, { limits: { maxUnfinishedBytes: 64 * 1_024 } });
  const slow: Socket[] = [];
  for (let count = 0; count < 20; count++) {
    const socket = await open(t, port);
    socket.write(toHead(makePush(PUSH).headers, MiB));
    socket.write('x'.repeat(8 * 1_024));
    slow.push(socket);
  }
  const given = slow.map(readAnswer);

  const first = await given[0];
  const answers = await Promise.all(Array.from({ length: 20 }, () => sendPush(url, PUSH)));

  assert.match(first ?? '', /^HTTP\/1.1 503 [\s\S]*retry-after: 5[\s\S]*HTTP_OVERLOADED/i);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
  assert.equal(deliveries.length, 20);
});

test('what is not HTTP gets an answer in JSON', async (t) => {
  const { port } = await start(t);
  const socket = await open(t, port);

  socket.write('nonsense\r\n\r\n');

  assert.match(await readAnswer(socket), /^HTTP\/1.1 400 [\s\S]*HTTP_REQUEST_INVALID/);
});

test('closing does not wait for clients that hold their connections open', async (t) => {
  const { app, url, port } = await start(t);
  await (await sendPush(url, PUSH)).text();
  const silent = (await open(t, port)).resume();
  const slow = (await open(t, port)).resume();
  slow.write(toHead(makePush(PUSH).headers, MiB));
  slow.write('x');

  await Promise.all([app.close(), once(silent, 'close'), once(slow, 'close')]);
  await app.close();
});

test('closing lets a delivery that is being stored get its answer', async (t) => {
  const storing = Promise.withResolvers<{ pushId: string; redelivered: boolean }>();
  const called = Promise.withResolvers<void>();
  const addDelivery = () => {
    called.resolve();
    return storing.promise;
  };
  const { app, url } = await start(t, { addDelivery });
  const sending = sendPush(url, PUSH);
  await called.promise;

  const closing = app.close();
  storing.resolve({ pushId: 'p1', redelivered: false });

  assert.equal((await sending).status, 202);
  await closing;
});

test('no secret is in any answer or log line, whatever comes', async (t) => {
  const { url, readLog, deliveries } = await start(t, { addDelivery: () => Promise.reject(new Error(SECRET)) });
  const urlWithPassword = `https://octo:${URL_PASSWORD}@github.com/acme/app.git`;
  const answers: string[] = [];
  for (const { headers, body } of [
    makePush(PUSH),
    makePush({ ...PUSH, secret: 'guessed' }),
    makePush({ ...PUSH, url: urlWithPassword }),
    makeDelivery({ ref: SECRET, repository: { clone_url: urlWithPassword } }, { secret: SECRET }),
    makeDelivery(`${SECRET} is not JSON`, { secret: SECRET }),
    makeDelivery({}, { secret: SECRET, event: SECRET }),
    withHeaders({ 'x-hub-signature-256': SECRET, authorization: `Bearer ${URL_PASSWORD}` }),
  ]) {
    const response = await post(url, headers, body);
    answers.push(JSON.stringify([...response.headers]) + (await response.text()));
  }
  const malformed = await fetch(`${url}/%zz?secret=${SECRET}`);
  answers.push(await malformed.text());

  assert.doesNotMatch(answers.join('\n'), /canary/);
  assert.doesNotMatch(readLog(), /canary/);
  assert.doesNotMatch(readLog(), new RegExp(sign(SECRET, makePush(PUSH).body)));
  assert.match(readLog(), /delivery refused/);
  assert.equal(deliveries.length, 0);
});

test('a password in a repository’s URL is gone before the push is stored', async (t) => {
  const { url, deliveries } = await start(t);

  await sendPush(url, { ...PUSH, url: `https://octo:${URL_PASSWORD}@github.com/acme/app.git` });

  assert.equal(deliveries.length, 1);
  assert.doesNotMatch(JSON.stringify(deliveries), /canary/);
});

async function open(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function toHead(headers: Record<string, string>, contentLength?: number): string {
  const length = contentLength === undefined ? {} : { 'content-length': String(contentLength) };
  const lines = Object.entries({ host: 'hawser.test', ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `POST /webhooks/github HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** The first answer on a connection, as text. */
function readAnswer(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
    const [head = '', body = ''] = text.split('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Buffer.byteLength(body) >= length) resolve(text);
  });
  socket.on('close', () => reject(new Error(`closed after: ${text}`)));
  promise.catch(() => undefined);
  return promise;
}
