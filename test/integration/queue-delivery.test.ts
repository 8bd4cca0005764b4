import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HawserError } from '../../src/errors/hawser-error.ts';
import type { CommitStatusRequest } from '../../src/queue/commit-status-request.ts';
import type { Delivery } from '../../src/queue/delivery.ts';
import { eventually } from '../support/eventually.ts';
import { createGate, createQueueScenario, makeKey, makePush } from '../support/queue-scenario.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

test('A delivery arrives as it was added; a redelivered id says so and asks again', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const arrived: Delivery[] = [];
  const run = async (delivery: Delivery) => {
    arrived.push(delivery);
  };
  scenario.stopLater(queues.startDeliveryWorker(run, { concurrency: 1 }));
  const delivery = { id: 'github-1', push: makePush(), receivedAt: 1 };

  const first = await queues.addDelivery(delivery);
  await eventually(() => assert.equal(arrived.length, 1));
  const second = await queues.addDelivery(delivery);
  await eventually(() => assert.equal(arrived.length, 2));

  assert.deepEqual([first, second], [{ redelivered: false }, { redelivered: true }]);
  assert.deepEqual(arrived, [
    { ...delivery, redelivered: false },
    { ...delivery, redelivered: true },
  ]);
});

test('A redelivery is not swallowed by the job of the first one, and many of them are one job more', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const [started, release] = [createGate(), createGate()];
  const arrived: (boolean | undefined)[] = [];
  const run = async ({ redelivered }: Delivery) => {
    arrived.push(redelivered);
    started.open();
    await release.opened;
  };
  scenario.stopLater(queues.startDeliveryWorker(run, { concurrency: 1 }));
  const delivery = { id: 'github-1', push: makePush(), receivedAt: 1 };
  await queues.addDelivery(delivery);
  await started.opened;

  for (let n = 0; n < 5; n += 1) await queues.addDelivery(delivery);
  release.open();

  await eventually(async () => {
    assert.deepEqual(arrived, [false, true]);
    assert.deepEqual((await queues.depths()).delivery, { waiting: 0, active: 0, delayed: 0, oldestAt: undefined });
  });
});

test('A delivery that fails is tried again, unless only a person can mend it', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const tries: string[] = [];
  const run = async ({ id }: Delivery) => {
    tries.push(id);
    if (id === 'github-broken') throw new HawserError('CONFIG_INVALID', 'nobody set it');
    if (tries.filter((tried) => tried === id).length < 3) throw new Error('the cluster is away');
  };
  scenario.stopLater(queues.startDeliveryWorker(run, { concurrency: 1 }));

  await queues.addDelivery({ id: 'github-broken', push: makePush(), receivedAt: 1 });
  await queues.addDelivery({ id: 'github-flaky', push: makePush(), receivedAt: 1 });

  await eventually(async () => {
    assert.equal(tries.length, 4);
    assert.deepEqual((await queues.depths()).delivery, { waiting: 0, active: 0, delayed: 0, oldestAt: undefined });
  });
  assert.deepEqual(tries.sort(), ['github-broken', 'github-flaky', 'github-flaky', 'github-flaky']);
  assert.equal(scenario.events.filter(({ kind }) => kind === 'delivery-failed').length, 3);
});

const STATUS: CommitStatusRequest = {
  source: makeKey('repo', 'GitRepository'),
  sha: 'a'.repeat(40),
  context: 'hawser/default/app',
};

test('Commit statuses: results go before pending, and the same request waiting is posted once', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const contexts = ['first', 'second', 'result', 'turned'];
  for (const context of contexts.filter((name) => name !== 'result')) {
    await queues.requestCommitStatus({ ...STATUS, context, final: false });
  }
  await queues.requestCommitStatus({ ...STATUS, context: 'result', final: true });
  await queues.requestCommitStatus({ ...STATUS, context: 'result', final: true });
  await queues.requestCommitStatus({ ...STATUS, context: 'turned', final: true });

  const posted: string[] = [];
  const run = async ({ context }: CommitStatusRequest) => {
    posted.push(context);
    return undefined;
  };
  scenario.stopLater(queues.startCommitStatusWorker(run, { concurrency: 1 }));

  await eventually(() => assert.equal(posted.length, 4));
  assert.deepEqual(posted.slice(0, 2).sort(), ['result', 'turned']);
  assert.deepEqual(posted.slice(2), ['first', 'second']);
});

test('A commit status that must wait is tried again later, while others pass', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const posted: string[] = [];
  const run = async ({ context }: CommitStatusRequest) => {
    posted.push(context);
    return context === 'paused' && posted.length === 1 ? { againInMs: 300 } : undefined;
  };
  scenario.stopLater(queues.startCommitStatusWorker(run, { concurrency: 1 }));

  await queues.requestCommitStatus({ ...STATUS, context: 'paused', final: true });
  await eventually(() => assert.equal(posted.length, 1));
  await queues.requestCommitStatus({ ...STATUS, context: 'other', final: true });

  await eventually(() => assert.deepEqual(posted, ['paused', 'other', 'paused']));
});

