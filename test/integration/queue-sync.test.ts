import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SyncRun } from '../../src/queue/sync-run.ts';
import { eventually } from '../support/eventually.ts';
import { aborted, createGate, createQueueScenario, makeHint, makeKey } from '../support/queue-scenario.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';

const DONE = { nextAt: undefined };
const APP = makeKey('app');

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

test('Fifty requests while a sync runs lead to exactly one more, which sees the newest', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const gate = createGate();
  const runs: SyncRun[] = [];
  scenario.stopLater(
    queues.startSyncWorker(
      'Kustomization',
      async (run) => {
        if (runs.push(run) === 1) await gate.opened;
        return DONE;
      },
      { concurrency: 8 },
    ),
  );
  scenario.stopLater(queues.startWakeLoop());
  await queues.requestSync({ key: APP, cause: 'spec' });
  await eventually(() => assert.equal(runs.length, 1));

  for (let n = 1; n <= 50; n += 1) await queues.requestSync({ key: APP, cause: 'source', revision: `main@sha1:${n}` });
  gate.open();
  await isQuiet(queues);

  assert.equal(runs.length, 2);
  assert.deepEqual(runs[0]?.pending.causes, ['spec']);
  assert.deepEqual([runs[1]?.pending.causes, runs[1]?.pending.revision], [['source'], 'main@sha1:50']);
});

test('Two processes never run a key at once, and serve every request', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const active = new Set<string>();
  const overlaps: string[] = [];
  const latest = new Map<string, string | undefined>();
  const both = [await scenario.queues(), await scenario.queues()] as const;
  for (const queues of both) {
    const run = async ({ key, pending }: SyncRun) => {
      if (active.has(key.name)) overlaps.push(key.name);
      active.add(key.name);
      await new Promise((resolve) => setImmediate(resolve));
      active.delete(key.name);
      latest.set(key.name, pending.revision);
      return DONE;
    };
    scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 8 }));
    scenario.stopLater(queues.startWakeLoop());
  }

  for (let n = 0; n < 400; n += 1) {
    await both[n % 2]?.requestSync({ key: makeKey(`app-${n % 5}`), cause: 'source', revision: `main@sha1:${n}` });
  }
  await isQuiet(both[0]);

  assert.deepEqual(overlaps, []);
  const want = [395, 396, 397, 398, 399].map((n) => [`app-${n % 5}`, `main@sha1:${n}`]);
  assert.deepEqual([...latest].sort(), want);
});

test('A run is told what was asked, sees newer requests by refresh, and leaves unseen hints to the next', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const source = makeKey('repo', 'GitRepository');
  const gates = [createGate(), createGate()] as const;
  const seen: string[][] = [];
  await queues.requestSync({ key: source, cause: 'webhook', hint: makeHint('1'), pushId: 'p1' });
  await queues.requestSync({ key: source, cause: 'poll', hint: makeHint('2'), pushId: 'p2' });
  scenario.stopLater(
    queues.startSyncWorker(
      'GitRepository',
      async (run) => {
        const first = seen.length === 0;
        seen.push(run.pending.hints.map(({ deliveryId }) => deliveryId));
        if (!first) {
          assert.deepEqual([run.pending.causes, run.pending.pushIds], [['webhook'], ['p3']]);
          return { nextAt: undefined, hintsSeen: 'all' };
        }
        assert.deepEqual(
          [run.pending.causes, run.pending.pushIds],
          [
            ['webhook', 'poll'],
            ['p1', 'p2'],
          ],
        );
        gates[0].open();
        await gates[1].opened;
        const newest = await run.refresh();
        assert.equal(newest.wanted > run.pending.wanted, true);
        return { nextAt: undefined, hintsSeen: ['1'] };
      },
      { concurrency: 1 },
    ),
  );

  await gates[0].opened;
  await queues.requestSync({ key: source, cause: 'webhook', hint: makeHint('3'), pushId: 'p3' });
  gates[1].open();
  await eventually(() => assert.equal(seen.length, 2));
  await isQuiet(queues);

  assert.deepEqual(seen, [
    ['1', '2'],
    ['2', '3'],
  ]);
  const left = await redis.client.hkeys(`${scenario.prefix}:pending:GitRepository/default/repo`);
  assert.deepEqual(left.sort(), ['done', 'wanted']);
});

