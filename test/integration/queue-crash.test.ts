import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createQueues } from '../../src/queue/create-queues.ts';
import type { SyncRun } from '../../src/queue/sync-run.ts';
import { connectRedis } from '../../src/redis/connect-redis.ts';
import { eventually } from '../support/eventually.ts';
import { aborted, createGate, createQueueScenario, makeKey, makePush } from '../support/queue-scenario.ts';
import { startQueueProcess } from '../support/start-queue-process.ts';
import { startRedis } from '../support/start-redis.ts';

const DONE = { nextAt: undefined };
const APP = makeKey('app');

test('The key of a worker killed in the middle of a run runs again elsewhere, once its lease is over', async (t) => {
  const redis = await startRedis();
  const scenario = await createQueueScenario(t, redis, { stopRedis: true });
  const { prefix } = scenario;
  const victim = startQueueProcess(t, { url: redis.url, dataDir: '.', prefix, leaseMs: 1_000, task: 'ask' });
  assert.equal(await victim.firstLine, 'running app');
  const queues = await scenario.queues({ leaseMs: 1_000 });
  const runs: SyncRun[] = [];
  const run = async (started: SyncRun) => {
    runs.push(started);
    return DONE;
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));
  scenario.stopLater(queues.startWakeLoop());

  await victim.kill();

  await eventually(
    () =>
      assert.deepEqual(
        runs.map(({ pending }) => pending.revision),
        ['main@sha1:1'],
      ),
    {
      timeoutMs: 20_000,
    },
  );
});

test('On our own Redis the successor of a killed process runs its key at once, not after the lease', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'hawser-data-'));
  // Were leases and locks waited for, this would take ten minutes.
  const [prefix, leaseMs] = ['{own}', 600_000];
  const victim = startQueueProcess(t, { dataDir, prefix, leaseMs, task: 'ask' });
  await victim.firstLine;

  await victim.kill();
  const redis = await connectRedis({ dataDir });
  const queues = createQueues({ redis, prefix, leaseMs });
  const again = Promise.withResolvers<SyncRun>();
  const run = async (started: SyncRun) => {
    again.resolve(started);
    return DONE;
  };
  const worker = queues.startSyncWorker('Kustomization', run, { concurrency: 1 });
  const loop = queues.startWakeLoop();
  t.after(async () => {
    await Promise.all([worker.stop(), loop.stop()]);
    await queues.close();
    await redis.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  assert.equal((await again.promise).pending.revision, 'main@sha1:1');
});

test('A delivery outlives the process that took it, and the one that worked on it', async (t) => {
  const redis = await startRedis();
  const scenario = await createQueueScenario(t, redis, { stopRedis: true });
  const { prefix } = scenario;
  const victim = startQueueProcess(t, { url: redis.url, dataDir: '.', prefix, leaseMs: 1_000, task: 'deliver' });
  assert.equal(await victim.firstLine, 'delivering github-1');

  await victim.kill();
  const queues = await scenario.queues({ leaseMs: 1_000 });
  const ids: string[] = [];
  const run = async ({ id }: { id: string }) => {
    ids.push(id);
  };
  scenario.stopLater(queues.startDeliveryWorker(run, { concurrency: 1 }));

  await eventually(() => assert.deepEqual(ids, ['github-1']), { timeoutMs: 20_000 });
});

test('A delivery that a killed process worked on is taken over long before the lease of a sync would end', async (t) => {
  const redis = await startRedis(t);
  const scenario = await createQueueScenario(t, redis);
  const { prefix } = scenario;
  // Were the lease waited for, this would take ten minutes.
  const leaseMs = 600_000;
  const victim = startQueueProcess(t, { url: redis.url, dataDir: '.', prefix, leaseMs, task: 'deliver' });
  assert.equal(await victim.firstLine, 'delivering github-1');

  await victim.kill();
  const queues = await scenario.queues({ leaseMs });
  const ids: string[] = [];
  const run = async ({ id }: { id: string }) => {
    ids.push(id);
  };
  scenario.stopLater(queues.startDeliveryWorker(run, { concurrency: 1 }));

  await eventually(() => assert.deepEqual(ids, ['github-1']), { timeoutMs: 25_000 });
});

test('After Redis was emptied under a run, it is aborted, keys are restored, and the next requests work', async (t) => {
  const redis = await startRedis();
  const scenario = await createQueueScenario(t, redis, { stopRedis: true });
  const queues = await scenario.queues({ leaseMs: 500 });
  const started = createGate();
  const active = new Set<string>();
  const runs: string[] = [];
  const run = async (current: SyncRun) => {
    const { name } = current.key;
    assert.equal(active.has(name), false, 'two runs of one key');
    active.add(name);
    const revision = current.pending.revision ?? current.pending.causes.join();
    if (revision === 'first') {
      started.open();
      await aborted(current);
    }
    runs.push(`${name} ${revision}`);
    active.delete(name);
    return { nextAt: new Date(Date.now() + 60_000) };
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 4 }));
  scenario.stopLater(queues.startWakeLoop());
  await queues.requestSync({ key: makeKey('idle'), cause: 'spec', revision: 'before' });
  await queues.requestSync({ key: APP, cause: 'spec', revision: 'first' });
  await started.opened;
  await eventually(async () => {
    assert.equal((await queues.depths())['kustomization-sync'].active, 1);
    assert.ok(runs.includes('idle before'));
  });

  await redis.flush();
  await queues.requestSync({ key: APP, cause: 'webhook', revision: 'second' });
  const restored = await queues.restore([APP, makeKey('idle')]);

  assert.deepEqual(restored, [makeKey('idle')]);
  await eventually(() =>
    assert.deepEqual([...new Set(runs)].sort(), ['app first', 'app second', 'idle before', 'idle restore']),
  );
  assert.deepEqual(await queues.restore([APP, makeKey('idle')]), []);
});

