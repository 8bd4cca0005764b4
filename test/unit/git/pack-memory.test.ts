import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createPackMemory, type PackRoom } from '../../../src/git/pack-memory.ts';

const never = new AbortController().signal;
const BOUNDS = { mostBytes: 100, largestBytes: 50, freeBytes: 0 };

/** Which of some reservations are granted by now. */
async function reserveAll(
  rooms: readonly PackRoom[],
  bytes: number,
): Promise<{ granted: number[]; all: Promise<unknown> }> {
  const granted: number[] = [];
  const all = Promise.all(rooms.map((room, n) => room.reserve(bytes).then(() => granted.push(n))));
  all.catch(() => undefined);
  await turn();
  return { granted, all };
}

test('what a push brings never waits, whatever else is held', async () => {
  const memory = createPackMemory({ ...BOUNDS, freeBytes: 10 });
  const [large, larger] = [memory.open(never), memory.open(never)];
  await Promise.all([large.reserve(60), larger.reserve(60)]);

  const { granted } = await reserveAll([memory.open(never), memory.open(never)], 10);

  assert.deepEqual(granted, [0, 1]);
});

test('beyond the bound a pack waits, and goes on when another one is stored', async () => {
  const memory = createPackMemory(BOUNDS);
  const first = memory.open(never);
  await Promise.all([first.reserve(50), memory.open(never).reserve(50)]);
  const { granted, all } = await reserveAll([memory.open(never)], 1);

  assert.deepEqual(granted, []);
  first.close();
  first.close();
  await all;

  assert.deepEqual(granted, [0]);
});

test('packs that grow side by side never wait for each other for ever', async () => {
  const memory = createPackMemory(BOUNDS);
  let most = 0;
  let held = 0;
  const receive = async () => {
    const room = memory.open(never);
    for (let bytes = 5; bytes <= 50; bytes += 5) {
      await room.reserve(bytes);
      held += 5;
      most = Math.max(most, held);
      await turn();
    }
    held -= 50;
    room.close();
  };

  await Promise.all(Array.from({ length: 20 }, receive));

  assert.ok(most > 50 && most <= 100, `${most}`);
});

test('of those who wait the smallest goes first', async () => {
  const memory = createPackMemory(BOUNDS);
  const held = memory.open(never);
  await Promise.all([held.reserve(50), memory.open(never).reserve(50)]);
  const order: string[] = [];
  const [large, small] = [memory.open(never), memory.open(never)];
  const both = Promise.all([
    large.reserve(30).then(() => order.push('large')),
    small.reserve(20).then(() => order.push('small')),
  ]);

  held.close();
  await both;

  assert.deepEqual(order, ['small', 'large']);
});

test('who gives up waiting leaves nothing behind', async () => {
  const memory = createPackMemory(BOUNDS);
  const givingUp = new AbortController();
  const held = memory.open(never);
  await Promise.all([held.reserve(50), memory.open(never).reserve(50)]);
  const room = memory.open(givingUp.signal);
  const waiting = room.reserve(50);

  givingUp.abort(new Error('superseded'));

  await assert.rejects(waiting, { message: 'superseded' });
  room.close();
  held.close();
  await memory.open(never).reserve(50);
});

test('a pack that trickles in for too long goes once others wait for its room, the oldest first', async () => {
  let time = 0;
  const memory = createPackMemory({ ...BOUNDS, patienceMs: 100, now: () => time });
  const slow = memory.open(never);
  await slow.reserve(50);
  time = 50;
  const fresh = memory.open(never);
  await fresh.reserve(50);
  const waiting = memory.open(never).reserve(50);
  slow.signal.addEventListener('abort', () => slow.close());

  time = 100;
  await waiting;

  const { code, message } = slow.signal.reason as { code: string; message: string };
  assert.equal(code, 'GIT_LIMIT_EXCEEDED');
  assert.match(message, /did not arrive within 1 s while other sources waited/);
  assert.equal(fresh.signal.aborted, false);
});
