import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../../src/errors/secret.ts';
import type { ReceivedCall } from '../../src/http/receiver-route.ts';
import { RECEIVER_TYPES } from '../../src/webhook/receiver-types.ts';
import { signCall } from '../support/make-receiver.ts';
import { startPublicApp } from '../support/start-public-app.ts';
import { allSecrets, type PushFacts, SENDERS, senderOf, type WebhookSender } from '../support/webhook-senders.ts';

const NUM_RUNS = 40;
/** HAWSER_TEST_SEED repeats a run. */
const SEED = Number(process.env.HAWSER_TEST_SEED ?? Date.now() % 2 ** 31);
const PUSH: PushFacts = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

const OTHER_VALUES = fc.oneof(fc.json({ maxDepth: 3 }), fc.string({ unit: 'binary' }));

/** A body that is good but for one place, or any JSON at all. */
function bodiesLike(good: string): fc.Arbitrary<string> {
  const damaged = fc
    .tuple(fc.nat(good.length), fc.nat(20), OTHER_VALUES)
    .map(([at, length, text]) => good.slice(0, at) + text + good.slice(at + length));
  return fc.oneof(damaged, fc.json());
}

function createTally() {
  const counts = new Map<number, number>();
  return {
    add: (status: number) => counts.set(status, (counts.get(status) ?? 0) + 1),
    toString: () => `seed ${SEED}, ${[...counts].map(([status, count]) => `${status}: ${count}`).join(', ')}`,
  };
}

for (const sender of SENDERS) {
  test(`whatever ${sender.name} signs is answered, never by a 5xx, and the next push is taken`, async (t) => {
    const webhookSecrets = allSecrets({ signed: sender.secretName === 'gitlabSigning' });
    const { url, deliveries } = await startPublicApp(t, { webhookSecrets });
    const post = async (payload: unknown) => {
      const { headers, body } = sender.send(payload, sender.secret);
      const response = await fetch(new URL(sender.path, url), { method: 'POST', headers, body: new Uint8Array(body) });
      await response.arrayBuffer();
      return response.status;
    };
    const good = JSON.stringify(sender.payload(PUSH));
    const tally = createTally();

    await fc.assert(
      fc.asyncProperty(bodiesLike(good), async (text) => {
        const status = await post(text);
        tally.add(status);
        assert.ok([202, 400].includes(status), `${status}`);
      }),
      { seed: SEED, numRuns: NUM_RUNS },
    );

    t.diagnostic(`${tally}`);
    const before = deliveries.length;
    assert.equal(await post(sender.payload(PUSH)), 202);
    assert.ok(deliveries.length > before);
  });
}

const TOKEN = 'canary-receiver-token';
const PATH = `/hook/${'a'.repeat(64)}`;
const hmacHeaders = (body: Buffer) => signCall(body, TOKEN);

/** How each type of Receiver is called, by whoever knows its token. */
const CALLERS: Readonly<Record<string, { sender: WebhookSender; prove?: (body: Buffer) => Record<string, string> }>> = {
  generic: { sender: senderOf('generic'), prove: () => ({}) },
  'generic-hmac': { sender: senderOf('generic'), prove: hmacHeaders },
  github: { sender: senderOf('GitHub, repository hook') },
  gitlab: { sender: senderOf('GitLab, project hook') },
  bitbucket: { sender: senderOf('Bitbucket Cloud') },
};
const EVENT_HEADERS = ['x-github-event', 'x-gitlab-event', 'x-event-key'];
const LONGEST_EVENT = 64;
const HEADER_VALUE = fc.string({ unit: 'grapheme-ascii', maxLength: 200 }).map((text) => text.trim());
const TYPES_OF_BODIES = [
  'application/json',
  'application/json;charset=x',
  'text/plain',
  'application/octet-stream',
  'none',
];

interface Call {
  readonly text: string;
  readonly event: string | undefined;
  readonly contentType: string;
  /** Where it goes, if not to the Receiver. */
  readonly path: string | undefined;
}

/** Calls of a Receiver, by whoever knows its token: nothing of them is what it should be but the proof. */
function callsLike(good: string): fc.Arbitrary<Call> {
  const seldom = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
  return fc.record({
    text: bodiesLike(good),
    event: seldom(HEADER_VALUE),
    contentType: fc.constantFrom(...TYPES_OF_BODIES),
    path: seldom(fc.webPath({ size: 'small' }).map((path) => `/hook/${path}`)),
  });
}

/** What a call may be answered with, as far as it can be said before. */
function answersTo({ path, contentType }: Call, hasFilter: boolean): number[] {
  if (contentType === 'none') return [404, 415]; // whatever the path, it is not even read
  if (path !== undefined) return [404];
  return hasFilter ? [202, 400] : [202];
}

async function startReceiver(t: TestContext, { type, hasFilter }: { type: string; hasFilter: boolean }) {
  const known = RECEIVER_TYPES[type];
  const caller = CALLERS[type];
  assert.ok(known && caller, `no caller for ${type}`);
  const receiver = { namespace: 'default', name: 'app' };
  const endpoint = { receiver, type: known, token: new Secret(TOKEN), events: [], suspended: false, hasFilter };
  const calls: ReceivedCall[] = [];
  const addCall = async (call: ReceivedCall) => {
    calls.push(call);
    return { pushId: `p${calls.length}` };
  };
  const receivers = { find: (path: string) => (path === PATH ? endpoint : undefined), addCall };
  const { url } = await startPublicApp(t, { webhookSecrets: {}, receivers });
  const good = JSON.stringify(caller.sender.payload(PUSH));
  const post = async ({ text, event, contentType, path = PATH }: Partial<Call>) => {
    const { headers, body } = caller.sender.send(text ?? good, caller.prove ? null : TOKEN);
    const given = {
      ...headers,
      ...caller.prove?.(body),
      ...(contentType !== undefined && { 'content-type': contentType }),
    };
    for (const name of EVENT_HEADERS) if (event !== undefined && name in given) Object.assign(given, { [name]: event });
    const response = await fetch(new URL(path, url), { method: 'POST', headers: given, body: new Uint8Array(body) });
    await response.arrayBuffer();
    return response.status;
  };
  return { good, calls, post };
}

for (const type of Object.keys(RECEIVER_TYPES)) {
  for (const hasFilter of [false, true]) {
    const name = `a Receiver of the type ${type} ${hasFilter ? 'with' : 'without'} a filter`;
    test(`whatever whoever calls ${name} says is answered, never by a 5xx, and the next call is taken`, async (t) => {
      const { good, calls, post } = await startReceiver(t, { type, hasFilter });
      const tally = createTally();

      await fc.assert(
        fc.asyncProperty(callsLike(good), async (call) => {
          const before = calls.length;
          const status = await post(call);
          tally.add(status);
          assert.ok(answersTo(call, hasFilter).includes(status), `${status}`);
          assert.equal(calls.length - before, status === 202 ? 1 : 0);
        }),
        { seed: SEED, numRuns: NUM_RUNS },
      );

      t.diagnostic(`${tally}`);
      for (const { call } of calls) {
        assert.ok((call.event ?? '').length <= LONGEST_EVENT);
        if (call.body !== undefined) assert.equal(JSON.parse(call.body)?.constructor, Object);
      }
      assert.equal(await post({}), 202);
      assert.equal(calls.at(-1)?.call.pushes[0]?.after, PUSH.after);
    });
  }
}
