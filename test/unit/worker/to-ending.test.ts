import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import type { SyncOutcome } from '../../../src/sync/outcome.ts';
import { sourceRetryMs, toEnding, withJitter } from '../../../src/worker/to-ending.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const revision = `main@sha1:${'a'.repeat(40)}`;
const at = (ms: number) => new Date(NOW.getTime() + ms);
const rhythm = { nextAt: at(60_000), retryMs: 5_000 };

const cases: readonly {
  name: string;
  outcome: SyncOutcome;
  wantMs: number | undefined;
}[] = [
  {
    name: 'done sleeps until the next look',
    outcome: { kind: 'done', revision, changes: [] },
    wantMs: 60_000,
  },
  {
    name: 'waiting sleeps until its deadline',
    outcome: { kind: 'waiting', revision, deadline: at(30_000), unhealthy: [] },
    wantMs: 30_000,
  },
  {
    name: 'an unsettled remote is asked again when it said',
    outcome: { kind: 'unsettled', afterMs: 25, why: '' },
    wantMs: 25,
  },
  {
    name: 'blocked is tried again at the retry interval',
    outcome: { kind: 'blocked', reason: '', message: '' },
    wantMs: 5_000,
  },
  {
    name: 'a failure is tried again at the retry interval',
    outcome: { kind: 'failed', error: new Error('x'), revision },
    wantMs: 5_000,
  },
  {
    name: 'a failure that names its time is tried again then',
    outcome: { kind: 'failed', error: new HawserError('INTERNAL', 'x', { retryAt: at(7_000) }), revision },
    wantMs: 7_000,
  },
  { name: 'superseded runs again at once', outcome: { kind: 'superseded', revision, by: revision }, wantMs: 0 },
  { name: 'suspended is not woken', outcome: { kind: 'suspended' }, wantMs: undefined },
];

describe('when a key is woken again', () => {
  for (const { name, outcome, wantMs } of cases) {
    test(name, () => {
      const { nextAt } = toEnding(outcome, rhythm, NOW);

      assert.deepEqual(nextAt, wantMs === undefined ? undefined : at(wantMs));
    });
  }

  test('what is gone is forgotten', () => {
    assert.equal(toEnding({ kind: 'gone' }, rhythm, NOW).forget, true);
  });
});

test('an interval is kept, give or take 5 %', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => Math.round(withJitter(60_000, random))),
    [57_000, 60_000, 63_000],
  );
});

test("a source's retries double from 750 ms, and are never rarer than its interval or 15 minutes", () => {
  const retries = [1, 2, 3, 10, 100].map((failures) => sourceRetryMs(failures, 3_600_000));

  assert.deepEqual(retries, [750, 1_500, 3_000, 384_000, 900_000]);
  assert.equal(sourceRetryMs(10, 5_000), 5_000);
});
