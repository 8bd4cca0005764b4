import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { HawserError } from '../../src/errors/hawser-error.ts';
import { Secret } from '../../src/errors/secret.ts';
import type { ReceivedCall } from '../../src/http/receiver-route.ts';
import type { ReceiverEndpoint } from '../../src/webhook/read-receiver-call.ts';
import { RECEIVER_TYPES } from '../../src/webhook/receiver-types.ts';
import { makeDelivery, makePush } from '../support/make-push.ts';
import { signCall } from '../support/make-receiver.ts';
import { startPublicApp } from '../support/start-public-app.ts';

const MiB = 1_024 * 1_024;
const TOKEN = 'canary-receiver-token';
const PATH = `/hook/${'a'.repeat(64)}`;
const PUSH = {
  secret: TOKEN,
  repository: 'acme/app',
  url: 'https://github.com/acme/app.git',
  after: 'b'.repeat(40),
};

interface Options {
  readonly type?: string;
  readonly endpoint?: Partial<ReceiverEndpoint>;
  readonly limits?: { readonly maxUnfinishedBytes: number };
  addCall?(): Promise<{ pushId: string }>;
  find?(path: string): ReceiverEndpoint | undefined | 'unknown';
}

async function start(t: TestContext, { type = 'github', endpoint, limits, ...options }: Options = {}) {
  const known = RECEIVER_TYPES[type];
  assert.ok(known);
  const receiver = { namespace: 'default', name: 'app' };
  const defaults = { receiver, type: known, token: new Secret(TOKEN), events: [], suspended: false, hasFilter: false };
  const calls: ReceivedCall[] = [];
  const receivers = {
    find: (path: string) => (path === PATH ? { ...defaults, ...endpoint } : undefined),
    addCall: async (call: ReceivedCall) => {
      calls.push(call);
      return { pushId: `p${calls.length}` };
    },
    ...options,
  };
  const app = await startPublicApp(t, { webhookSecrets: {}, receivers, limits });
  const post = ({ headers, body }: { headers: Record<string, string>; body: Buffer | string }, path = PATH) =>
    fetch(new URL(path, app.url), { method: 'POST', headers, body: new Uint8Array(Buffer.from(body)) });
  return { ...app, calls, post };
}

async function summarize(response: Response): Promise<string> {
  const { error, status, reason } = (await response.json()) as Record<string, string> & { error?: { code: string } };
  return [response.status, error?.code ?? status, reason].filter((part) => part !== undefined).join(' ');
}

test('a call is stored with what it says, and answered with 202 and a link', async (t) => {
  const { post, calls, observed } = await start(t);

  const response = await post(makePush(PUSH));

  const answer = (await response.json()) as Record<string, string>;
  assert.equal(
    `${response.status} ${answer.status} ${answer.push}`,
    '202 accepted https://hawser.example.com/pushes/p1',
  );
  const [stored] = calls;
  assert.deepEqual(stored?.call.receiver, { namespace: 'default', name: 'app' });
  assert.deepEqual(
    [stored?.call.provider, stored?.call.event, stored?.call.body, stored?.call.pushes.map(({ after }) => after)],
    ['github', 'push', undefined, [PUSH.after]],
  );
  assert.match(stored?.id ?? '', /^github-[0-9a-f]{64}$/);
  assert.deepEqual(
    observed.map(({ provider, result }) => `${provider} ${result}`),
    ['receiver accepted'],
  );
});

test('a redelivered call has the id of the first', async (t) => {
  const { post, calls } = await start(t);
  const push = makePush({ ...PUSH, deliveryId: 'd1' });

  for (const delivery of [push, push, makePush(PUSH)]) await post(delivery);

  const [first, second, third] = calls.map(({ id }) => id);
  assert.equal(first, second);
  assert.notEqual(first, third);
});

test('an unknown digest is answered like any unknown path, whatever comes with it', async (t) => {
  const { post, calls, observed } = await start(t);
  const answerOf = async (path: string) => {
    const response = await post(makePush(PUSH), path);
    const headers = [...response.headers].filter(([name]) => name !== 'date');
    return { status: response.status, headers, body: await response.text() };
  };
  const anyOther = await answerOf('/nothing/here');

  for (const path of [
    `/hook/${'b'.repeat(64)}`,
    '/hook/',
    '/hook',
    `${PATH}/x`,
    `${PATH}x`,
    '/hook/..%2f',
    PATH.toUpperCase(),
  ]) {
    assert.deepEqual(await answerOf(path), anyOther, path);
  }

  assert.equal(anyOther.status, 404);
  assert.deepEqual([calls, observed], [[], []]);
});

