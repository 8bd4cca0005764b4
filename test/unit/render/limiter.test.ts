import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLimiter } from '../../../src/render/limiter.ts';

const NEVER = new AbortController().signal;

test('no more tasks run at once than allowed, in the order given, and all run', async () => {
  const limit = createLimiter(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;

  await Promise.all(
    [0, 1, 2, 3, 4].map((index) =>
      limit(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
      }, NEVER),
    ),
  );

  assert.deepEqual({ started, most }, { started: [0, 1, 2, 3, 4], most: 2 });
});

test('a failed task frees its place', async () => {
  const limit = createLimiter(1);

  await assert.rejects(
    limit(() => Promise.reject(new Error('no')), NEVER),
    /no/,
  );

  assert.equal(await limit(async () => 'next', NEVER), 'next');
});

test('a waiting task that is aborted gives up its place to the next', async () => {
  const limit = createLimiter(1);
  const first = Promise.withResolvers<void>();
  const abort = new AbortController();
  const running = limit(() => first.promise, NEVER);
  const waiting = limit(async () => assert.fail('aborted tasks do not run'), abort.signal);
  const next = limit(async () => 'next', NEVER);

  abort.abort(new Error('given up'));

  await assert.rejects(waiting, /given up/);
  first.resolve();
  await running;
  assert.equal(await next, 'next');
});
