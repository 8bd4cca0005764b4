import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextPollAt } from '../../../src/worker/next-poll.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const MINUTE = 60_000;
const source = (url: string, interval = '10m') => ({ spec: { url, interval } });
const APP = 'https://git.example.com/acme/app';

/** Milliseconds since the start. */
const nextAfter = (given: ReturnType<typeof source>, ms: number) =>
  nextPollAt(given, new Date(START + ms)).getTime() - START;

describe('the next poll', () => {
  const first = nextAfter(source(APP), 0);

  const same: readonly { name: string; given: ReturnType<typeof source>; at: number }[] = [
    { name: 'another source of the repository', given: source(APP), at: first - 4 * MINUTE },
    { name: 'one with the URL in another form', given: source('ssh://git@git.example.com/acme/app.git'), at: 0 },
    { name: 'one whose interval goes into this one', given: source(APP, '1m'), at: first - MINUTE },
    { name: 'one that has just been found to be due a little late', given: source(APP), at: first - 10.4 * MINUTE },
  ];
  for (const { name, given, at } of same) {
    test(`of ${name} comes at the same time`, () => {
      assert.equal(nextAfter(given, at), first);
    });
  }

  test('comes one interval after the last, whether that was in time, a little early or late', () => {
    assert.deepEqual(
      [0, -300, 300, 20_000].map((late) => nextAfter(source(APP), first + late)),
      Array(4).fill(first + 10 * MINUTE),
    );
  });

  test('lies ahead, and never more than the interval and a twentieth away', () => {
    const waits = Array.from({ length: 200 }, (_, index) => nextAfter(source(APP), index * 7_001) - index * 7_001);

    assert.ok(waits.every((wait) => wait > 0 && wait <= 10.5 * MINUTE));
  });

  test('of many repositories is spread over the interval', () => {
    const times = Array.from({ length: 300 }, (_, index) => nextAfter(source(`${APP}-${index}`), 0));

    const perMinute = Map.groupBy(times, (time) => Math.floor(time / MINUTE));
    const busiest = Math.max(...[...perMinute.values()].map((group) => group.length));
    assert.ok(perMinute.size >= 10 && busiest < 60, `${perMinute.size} minutes, ${busiest} in one`);
  });

  test('of an interval of a few milliseconds lies ahead too', () => {
    assert.ok(nextAfter(source(APP, '1ms'), 0) > 0);
  });
});
