import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { OrderingWorld } from '../support/ordering-world.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';

/*
 * Orders of events that random ones (ordering-property.test.ts) come by too rarely: one moment each, in which order hangs
 * by one line of code. The world fails by itself as soon as an older revision is applied after a newer one.
 */

let redis: TestRedis;
let client: Redis;
before(async () => {
  redis = await startRedis();
  client = new Redis({ path: redis.socket });
});
after(async () => {
  client.disconnect();
  await redis.stop();
});

/** Steps of a source's sync: to the remote's answer, to its move, to the last Kustomization that is asked. */
const STEPS = { answered: 1, moved: 4, asked: 6 };

test('A run that lost its lease after the remote answered it moves nothing back', async (t) => {
  const world = await startWorld(t);
  await deployNext(world);
  world.push();
  await world.wake();
  await world.startSync('GitRepository', 0);
  await steps(world, STEPS.answered);
  await world.loseLease(0);
  world.pass(4_000);
  world.push();
  await world.wake();
  await world.startSync('GitRepository', 1);
  await world.finish(1);
  await syncKustomization(world, 1);

  await world.finish(0);
  await syncKustomization(world, 0);

  assert.deepEqual(names(world), ['c0', 'c2']);
});

test('A process that died between its move and asking leaves nobody unasked', async (t) => {
  const world = await startWorld(t);
  await deployNext(world);
  world.push();
  await handleHook(world, 0);
  await world.startSync('GitRepository', 0);
  await steps(world, STEPS.moved);
  await world.crash(0);

  await world.startSync('GitRepository', 1);
  await world.finish(0);
  // Not woken: it does something only because it was asked.
  await world.startSync('Kustomization', 1);
  await world.finish(0);

  assert.deepEqual(names(world), ['c0', 'c1']);
});

test('After Redis was emptied, what had been asked for and not yet published is not taken back', async (t) => {
  const world = await startWorld(t);
  await deployNext(world);
  world.push();
  await world.wake();
  await world.startSync('GitRepository', 0);
  await steps(world, STEPS.asked);
  await world.startSync('Kustomization', 0);
  await world.finish(1);
  await world.flushRedis();

  await world.startSync('Kustomization', 1);
  await world.finish(1);

  assert.deepEqual(names(world), ['c0', 'c1']);
});

test('After a rollback the late hook of the way forth does not explain the answer of a late replica', async (t) => {
  const world = await startWorld(t);
  await deployNext(world);
  await deployNext(world);
  world.forcePush(1);
  await handleHook(world, 0);
  await syncBoth(world);
  assert.deepEqual(names(world), ['c0', 'c1', 'c0']);

  await handleHook(world, 1);
  world.pass(100);
  world.lag(400);
  await syncBoth(world);

  assert.deepEqual(names(world), ['c0', 'c1', 'c0']);
});

test('A sync that is under way when its source moves leaves the new tip to the one that is asked for it', async (t) => {
  const world = await startWorld(t);
  await deployNext(world);
  world.push();
  await world.wake();
  await world.startSync('Kustomization', 0);
  await world.startSync('GitRepository', 0);
  await world.finish(1);

  await world.finish(0);
  assert.deepEqual(names(world), ['c0']);
  await world.startSync('Kustomization', 0);
  await world.finish(0);

  assert.deepEqual(names(world), ['c0', 'c1']);
});

test('A status is written of a move back, although a late watch shows it already', async (t) => {
  const world = await startWorld(t);
  await deployNext(world);
  world.push();
  await world.wake();
  await world.startSync('GitRepository', 1);
  await world.finish(0);
  world.forcePush(1);
  await handleHook(world, 0);

  await world.startSync('GitRepository', 0);
  await world.finish(0);

  const { artifact } = world.cluster.read('GitRepository').status as { artifact: { revision: string } };
  assert.match(artifact.revision, /c0$/);
});

async function startWorld(t: { after(hook: () => Promise<void>): void }): Promise<OrderingWorld> {
  const world = new OrderingWorld(client);
  t.after(() => world.stop());
  await world.restore();
  return world;
}

/** A push that polling finds, deployed by process 0. */
async function deployNext(world: OrderingWorld): Promise<void> {
  world.push();
  await syncBoth(world);
  world.pass(4_000);
}

/** The hook of the newest push but so many. */
async function handleHook(world: OrderingWorld, back: number): Promise<void> {
  world.deliver(back);
  await world.takeDelivery(0);
  await world.finish(0);
}

async function syncBoth(world: OrderingWorld): Promise<void> {
  await world.wake();
  await world.startSync('GitRepository', 0);
  await world.finish(0);
  await syncKustomization(world, 0);
  for (const process of [0, 1]) await world.see(process);
  // What the other process asks for because it sees the artifact.
  await world.startSync('Kustomization', 1);
  await world.finish(0);
}

async function syncKustomization(world: OrderingWorld, process: number): Promise<void> {
  await world.wake();
  await world.startSync('Kustomization', process);
  await world.finish(0);
}

async function steps(world: OrderingWorld, count: number): Promise<void> {
  for (let step = 0; step < count; step++) await world.step(0);
}

/** What was applied, one after the other; the same once more is the same. */
function names(world: OrderingWorld): string[] {
  const all = world.applied.map(({ sha }) => sha.slice(-2));
  return all.filter((name, index) => name !== all[index - 1]);
}