test('Who asked stays known until a run has answered, and no longer', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const seen: SyncRun['pending'][] = [];
  scenario.stopLater(
    queues.startSyncWorker(
      'Kustomization',
      async ({ pending }) => {
        const keepAskers = seen.push(pending) === 1;
        return { nextAt: keepAskers ? new Date() : undefined, keepAskers };
      },
      { concurrency: 1 },
    ),
  );
  scenario.stopLater(queues.startWakeLoop());
  const expected = { sha: 'a'.repeat(40), otherwise: 'mismatch' as const };

  await queues.requestSync({ key: APP, cause: 'trigger', pushId: 'p1', trigger: { pushId: 't1', expected } });
  await eventually(() => assert.equal(seen.length, 2));
  await isQuiet(queues);
  await queues.requestSync({ key: APP, cause: 'spec' });
  await eventually(() => assert.equal(seen.length, 3));

  const asked = { pushIds: ['p1'], triggers: [{ pushId: 't1', expected }] };
  assert.deepEqual(
    seen.map(({ pushIds, triggers }) => ({ pushIds, triggers })),
    [asked, asked, { pushIds: [], triggers: [] }],
  );
});

test('A wake-up fires at its time with its cause, and of two the earlier wins', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const causes: string[][] = [];
  scenario.stopLater(
    queues.startSyncWorker(
      'Kustomization',
      async ({ pending }) => {
        causes.push([...pending.causes]);
        const nextAt = causes.length === 1 ? new Date(Date.now() + 30) : undefined;
        return { nextAt, nextCause: 'health' };
      },
      { concurrency: 1 },
    ),
  );
  scenario.stopLater(queues.startWakeLoop());

  await queues.wake(APP, new Date(Date.now() + 20), 'retry');
  await queues.wake(APP, new Date(Date.now() + 3_600_000), 'interval');

  await eventually(() => assert.deepEqual(causes, [['retry'], ['health']]));
});

test('Due keys start in the order of their times', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const order: string[] = [];
  const names = ['c', 'a', 'd', 'b'];
  for (const name of names) await queues.wake(makeKey(name), new Date(Date.now() - 1_000));
  for (const [index, name] of names.entries()) {
    await redis.client.zadd(`${scenario.prefix}:wake`, index + 1, `Kustomization/default/${name}`);
  }

  const run = async ({ key }: SyncRun) => {
    order.push(key.name);
    return DONE;
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));
  scenario.stopLater(queues.startWakeLoop());

  await eventually(() => assert.deepEqual(order, names));
});

test('Of many requests the first ones start first', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const order: string[] = [];
  const names = Array.from({ length: 120 }, (_, n) => `app-${n}`);
  await queues.requestSyncs(names.map((name) => ({ key: makeKey(name), cause: 'source' })));

  const run = async ({ key }: SyncRun) => {
    order.push(key.name);
    return DONE;
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));

  await eventually(() => assert.deepEqual(order, names));
});

test('A lost lease aborts the run, forbids its writes, and the key runs again', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues({ leaseMs: 400 });
  const first = createGate();
  const reasons: string[] = [];
  let runs = 0;
  scenario.stopLater(
    queues.startSyncWorker(
      'Kustomization',
      async (run) => {
        runs += 1;
        if (runs > 1) return DONE;
        run.assertLease(100);
        first.open();
        reasons.push((await aborted(run)).message);
        assert.throws(() => run.assertLease(0), { code: 'SYNC_LEASE_LOST' });
        return { nextAt: undefined, forget: true };
      },
      { concurrency: 1 },
    ),
  );
  scenario.stopLater(queues.startWakeLoop());
  await queues.requestSync({ key: APP, cause: 'spec' });
  await first.opened;

  await redis.client.set(`${scenario.prefix}:lease:Kustomization/default/app`, 'another', 'PX', 100);

  await eventually(() => assert.equal(runs, 2));
  assert.match(reasons[0] ?? '', /default\/app lost the lease/);
  assert.deepEqual(
    scenario.events.map(({ kind }) => kind),
    ['lease-lost'],
  );
});

test('A write that the lease does not cover is refused while the lease still holds', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const outcome = Promise.withResolvers<void>();
  scenario.stopLater(
    queues.startSyncWorker(
      'Kustomization',
      async (run) => {
        run.assertLease(10_000);
        if (!run.signal.aborted) outcome.resolve();
        assert.throws(() => run.assertLease(15_001), { code: 'SYNC_LEASE_LOST' });
        return DONE;
      },
      { concurrency: 1 },
    ),
  );

  await queues.requestSync({ key: APP, cause: 'spec' });

  await outcome.promise;
  await isQuiet(queues);
  assert.deepEqual(scenario.events, []);
});

