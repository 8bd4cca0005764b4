import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestGate } from '../../../src/kube/create-request-gate.ts';

/** Tasks that end when told to, and the order in which they began. */
function createTasks(gate: ReturnType<typeof createRequestGate>) {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, options: Parameters<typeof gate.run>[1] = {}) =>
    gate.run(() => {
      began.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.set(name, resolve);
      return promise;
    }, options);
  return { began, run, end: (name: string) => ends.get(name)?.() };
}

test('no more than the bound run at once, urgent ones go first', async () => {
  const { began, run, end } = createTasks(createRequestGate(2));
  const runs = [run('a'), run('b'), run('c'), run('d'), run('e', { urgent: true })];
  await Promise.resolve();
  assert.deepEqual(began, ['a', 'b']);

  end('a');
  await runs[0];
  end('b');
  await runs[1];
  for (const name of ['e', 'c', 'd']) {
    await new Promise(setImmediate);
    end(name);
  }
  await Promise.all(runs);

  assert.deepEqual(began, ['a', 'b', 'e', 'c', 'd']);
});

test('a task that fails frees its place', async () => {
  const gate = createRequestGate(1);

  await assert.rejects(
    gate.run(() => Promise.reject(new Error('no')), {}),
    { message: 'no' },
  );

  assert.equal(await gate.run(() => Promise.resolve('next'), {}), 'next');
});

test('who waits can be called off and takes no place', async () => {
  const { began, run, end } = createTasks(createRequestGate(1));
  const abort = new AbortController();
  const first = run('first');
  const waiting = run('waiting', { signal: abort.signal });
  const last = run('last');

  abort.abort(new Error('superseded'));
  await assert.rejects(waiting, { message: 'superseded' });
  end('first');
  await first;
  await new Promise(setImmediate);
  end('last');
  await last;

  assert.deepEqual(began, ['first', 'last']);
});