test('until the Receivers are listed every digest is answered with 503', async (t) => {
  const { post } = await start(t, { find: () => 'unknown' });

  const response = await post(makePush(PUSH));

  assert.equal(await summarize(response), '503 RECEIVERS_UNAVAILABLE');
  assert.equal(response.headers.get('retry-after'), '5');
});

const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;

const ANSWERS = [
  { name: 'another secret', given: makePush({ ...PUSH, secret: 'guessed' }), want: '401 WEBHOOK_SIGNATURE_INVALID' },
  { name: 'no signature', given: makePush({ ...PUSH, secret: null }), want: '401 WEBHOOK_SIGNATURE_MISSING' },
  {
    name: 'a wrong signature over nonsense',
    given: makeDelivery('{', { secret: 'guessed' }),
    want: '401 WEBHOOK_SIGNATURE_INVALID',
  },
  { name: 'nonsense that is signed', given: makeDelivery('{', { secret: TOKEN }), want: '202 accepted' },
  { name: 'an empty body that is signed', given: makeDelivery('', { secret: TOKEN }), want: '202 accepted' },
  {
    name: 'wrong types in every field',
    given: makeDelivery({ ref: 1, before: [], after: {}, repository: null }, { secret: TOKEN }),
    want: '202 accepted',
  },
  {
    name: 'a body of fifty thousand levels',
    given: makeDelivery(deep, { secret: TOKEN }),
    endpoint: { hasFilter: true },
    want: '202 accepted',
  },
  {
    name: 'a body that a filter cannot look at',
    given: makeDelivery('[]', { secret: TOKEN }),
    endpoint: { hasFilter: true },
    want: '400 WEBHOOK_BODY_INVALID',
  },
  {
    name: 'an event that is not heeded',
    given: makeDelivery({}, { secret: TOKEN, event: 'star' }),
    endpoint: { events: ['push'] },
    want: '202 ignored the event star is not one of the Receiver’s spec.events',
  },
  {
    name: 'an event that is not heeded, without proof',
    given: makeDelivery({}, { secret: null, event: 'star' }),
    endpoint: { events: ['push'] },
    want: '401 WEBHOOK_SIGNATURE_MISSING',
  },
  {
    name: 'a push for a suspended Receiver',
    given: makePush(PUSH),
    endpoint: { suspended: true },
    want: '202 ignored the Receiver is suspended',
  },
  {
    name: 'one byte more than 25 MiB',
    given: makeDelivery('x'.repeat(25 * MiB + 1), { secret: TOKEN }),
    want: '413 HTTP_BODY_TOO_LARGE',
  },
  {
    name: 'more than 3 MiB for a filter',
    given: makeDelivery({ a: 'x'.repeat(3 * MiB) }, { secret: TOKEN }),
    endpoint: { hasFilter: true },
    want: '413 HTTP_BODY_TOO_LARGE',
  },
];

for (const { name, given, endpoint, want } of ANSWERS) {
  test(`a call with ${name} is answered: ${want}`, async (t) => {
    const { post, calls } = await start(t, endpoint ? { endpoint } : {});

    assert.equal(await summarize(await post(given)), want);

    assert.equal(calls.length, want.endsWith('accepted') ? 1 : 0);
  });
}

test('a call that flux trigger receiver signs is taken, and one that somebody else signs is not', async (t) => {
  const { post, calls } = await start(t, { type: 'generic-hmac' });
  const json = { 'content-type': 'application/json' };

  const answers = [
    await post({ headers: { ...json, ...signCall('{}') }, body: '{}' }),
    await post({ headers: { ...json, ...signCall('{}', 'guessed') }, body: '{}' }),
  ];

  assert.deepEqual(await Promise.all(answers.map(summarize)), ['202 accepted', '401 WEBHOOK_SIGNATURE_INVALID']);
  assert.equal(calls.length, 1);
});

test('a call that could not be stored is not answered as taken', async (t) => {
  const addCall = async () => {
    throw new HawserError('REDIS_UNAVAILABLE', 'Redis is away');
  };
  const { post } = await start(t, { addCall });

  assert.equal(await summarize(await post(makePush(PUSH))), '503 DELIVERY_NOT_STORED');
});

test('no path and no token is logged', async (t) => {
  const { post, readLog } = await start(t);

  await post(makePush(PUSH));
  await post(makePush({ ...PUSH, secret: 'guessed' }));

  assert.match(readLog(), /delivery answered/);
  assert.doesNotMatch(readLog(), /hook\/|canary-receiver-token/);
});
