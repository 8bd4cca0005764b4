import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFights } from '../../../src/apply/fights.ts';

const OWNER = { kind: 'Kustomization', namespace: 'flux', name: 'app' } as const;
const REF = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'web' };

test('six corrections within a minute are let through at once, the seventh waits ten seconds', () => {
  const fights = createFights(() => 0);

  const delays = Array.from({ length: 7 }, () => fights.delayOf(OWNER, REF));

  assert.deepEqual(delays, [0, 0, 0, 0, 0, 0, 10_000]);
});

test('a fight is told with what was found out last, to its owner only, and is over after a quiet minute', () => {
  let now = 0;
  const fights = createFights(() => now);
  for (let round = 0; round < 6; round++) fights.delayOf(OWNER, REF);
  fights.explain({ ref: REF, reason: 'x', fields: ['data.colour'], by: 'painter' });

  assert.deepEqual(fights.of(OWNER), [{ ref: REF, what: 'data.colour was changed by painter' }]);
  assert.deepEqual(fights.of({ ...OWNER, name: 'other' }), []);
  now = 60_000;
  assert.deepEqual(fights.of(OWNER), []);
});

test('corrections far apart are no fight', () => {
  let now = 0;
  const fights = createFights(() => now);

  for (let round = 0; round < 20; round++) {
    assert.equal(fights.delayOf(OWNER, REF), 0);
    now += 15_000;
  }

  assert.deepEqual(fights.of(OWNER), []);
});
