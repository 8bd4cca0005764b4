import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { startPublicApp } from '../support/start-public-app.ts';
import {
  allSecrets,
  azurePush,
  bitbucketCloudPush,
  bitbucketDataCenterPush,
  type PushFacts,
  SENDERS,
  type SentDelivery,
  senderOf,
  type WebhookSender,
} from '../support/webhook-senders.ts';

const run = promisify(execFile);
const MiB = 1_024 * 1_024;
const PUSH: PushFacts = {
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

function start(t: TestContext, sender: WebhookSender) {
  return startPublicApp(t, { webhookSecrets: allSecrets({ signed: sender.secretName === 'gitlabSigning' }) });
}

function post(url: string, sender: WebhookSender, { headers, body }: SentDelivery): Promise<Response> {
  return fetch(new URL(sender.path, url), { method: 'POST', headers, body: new Uint8Array(body) });
}

async function readCode(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { code: string } };
  return `${response.status} ${error.code}`;
}

for (const sender of SENDERS) {
  test(`a push by ${sender.name} is stored and answered with 202, one with another secret is refused`, async (t) => {
    const { url, deliveries, observed } = await start(t, sender);
    const payload = sender.payload(PUSH);

    const taken = await post(url, sender, sender.send(payload, sender.secret));
    const guessed = await post(url, sender, sender.send(payload, `${sender.secret.slice(0, -6)}AAAAAA`));
    const bare = await post(url, sender, sender.send(payload, null));

    const answer = (await taken.json()) as Record<string, string>;
    assert.equal(
      `${taken.status} ${answer.status} ${answer.push}`,
      '202 accepted https://hawser.example.com/pushes/p1',
    );
    assert.equal(await readCode(guessed), '401 WEBHOOK_SIGNATURE_INVALID');
    assert.equal(await readCode(bare), '401 WEBHOOK_SIGNATURE_MISSING');
    assert.deepEqual(
      deliveries.map(({ push }) => [push.provider, push.ref, push.before, push.after]),
      [[sender.provider.name, PUSH.ref, PUSH.before, PUSH.after]],
    );
    assert.deepEqual(
      observed.map(({ provider, result }) => `${provider} ${result}`),
      ['accepted', 'refused', 'refused'].map((result) => `${sender.provider.name} ${result}`),
    );
  });

  test(`without its own secret there is no route for ${sender.name}, whatever others are configured`, async (t) => {
    const { secretName } = sender;
    const others = Object.entries(allSecrets()).filter(
      ([name]) => name !== secretName && !(secretName === 'gitlabSigning' && name === 'gitlab'),
    );
    const { url, deliveries } = await startPublicApp(t, { webhookSecrets: Object.fromEntries(others) });

    const response = await post(url, sender, sender.send(sender.payload(PUSH), sender.secret));

    assert.equal(await readCode(response), '404 HTTP_NOT_FOUND');
    assert.equal(deliveries.length, 0);
  });

  test(`a delivery by ${sender.name} proves nothing on another provider's route`, async (t) => {
    const { url, deliveries } = await startPublicApp(t, { webhookSecrets: allSecrets() });
    const delivery = sender.send(sender.payload(PUSH), sender.secret);

    for (const other of SENDERS.filter(({ path }) => path !== sender.path)) {
      assert.equal((await post(url, other, delivery)).status, 401, other.name);
    }

    assert.deepEqual(deliveries, []);
  });
}

test('once a signing token is configured, GitLab’s plain token proves nothing', async (t) => {
  const plain = senderOf('GitLab, project hook');
  const { url, deliveries } = await start(t, senderOf('GitLab, signed'));

  const response = await post(url, plain, plain.send(plain.payload(PUSH), plain.secret));

  assert.equal(await readCode(response), '401 WEBHOOK_SIGNATURE_MISSING');
  assert.equal(deliveries.length, 0);
});

const SEVERAL: readonly PushFacts[] = [PUSH, { ...PUSH, ref: 'refs/heads/next' }, { ...PUSH, ref: 'refs/tags/v1' }];

for (const { name, payload } of [
  { name: 'Bitbucket Cloud', payload: bitbucketCloudPush(SEVERAL) },
  { name: 'Bitbucket Data Center', payload: bitbucketDataCenterPush(SEVERAL) },
  { name: 'Azure DevOps', payload: azurePush(SEVERAL) },
]) {
  test(`each ref of a delivery by ${name} is a push with an id of its own, the same when it is redelivered`, async (t) => {
    const sender = senderOf(name);
    const { url, deliveries } = await start(t, sender);
    const delivery = sender.send(payload, sender.secret, { deliveryId: 'd1' });

    const first = await post(url, sender, delivery);
    await post(url, sender, delivery);

    const { pushes } = (await first.json()) as { pushes: { ref: string; push: string }[] };
    assert.deepEqual(
      pushes.map(({ ref }) => ref),
      SEVERAL.map(({ ref }) => ref),
    );
    const ids = deliveries.map(({ id }) => id);
    assert.equal(new Set(ids).size, 3);
    assert.deepEqual(ids.slice(0, 3), ids.slice(3));
  });
}

