import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLimiter } from '../../../src/git/create-limiter.ts';

const never = new AbortController().signal;

/** Work that lasts until it is told to end. */
function makeWork(log: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const work = async () => {
    log.push(name);
    await promise;
    return name;
  };
  return { work, end: resolve };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('no more work of a key runs at once than allowed, in turn, and other keys are not held up', async () => {
  const log: string[] = [];
  const limiter = createLimiter(1);
  const [first, second, other] = ['first', 'second', 'other'].map((name) => makeWork(log, name));
  const results = [
    limiter.run('a', first!.work, never),
    limiter.run('a', second!.work, never),
    limiter.run('b', other!.work, never),
  ];
  await settled();
  const meanwhile = [...log];

  for (const { end } of [first!, second!, other!]) end();

  assert.deepEqual(await Promise.all(results), ['first', 'second', 'other']);
  assert.deepEqual(
    [meanwhile, log],
    [
      ['first', 'other'],
      ['first', 'other', 'second'],
    ],
  );
});

test('who gives up waiting frees no place of others', async () => {
  const log: string[] = [];
  const limiter = createLimiter(1);
  const first = makeWork(log, 'first');
  const abort = new AbortController();
  const running = limiter.run('a', first.work, never);
  const waiting = limiter.run('a', async () => log.push('never'), abort.signal);

  abort.abort(new Error('gave up'));
  await assert.rejects(waiting, { message: 'gave up' });
  const last = limiter.run('a', async () => log.push('last'), never);
  await settled();
  assert.deepEqual(log, ['first']);
  first.end();
  await Promise.all([running, last]);

  assert.deepEqual(log, ['first', 'last']);
});

test('work that fails frees its place', async () => {
  const limiter = createLimiter(1);

  await assert.rejects(
    limiter.run('a', () => Promise.reject(new Error('broken')), never),
    { message: 'broken' },
  );

  assert.equal(await limiter.run('a', async () => 'next', never), 'next');
});