test('A lease is renewed for as long as the run takes', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues({ leaseMs: 300 });
  const over = createGate();
  const renewed: boolean[] = [];
  scenario.stopLater(
    queues.startSyncWorker(
      'Kustomization',
      async (run) => {
        const startedAt = performance.now();
        await eventually(() => assert.ok(performance.now() - startedAt > 900));
        renewed.push(!run.signal.aborted);
        run.assertLease(50);
        over.open();
        return DONE;
      },
      { concurrency: 1 },
    ),
  );

  await queues.requestSync({ key: APP, cause: 'spec' });

  await over.opened;
  await isQuiet(queues);
  assert.deepEqual([renewed, scenario.events], [[true], []]);
});

test('A graceful stop aborts the run and hands its job to another process at once', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const [leaving, staying] = [await scenario.queues(), await scenario.queues()];
  const started = createGate();
  const reasons: string[] = [];
  const worker = leaving.startSyncWorker(
    'Kustomization',
    async (run) => {
      started.open();
      reasons.push((await aborted(run)).message);
      run.signal.throwIfAborted();
      return DONE;
    },
    { concurrency: 1 },
  );
  await leaving.requestSync({ key: APP, cause: 'spec', revision: 'main@sha1:1' });
  await started.opened;

  const again = Promise.withResolvers<SyncRun>();
  await Promise.all([worker.stop(), worker.stop()]);
  scenario.stopLater(
    staying.startSyncWorker(
      'Kustomization',
      async (run) => {
        again.resolve(run);
        return DONE;
      },
      { concurrency: 1 },
    ),
  );

  assert.equal((await again.promise).pending.revision, 'main@sha1:1');
  assert.deepEqual(reasons, ['Hawser is stopping']);
});

test('A run that throws is done, is reported, and is woken again as a retry', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const run = () => Promise.reject(new Error('no way'));
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));

  await queues.requestSync({ key: APP, cause: 'spec' });
  await isQuiet(queues);

  const pending = await redis.client.hgetall(`${scenario.prefix}:pending:Kustomization/default/app`);
  assert.deepEqual([pending.wanted, pending.nextCause], [pending.done, 'retry']);
  assert.deepEqual(
    scenario.events.map(({ kind }) => kind),
    ['run-failed'],
  );
});

test('A forgotten key leaves nothing behind, by its ending or from outside', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const run = async () => ({ nextAt: new Date(Date.now() + 60_000), forget: true });
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));

  await queues.requestSync({ key: APP, cause: 'spec' });
  await isQuiet(queues);
  await queues.wake(makeKey('other'), new Date(Date.now() + 60_000));
  await queues.forget(makeKey('other'));

  const ours = (await redis.client.keys(`${scenario.prefix}:*`)).filter((name) => /:(pending|lease|wake)/.test(name));
  assert.deepEqual(ours, []);
});

test('A key forgotten while it runs stays forgotten, unless it was asked again', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  const [started, release] = [createGate(), createGate()];
  const run = async () => {
    started.open();
    await release.opened;
    return { nextAt: new Date(Date.now() + 60_000) };
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));
  await queues.requestSync({ key: APP, cause: 'spec' });
  await started.opened;

  await queues.forget(APP);
  release.open();
  await isQuiet(queues);

  assert.equal(await redis.client.zcard(`${scenario.prefix}:wake`), 0);
  assert.equal(await redis.client.exists(`${scenario.prefix}:pending:Kustomization/default/app`), 0);
});

test('A job that BullMQ no longer knows does not hold back its key', async (t) => {
  const scenario = await createQueueScenario(t, redis);
  const queues = await scenario.queues();
  await queues.requestSync({ key: APP, cause: 'spec' });
  // What a half-written flush or failover leaves: the place is taken, by a job that is in no list.
  await redis.client.del(`${scenario.prefix}:kustomization-sync:wait`, `${scenario.prefix}:kustomization-sync:marker`);
  await redis.client.zadd(`${scenario.prefix}:wake`, 1, 'Kustomization/default/app');
  const ran = createGate();

  const run = async () => {
    ran.open();
    return DONE;
  };
  scenario.stopLater(queues.startSyncWorker('Kustomization', run, { concurrency: 1 }));
  scenario.stopLater(queues.startWakeLoop());

  await ran.opened;
  assert.ok(scenario.events.some(({ kind }) => kind === 'lost-job-replaced'));
});

/** No job waits, runs or is delayed. */
async function isQuiet(queues: { depths(): Promise<Record<string, object>> }): Promise<void> {
  await eventually(async () => {
    for (const depth of Object.values(await queues.depths())) {
      assert.deepEqual(depth, { waiting: 0, active: 0, delayed: 0, oldestAt: undefined });
    }
  });
}
