import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/errors/secret.ts';
import { createAuthentication } from '../../src/http/authenticate.ts';
import { createPublicApp } from '../../src/http/public-app.ts';
import type { ObservedTrigger, TriggerOptions } from '../../src/http/trigger-route.ts';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import { reviewAccess, reviewToken } from '../../src/kube/review-access.ts';
import { createPushRecords } from '../../src/push-record/create-push-records.ts';
import type { SyncRequest } from '../../src/queue/pending-request.ts';
import { createSubscriptions } from '../../src/redis/subscribe.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/start-redis.ts';
import { callTrigger, readError, readLines, TRIGGER_TOKEN } from '../support/trigger.ts';

const SOURCE = { kind: 'GitRepository', namespace: 'default', name: 'app' } as const;
const TARGET = 'gitrepository/default/app';
const R = `main@sha1:${'a'.repeat(40)}`;

/** The trigger before a real Redis, and an API server that is away. */
async function start(t: TestContext, options: Partial<TriggerOptions> = {}) {
  const redis = await startRedis(t);
  const handle = await redis.connect();
  const subscriptions = createSubscriptions(() => handle.create('plain'));
  const pushRecords = createPushRecords({ redis: handle.create('producer'), subscriptions });
  const access = { server: new URL('http://127.0.0.1:1'), credentials: async () => ({ headers: {}, tls: {} }) };
  const client = createKubeClient({ access });
  const requests: SyncRequest[] = [];
  const observed: ObservedTrigger[] = [];
  const app = createPublicApp({
    webhookSecrets: {},
    addDelivery: () => assert.fail('no delivery is sent'),
    closeGraceMs: 200,
    trigger: {
      pushRecords,
      requestSyncs: async (asked) => void requests.push(...asked),
      now: () => new Date(),
      authenticate: createAuthentication({
        tokens: [new Secret(TRIGGER_TOKEN)],
        reviewToken: (token) => reviewToken(client, token),
        reviewAccess: (user, right) => reviewAccess(client, user, right),
      }),
      findTarget: (key) => ({ key, suspended: false, source: { key: SOURCE, url: 'https://x/y', suspended: false } }),
      observe: (trigger) => observed.push(trigger),
      ...options,
    },
  });
  const publicUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(async () => {
    await app.close();
    subscriptions.stop();
    await client.stop();
  });
  return { publicUrl, redis, pushRecords, requests, observed };
}

test('while the API server is away tokens of Kubernetes get 503, and configured ones still work', async (t) => {
  const { publicUrl, observed } = await start(t);

  const unknown = await callTrigger({ publicUrl }, { target: TARGET, token: 'of-kubernetes-0123456789' });
  const known = await callTrigger({ publicUrl }, { target: TARGET });

  assert.match(await readError(unknown.clone()), /^503 AUTH_UNAVAILABLE .*the API server does not answer/);
  assert.doesNotMatch(await unknown.text(), /127\.0\.0\.1/, 'the answer tells where the API server is');
  assert.ok(Number(unknown.headers.get('retry-after')) > 0);
  assert.equal(known.status, 202);
  assert.deepEqual(
    observed.map(({ result }) => result),
    ['unavailable', 'accepted'],
  );
});

test('a stream shows that it lives, and goes on after Redis was away', async (t) => {
  const { publicUrl, redis, pushRecords } = await start(t, { limits: { heartbeatMs: 50 } });
  const response = await callTrigger({ publicUrl }, { target: TARGET, wait: true });
  const lines = readLines(response);
  const { value: head } = await lines.next();
  const id = String(head?.id);
  for (let line = head; line?.heartbeat === undefined; ) ({ value: line } = await lines.next());

  await redis.kill();
  await redis.restart();
  await eventually(async () => {
    await pushRecords.setPin(id, 'GitRepository/default/app', {
      revision: R,
      isNew: true,
      asked: ['Kustomization/a/b'],
    });
    await pushRecords.setOutcome(id, 'Kustomization/a/b', { kind: 'done', revision: R, at: '2026-01-01T00:00:00Z' });
  });

  let last: unknown;
  for await (const { verdict } of lines) last = verdict;
  assert.equal(last, 'deployed');
});

test('streams are bounded, and what has no room asks nothing', async (t) => {
  const { publicUrl, requests } = await start(t, { limits: { mostStreams: 1 } });
  const controller = new AbortController();
  const held = await callTrigger({ publicUrl }, { target: TARGET, wait: true, signal: controller.signal });

  const refused = await callTrigger({ publicUrl }, { target: TARGET, wait: true });

  assert.equal(held.status, 200);
  assert.match(await readError(refused), /^503 HTTP_OVERLOADED too many triggers are waited for/);
  assert.equal(requests.length, 1);
  controller.abort();
  await eventually(async () => {
    const again = await callTrigger({ publicUrl }, { target: TARGET, query: '?wait=true&timeout=1ms' });
    assert.equal(again.status, 200);
    assert.match(await again.text(), /"verdict":"timeout"/);
  });
});

test('a body that is too large, or arrives without a token, is not read', async (t) => {
  const { publicUrl, requests } = await start(t);
  const body = { revision: 'a'.repeat(20_000) };

  assert.match(await readError(await callTrigger({ publicUrl }, { target: TARGET, body })), /^413 /);
  assert.match(await readError(await callTrigger({ publicUrl }, { target: TARGET, body, token: null })), /^401 /);
  assert.deepEqual(requests, []);
});

test('while Redis is away a trigger gets 503, and can be sent again', async (t) => {
  const { publicUrl, redis, requests } = await start(t);
  await redis.kill();

  const response = await callTrigger({ publicUrl }, { target: TARGET, idempotencyKey: 'k' });

  assert.equal(response.status, 503);
  await redis.restart();
  await eventually(async () => {
    assert.equal((await callTrigger({ publicUrl }, { target: TARGET, idempotencyKey: 'k' })).status, 202);
  });
  assert.deepEqual(
    requests.map(({ cause }) => cause),
    ['trigger'],
  );
});
