import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insist } from '../../../src/watch/insist.ts';

test('what was not heard is asked again until it is, and each failure is told', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  const failed = Promise.withResolvers<void>();
  let asked = 0;
  const ask = async () => {
    asked += 1;
    if (asked <= 2) throw new Error(`away ${asked}`);
  };

  const heard = insist(ask, (error) => {
    told.push(String(error));
    if (told.length === 2) failed.resolve();
    setImmediate(() => t.mock.timers.tick(10_000));
  });
  await failed.promise;
  await heard;

  assert.equal(asked, 3);
  assert.deepEqual(told, ['Error: away 1', 'Error: away 2']);
});
