import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createPushRecords } from '../../src/push-record/create-push-records.ts';
import type { PushOpening, StatusKey } from '../../src/push-record/push-record.ts';
import { createSubscriptions } from '../../src/redis/subscribe.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

const OPENING: PushOpening = {
  deliveryId: 'github-1',
  heard: 'webhook',
  provider: 'github',
  repository: 'acme/shop',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
  heardAt: '2026-01-01T00:00:00.000Z',
};
const AT = '2026-01-01T00:00:01.000Z';

function createRecords(mostRecords?: number) {
  const prefix = `{${randomUUID()}}`;
  const records = createPushRecords({ redis: redis.client, prefix, ...(mostRecords ? { mostRecords } : {}) });
  return { prefix, records };
}

test('A record tells how a push was heard and what became of it', async () => {
  const { records } = createRecords();

  const id = await records.open(OPENING);
  await records.setMatches(id, {
    matched: ['GitRepository/default/shop'],
    unmatched: [{ key: 'GitRepository/default/other', reason: 'follows another branch' }],
  });
  await records.addStep([id, 'unknown'], {
    at: AT,
    object: 'GitRepository/default/shop',
    step: 'fetched',
    durationMs: 7,
  });
  await records.addStep(id, { at: AT, step: 'applied' });
  await records.setOutcome(id, 'Kustomization/default/app', { kind: 'waiting', at: AT });
  await records.setOutcome(id, 'Kustomization/default/app', { kind: 'done', revision: 'main@sha1:b', at: AT });
  await records.setReason(id, 'nothing to do');

  const { deliveryId: _, ...opening } = OPENING;
  assert.deepEqual(await records.read(id), {
    id,
    ...opening,
    deliveries: 1,
    matched: ['GitRepository/default/shop'],
    unmatched: [{ key: 'GitRepository/default/other', reason: 'follows another branch' }],
    steps: [
      { at: AT, object: 'GitRepository/default/shop', step: 'fetched', durationMs: 7 },
      { at: AT, step: 'applied' },
    ],
    stepsDropped: 0,
    pins: {},
    outcomes: { 'Kustomization/default/app': { kind: 'done', revision: 'main@sha1:b', at: AT } },
    reason: 'nothing to do',
  });
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(await records.read('unknown'), undefined);
});

test('A delivery always opens the same record, and redeliveries are counted', async () => {
  const { records } = createRecords();

  const ids = [
    await records.open(OPENING),
    await records.open(OPENING),
    await records.open({ ...OPENING, redelivered: true }),
  ];
  const others = [
    await records.open({ heard: 'poll', heardAt: AT }),
    await records.open({ heard: 'poll', heardAt: AT }),
  ];

  assert.equal(new Set(ids).size, 1);
  assert.equal((await records.read(ids[0] ?? ''))?.deliveries, 2);
  assert.equal(new Set([...ids, ...others]).size, 3);
});

test('Steps, unmatched sources and records are capped, and what is dropped is gone from Redis', async () => {
  const { records, prefix } = createRecords(3);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1)
    ids.push(await records.open({ heard: 'poll', heardAt: `2026-01-01T00:00:0${n}.000Z` }));
  const [dropped = '', newest = ''] = [ids[0], ids[4]];

  for (let n = 0; n < 210; n += 1) await records.addStep(newest, { at: AT, step: `step ${n}` });
  const unmatched = Array.from({ length: 60 }, (_, n) => ({ key: `GitRepository/default/${n}`, reason: 'other' }));
  await records.setMatches(newest, { matched: [], unmatched });
  await records.addStep(dropped, { at: AT, step: 'too late' });
  await records.setReason(dropped, 'too late');

  const record = await records.read(newest);
  assert.deepEqual([record?.steps.length, record?.stepsDropped, record?.steps.at(-1)?.step], [200, 10, 'step 209']);
  assert.equal(record?.unmatched.length, 50);
  assert.equal(await records.read(dropped), undefined);
  assert.deepEqual(
    (await redis.client.keys(`${prefix}:push*`)).filter((name) => name.includes(dropped)),
    [],
  );
});

test('Everything expires after a week', async () => {
  const { records, prefix } = createRecords();
  const id = await records.open(OPENING);
  await records.addStep(id, { at: AT, step: 'fetched' });
  await records.wantStatus(STATUS, { state: 'pending', description: 'syncing', at: 1 });
  await records.markPosted(STATUS, { state: 'pending', description: 'syncing', at: 1 });

  const names = (await redis.client.keys(`${prefix}:*`)).filter((name) => name !== `${prefix}:pushes`);
  const ttls = await Promise.all(names.map((name) => redis.client.ttl(name)));

  assert.equal(names.length, 4);
  for (const ttl of ttls) assert.ok(ttl > 604_000 && ttl <= 604_800, `expires in ${ttl} s`);
});

test('Records are listed newest first, page by page', async () => {
  const { records } = createRecords();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1)
    ids.push(await records.open({ heard: 'poll', heardAt: `2026-01-01T00:00:0${n}.000Z` }));
  const newestFirst = ids.toReversed();

  const first = await records.list({ limit: 2 });
  const rest = await records.list({ limit: 10, before: first.next });

  assert.deepEqual(
    [...first.records, ...rest.records].map(({ id }) => id),
    newestFirst,
  );
  assert.equal(rest.next, undefined);
  assert.deepEqual(await records.list({ limit: 2, before: 'unknown' }), { records: [] });
});