test('a delivery of which one ref could not be stored is not answered as taken', async (t) => {
  const sender = senderOf('Bitbucket Cloud');
  const { url } = await startPublicApp(t, {
    webhookSecrets: allSecrets(),
    addDelivery: async ({ push }) => {
      if (push.ref === 'refs/tags/v1') throw new Error('Redis is away');
      return { pushId: 'p1', redelivered: false };
    },
  });

  const response = await post(url, sender, sender.send(bitbucketCloudPush(SEVERAL), sender.secret));

  assert.equal(await readCode(response), '503 DELIVERY_NOT_STORED');
});

const UNINTERESTING = [
  { name: 'GitLab, project hook', event: 'Merge Request Hook', payload: {} },
  { name: 'GitLab, system hook', payload: { event_name: 'user_create' } },
  { name: 'Gitea', event: 'issues', payload: {} },
  { name: 'Bitbucket Cloud', event: 'issue:created', payload: {} },
  { name: 'Bitbucket Data Center', event: 'pr:opened', payload: {} },
  { name: 'Azure DevOps', payload: { eventType: 'build.complete' } },
];

for (const { name, event, payload } of UNINTERESTING) {
  test(`what ${name} tells and nobody needs is answered with 202 and the reason`, async (t) => {
    const sender = senderOf(name);
    const { url, deliveries } = await start(t, sender);

    const response = await post(url, sender, sender.send(payload, sender.secret, event ? { event } : {}));

    const { status, reason } = (await response.json()) as Record<string, string>;
    assert.equal(`${response.status} ${status}`, '202 ignored');
    assert.match(reason ?? '', /is not used/);
    assert.equal(deliveries.length, 0);
  });
}

test('the documented example of a generic delivery is taken', async (t) => {
  const sender = senderOf('generic');
  const { url, deliveries } = await start(t, sender);
  const docs = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');
  const script = /```sh\n(body=[\s\S]*?)```/.exec(docs)?.[1] ?? '';
  const here = script
    .replace('https://hawser.example.com', url.toString())
    .replace('$(git rev-parse main)', PUSH.after);

  const { stdout } = await run('sh', ['-euc', here], { env: { ...process.env, HAWSER_WEBHOOK_SECRET: sender.secret } });

  assert.match(stdout, /"status":"accepted"/);
  assert.equal(deliveries[0]?.push.after, PUSH.after);
});

test('all routes share one bound on unfinished bodies, and real deliveries come through', async (t) => {
  const { url, deliveries } = await startPublicApp(t, {
    webhookSecrets: allSecrets(),
    limits: { maxUnfinishedBytes: 64 * 1_024 },
  });
  const agent = useAgent(t, 64);
  const given = SENDERS.flatMap((sender) => {
    if (sender.secretName === 'gitlabSigning') return [];
    const slow = request(new URL(sender.path, url), { agent, method: 'POST', headers: { 'content-length': MiB } });
    slow.on('error', () => undefined);
    slow.write('x'.repeat(16 * 1_024));
    return [once(slow, 'response') as Promise<[IncomingMessage]>];
  });

  const [refused] = await Promise.race(given);
  const real = SENDERS.filter(({ secretName }) => secretName !== 'gitlabSigning');
  const answers = await Promise.all(
    real.map((sender) => post(url, sender, sender.send(sender.payload(PUSH), sender.secret))),
  );

  assert.equal(refused.statusCode, 503);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202]));
  assert.equal(deliveries.length, real.length);
  for (const answer of given) answer.catch(() => undefined);
});

test('beside 10,000 requests that prove nothing, every authentic delivery gets its 202', async (t) => {
  const UNPROVED = 10_000;
  const { url, deliveries, observed } = await startPublicApp(t, { webhookSecrets: allSecrets() });
  const real = SENDERS.filter(({ secretName }) => secretName !== 'gitlabSigning');
  const flood = useAgent(t, 40);
  const authentic = useAgent(t, 8);
  const statuses = new Map<number, number>();
  let sent = 0;

  const sendUnproved = async () => {
    while (sent < UNPROVED) {
      const sender = real[sent++ % real.length];
      if (!sender) return;
      const status = await send(flood, url, sender, sender.send(sender.payload(PUSH), sent % 2 ? 'guessed' : null));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const answers: number[] = [];
  const sendAuthentic = async () => {
    for (let index = 0; sent < UNPROVED || index < 50; index++) {
      const sender = real[index % real.length];
      if (sender) answers.push(await send(authentic, url, sender, sender.send(sender.payload(PUSH), sender.secret)));
    }
  };
  await Promise.all([...Array.from({ length: 40 }, sendUnproved), sendAuthentic(), sendAuthentic()]);

  t.diagnostic(`${answers.length} authentic deliveries beside ${UNPROVED} others`);
  assert.deepEqual([...statuses], [[401, UNPROVED]]);
  assert.deepEqual(new Set(answers), new Set([202]));
  assert.equal(deliveries.length, answers.length);
  assert.equal(observed.length, answers.length + UNPROVED);
});

function useAgent(t: TestContext, maxSockets: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets });
  t.after(() => agent.destroy());
  return agent;
}

async function send(agent: Agent, url: string, sender: WebhookSender, delivery: SentDelivery): Promise<number> {
  const sending = request(new URL(sender.path, url), { agent, method: 'POST', headers: delivery.headers });
  sending.end(delivery.body);
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}