test('A Redis that was emptied while nothing ran is noticed, and keys can be restored at once', async (t) => {
  const redis = await startRedis(t);
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues({ leaseMs: 500 });
  const causes: string[] = [];
  const run = async ({ pending }: SyncRun) => {
    causes.push(pending.causes.join());
    return { nextAt: new Date(Date.now() + 3_600_000) };
  };
  queues.onReconnect(() => void queues.restore([APP]));
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));
  scenario.stopLater(queues.startWakeLoop());
  await queues.requestSync({ key: APP, cause: 'spec' });
  await eventually(() => assert.deepEqual(causes, ['spec']));

  await redis.flush();

  await eventually(() => assert.deepEqual(causes, ['spec', 'restore']));
});

test('A Redis younger than a lease grants none: it may have been emptied under a run elsewhere', async (t) => {
  const redis = await startRedis();
  const scenario = await createQueueScenario(t, redis, { young: true, stopRedis: true });
  const queues = await scenario.queues({ leaseMs: 700 });
  const born = () => redis.client.get(`${scenario.prefix}:born`);
  const ages: number[] = [];
  const run = async () => {
    const [seconds = 0, micros = 0] = (await redis.client.time()).map(Number);
    ages.push(seconds * 1_000 + micros / 1_000 - Number(await born()));
    return DONE;
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));

  await queues.requestSync({ key: APP, cause: 'spec' });

  await eventually(() => assert.equal(ages.length, 1));
  assert.ok((ages[0] ?? 0) >= 700, `granted at the age of ${ages[0]} ms`);
});

test('While Redis is away deliveries are refused within a second, and requests are asked again when it is back', async (t) => {
  const redis = await startRedis();
  const scenario = await createQueueScenario(t, redis, { stopRedis: true });
  const queues = await scenario.queues();
  const again = Promise.withResolvers<SyncRun>();
  const run = async (started: SyncRun) => {
    again.resolve(started);
    return DONE;
  };
  let reconnects = 0;
  queues.onReconnect(() => {
    reconnects += 1;
  });
  await queues.depths();
  const delivery = { id: 'github-1', push: makePush(), receivedAt: 1 };

  await redis.kill();
  const startedAt = performance.now();
  await assert.rejects(queues.addDelivery(delivery), { code: 'REDIS_UNAVAILABLE' });
  await assert.rejects(queues.requestSync({ key: APP, cause: 'spec', revision: 'main@sha1:7' }), {
    code: 'REDIS_UNAVAILABLE',
  });
  const refusedAfterMs = performance.now() - startedAt;
  await redis.restart();
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));

  assert.equal((await again.promise).pending.revision, 'main@sha1:7');
  assert.ok(refusedAfterMs < 2_000, `both were refused after ${refusedAfterMs} ms`);
  await eventually(() => assert.equal(reconnects, 1));
  assert.deepEqual(await eventually(() => queues.addDelivery(delivery)), { redelivered: false });
});

test('A run during which Redis was away for less than its lease goes on and ends', async (t) => {
  const redis = await startRedis();
  const scenario = await createQueueScenario(t, redis, { stopRedis: true });
  const queues = await scenario.queues();
  const [started, release] = [createGate(), createGate()];
  const run = async (current: SyncRun) => {
    started.open();
    await release.opened;
    current.assertLease(100);
    return { nextAt: new Date(Date.now() + 60_000) };
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));
  await queues.requestSync({ key: APP, cause: 'spec' });
  await started.opened;
  await redis.client
    .call('WAITAOF', 1, 0, 0)
    .catch(() =>
      eventually(async () => assert.match(await redis.client.info('persistence'), /aof_pending_bio_fsync:0/)),
    );

  await redis.kill();
  release.open();
  await redis.restart();

  await eventually(async () => {
    const pending = await redis.client.hgetall(`${scenario.prefix}:pending:Kustomization/default/app`);
    assert.notEqual(pending.wanted, undefined);
    assert.equal(pending.done, pending.wanted);
  });
});

test('A stop while Redis is gone for good ends all the same, with the run aborted', async (t) => {
  const redis = await startRedis();
  const scenario = await createQueueScenario(t, redis, { stopRedis: true });
  const queues = await scenario.queues();
  const started = createGate();
  const reasons: string[] = [];
  const run = async (current: SyncRun) => {
    started.open();
    reasons.push((await aborted(current)).message);
    throw new Error('aborted');
  };
  const worker = queues.startSyncWorker('Kustomization', run, { concurrency: 1 });
  await queues.requestSync({ key: APP, cause: 'spec' });
  await started.opened;

  await redis.kill();
  await worker.stop();

  assert.deepEqual(reasons, ['Hawser is stopping']);
});