test('No credential gets into a record', async () => {
  const { records, prefix } = createRecords();
  const canary = 'ghp_canarycanarycanary';

  const id = await records.open({ ...OPENING, repository: `https://bot:${canary}@git.example/shop` });
  await records.addStep(id, { at: AT, step: 'failed', detail: `token ${canary}` });
  await records.setReason(id, `refused ${canary}`);
  await records.setOutcome(id, 'Kustomization/default/app', { kind: 'failed', message: canary, at: AT });
  await records.wantStatus(STATUS, { state: 'error', description: canary, at: 1 });

  for (const name of await redis.client.keys(`${prefix}:*`)) {
    assert.equal((await redis.client.dump(name))?.includes(canary), false, name);
  }
});

const STATUS: StatusKey = {
  source: { kind: 'GitRepository', namespace: 'default', name: 'shop' },
  sha: 'b'.repeat(40),
  context: 'hawser/default/app',
};

test('Of two words about a commit the newer stands, beside what was posted', async () => {
  const { records } = createRecords();
  const pending = { state: 'pending', description: 'syncing', at: 1 } as const;
  const success = { state: 'success', description: 'applied', targetUrl: 'https://hawser/pushes/1', at: 2 } as const;

  assert.equal(await records.readStatus(STATUS), undefined);
  await records.wantStatus(STATUS, success);
  await records.wantStatus(STATUS, pending);
  const posted = { ...pending, contexts: ['prod/app'] };
  await records.markPosted(STATUS, posted);

  assert.deepEqual(await records.readStatus(STATUS), { wanted: success, posted });
  assert.equal(await records.readStatus({ ...STATUS, context: 'hawser/default/other' }), undefined);
});

test('Without Redis a record says so at once instead of waiting', async () => {
  const server = await startRedis();
  const handle = await server.connect();
  const records = createPushRecords({ redis: handle.create('producer') });
  await records.open(OPENING);

  await server.kill();

  await assert.rejects(records.open(OPENING), { code: 'REDIS_UNAVAILABLE' });
  await server.stop();
});

test('What was heard of a source is kept, and lost where it cannot be read', async () => {
  const { prefix, records } = createRecords();
  const move = { object: 'a', sha: 'a', at: 1, pushId: 'p', isMissed: true };
  const history = { heardAt: 1, named: { b: 2 }, moves: [move], missed: 1 };
  const unknown = await records.readHooks('uid');

  await records.writeHooks('uid', history);

  assert.deepEqual(unknown, { named: {}, moves: [], missed: 0 });
  assert.deepEqual(await records.readHooks('uid'), history);
  await redis.client.set(`${prefix}:hooks:uid`, '{"missed":');
  assert.deepEqual(await records.readHooks('uid'), unknown);
});

test('A record is found again for as long as it is remembered, and opened once by many', async () => {
  const { records, prefix } = createRecords();
  const opening = { ...OPENING, deliveryId: 'trigger-1', heard: 'trigger' as const };

  const answers = await Promise.all(Array.from({ length: 10 }, () => records.openOnce(opening, 60_000)));

  assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
  assert.equal(answers.filter(({ isNew }) => isNew).length, 1);
  const ttl = await redis.client.pttl(`${prefix}:push-of:trigger-1`);
  assert.ok(ttl > 50_000 && ttl <= 60_000, `remembered for ${ttl} ms`);
});

test('What is asked for again has no outcome, and keeps its steps', async () => {
  const { records } = createRecords();
  const id = await records.open(OPENING);
  const [source, app] = ['GitRepository/default/shop', 'Kustomization/default/app'];
  await records.setPin(id, source, { revision: 'main@sha1:b', isNew: true, asked: [app] });
  await records.setOutcomes(id, [app, source], { kind: 'failed', at: AT });
  await records.setReason(id, 'why');
  await records.addStep(id, { at: AT, step: 'failed' });

  await records.reset(id);

  const record = await records.read(id);
  assert.deepEqual([record?.outcomes, record?.pins, record?.reason, record?.steps.length], [{}, {}, undefined, 1]);
});

test('Whoever follows a record hears of each write, also after Redis was away, and of no other record', async (t) => {
  const own = await startRedis(t);
  const handle = await own.connect();
  const subscriptions = createSubscriptions(() => handle.create('plain'));
  t.after(() => subscriptions.stop());
  const records = createPushRecords({ redis: handle.create('producer'), subscriptions });
  const [id, other] = [await records.open({ ...OPENING, deliveryId: '1' }), await records.open(OPENING)];
  const heard = { id: 0, other: 0 };
  const unfollow = await records.follow(id, () => (heard.id += 1));
  const unfollowOther = await records.follow(other, () => (heard.other += 1));

  await records.addStep(id, { at: AT, step: 'fetched' });
  await records.setReason(id, 'why');
  await eventually(() => assert.deepEqual(heard, { id: 2, other: 0 }));

  await own.kill();
  await own.restart();
  await eventually(() => assert.ok(heard.id > 2 && heard.other > 0, 'nobody said that Redis is back'));

  unfollow();
  unfollow();
  unfollowOther();
  await eventually(async () => assert.equal((await own.client.pubsub('CHANNELS', '*')).length, 0));
});