test('A request that comes while its status is being posted is posted after, and an immediate one replaces one that waits', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const [started, release] = [createGate(), createGate()];
  let posts = 0;
  const run = async () => {
    posts += 1;
    if (posts === 1) {
      started.open();
      await release.opened;
    }
    return posts === 2 ? { againInMs: 3_600_000 } : undefined;
  };
  scenario.stopLater(queues.startCommitStatusWorker(run, { concurrency: 2 }));

  await queues.requestCommitStatus({ ...STATUS, final: false });
  await started.opened;
  await queues.requestCommitStatus({ ...STATUS, final: true });
  release.open();
  await eventually(async () => assert.equal((await queues.depths())['commit-status'].delayed, 1));
  await queues.requestCommitStatus({ ...STATUS, final: true });

  await eventually(async () => {
    assert.equal(posts, 3);
    assert.deepEqual((await queues.depths())['commit-status'], {
      waiting: 0,
      active: 0,
      delayed: 0,
      oldestAt: undefined,
    });
  });
});

test('A commit status requested for later is posted later', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const posted: string[] = [];
  await queues.requestCommitStatus({ ...STATUS, context: 'later' }, 200);
  await queues.requestCommitStatus({ ...STATUS, context: 'now' });
  const run = async ({ context }: CommitStatusRequest) => {
    posted.push(context);
    return undefined;
  };
  scenario.stopLater(queues.startCommitStatusWorker(run, { concurrency: 1 }));

  await eventually(() => assert.deepEqual(posted, ['now', 'later']));
});

test('A credential may write twenty times at once, then as fast as its budget refills; others are not delayed', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();

  const waits = await Promise.all(Array.from({ length: 21 }, () => queues.takeStatusToken('token-a')));

  assert.deepEqual(waits.slice(0, 20), Array(20).fill(0));
  assert.ok(waits[20] !== undefined && waits[20] > 0 && waits[20] <= 750, `waits ${waits[20]} ms`);
  assert.equal(await queues.takeStatusToken('token-b'), 0);
});

for (const { name, count, spreadMs, windowMs } of [
  { name: 'Eighty writes in a minute', count: 80, spreadMs: 50_000, windowMs: 60_000 },
  { name: 'Five hundred writes in an hour', count: 500, spreadMs: 3_000_000, windowMs: 3_600_000 },
]) {
  test(`${name} use up a credential until the oldest of them is out of the window`, async (t) => {
    const scenario = await createQueueScenario(t, redis);
    const queues = await scenario.queues();
    const [seconds = 0] = (await redis.client.time()).map(Number);
    const oldest = seconds * 1_000 - spreadMs;
    const history = Array.from({ length: count }, (_, n) => [oldest + Math.floor((n * spreadMs) / count), `w${n}`]);
    await redis.client.zadd(`${scenario.prefix}:status-history:token`, ...history.flat());

    const wait = await queues.takeStatusToken('token');

    assert.ok(wait > windowMs - spreadMs - 5_000 && wait <= windowMs - spreadMs, `waits ${wait} ms`);
  });
}

test('A paused credential waits until the longest pause is over, a little longer than it was told', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();

  await queues.pauseStatus('token', { ms: 60_000, told: true });
  await queues.pauseStatus('token', { ms: 1_000, told: true });
  const another = await scenario.queues();
  const wait = await another.takeStatusToken('token');

  assert.ok(wait > 59_000 && wait <= 66_000, `waits ${wait} ms, in another process too`);
  assert.equal(await another.takeStatusToken('other'), 0);
});

test('A pause of which nobody said how long doubles each time that it was not long enough, up to an hour', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const untold = { ms: 60_000, told: false };
  const over = () => redis.client.del(`${scenario.prefix}:status-pause:token`);

  const pauses: number[] = [];
  for (let round = 0; round < 8; round++) {
    pauses.push(await queues.pauseStatus('token', untold));
    const meanwhile = await queues.pauseStatus('token', untold);
    assert.ok(meanwhile <= (pauses.at(-1) ?? 0), 'a write that was under way is no second refusal');
    await over();
  }
  await redis.client.del(`${scenario.prefix}:status-strikes:token`);
  const afterwards = await queues.pauseStatus('token', untold);

  for (const [round, pause] of pauses.entries()) {
    const least = Math.min(60_000 * 2 ** round, 3_600_000);
    assert.ok(pause >= least && pause <= least * 1.1 + 1, `round ${round}: ${pause} ms`);
  }
  assert.ok(afterwards <= 66_001, 'and begins anew once it was long enough');
});

test('How often a provider refused is forgotten once its pause has been over for as long as it lasted', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();

  await queues.pauseStatus('token', { ms: 60_000, told: false });

  const expiry = await redis.client.pttl(`${scenario.prefix}:status-strikes:token`);
  assert.ok(expiry > 110_000 && expiry <= 120_000, `${expiry} ms`);
});
