import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hint } from '../../../src/model/push.ts';
import { decideTip, type TipQuestion } from '../../../src/sync/decide-tip.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);
const NOW = 1_000_000;

const cases: readonly { name: string; given: Partial<TipQuestion>; want: string }[] = [
  { name: 'the first tip ever is used', given: { tip: A, current: undefined }, want: 'go' },
  { name: 'a new tip is used, with or without a hook', given: { tip: B, current: A }, want: 'go' },
  { name: 'the same tip without a hook changes nothing', given: { tip: A, current: A }, want: 'unchanged' },
  {
    name: 'a hook ahead of its ref makes us ask again',
    given: { tip: A, current: A, hints: [hint(A, B, 10)] },
    want: 'askAgain',
  },
  {
    name: 'a hook that the ref has not confirmed after 30 s is given up',
    given: { tip: A, current: A, hints: [hint(A, B, 30_001)] },
    want: 'unchanged',
  },
  {
    name: 'a redelivered hook explains nothing',
    given: { tip: A, current: A, hints: [{ ...hint(A, B, 10), firstSeen: false }] },
    want: 'unchanged',
  },
  {
    name: 'a hook for a commit that the ref has left is stale',
    given: { tip: B, current: B, left: new Map([[A, NOW - 1_000]]), hints: [hint(C, A, 10)] },
    want: 'unchanged',
  },
  {
    name: 'the deletion of a branch is not waited for',
    given: { tip: A, current: A, hints: [hint(A, '0'.repeat(40), 10)] },
    want: 'unchanged',
  },
  {
    name: 'a replica that still names the commit just left is asked again',
    given: { tip: A, current: B, left: new Map([[A, NOW - 1_000]]), namedSince: NOW },
    want: 'askAgain',
  },
  {
    name: 'a rollback with a hook is used at once',
    given: { tip: A, current: B, left: new Map([[A, NOW - 1_000]]), hints: [hint(B, A, 10)] },
    want: 'go',
  },
  {
    name: 'a replayed hook for the way forward does not explain the way back',
    given: { tip: A, current: B, left: new Map([[A, NOW - 1_000]]), hints: [hint(A, B, 10)], namedSince: NOW },
    want: 'askAgain',
  },
  {
    name: 'a rollback without a hook is used once every answer has named it for 3 s',
    given: { tip: A, current: B, left: new Map([[A, NOW - 10_000]]), namedSince: NOW - 3_000 },
    want: 'go',
  },
  {
    name: 'what was answered before the commit was left does not count',
    given: { tip: A, current: B, left: new Map([[A, NOW - 1_000]]), namedSince: NOW - 10_000 },
    want: 'askAgain',
  },
  {
    name: 'a tip that nobody told of is doubted while replicas may be late',
    given: { tip: A, current: B, movedAt: NOW - 2_900 },
    want: 'askAgain',
  },
  {
    name: 'and used once they are not',
    given: { tip: A, current: B, movedAt: NOW - 3_000 },
    want: 'go',
  },
  {
    name: 'a hook from what is in use explains it',
    given: { tip: A, current: B, movedAt: NOW, hints: [hint(B, A, 10)] },
    want: 'go',
  },
  {
    name: 'so do several, in any order',
    given: { tip: A, current: B, movedAt: NOW, hints: [hint(C, A, 10), hint(B, C, 20)] },
    want: 'go',
  },
  {
    name: 'not where the source came back to what is in use: the hook may be of the first time',
    given: { tip: A, current: B, movedAt: NOW, isReturn: true, hints: [hint(B, A, 10)] },
    want: 'askAgain',
  },
  {
    name: 'not one that starts elsewhere',
    given: { tip: A, current: B, movedAt: NOW, hints: [hint(C, A, 10)] },
    want: 'askAgain',
  },
  {
    name: 'a commit that was left longer than 30 s ago is as good as new',
    given: { tip: A, current: B, left: new Map([[A, NOW - 30_001]]) },
    want: 'go',
  },
];

describe('which tip is used', () => {
  for (const { name, given, want } of cases) {
    test(name, () => {
      const decision = decideTip({
        tip: A,
        current: A,
        left: new Map(),
        hints: [],
        namedSince: NOW,
        now: NOW,
        ...given,
      });

      assert.equal(decision.kind, want);
    });
  }

  test('asking again starts at 25 ms and grows to 2 s with the age of the hook', () => {
    const delays = [0, 100, 1_000, 20_000].map((age) => {
      const hints = [hint(A, B, age)];
      const decision = decideTip({ tip: A, current: A, left: new Map(), hints, namedSince: NOW, now: NOW });
      return decision.kind === 'askAgain' ? decision.afterMs : undefined;
    });

    assert.deepEqual(delays, [25, 50, 500, 2_000]);
  });
});

function hint(before: string, after: string, ageMs: number): Hint {
  return { ref: 'refs/heads/main', before, after, deliveryId: 'd', firstSeen: true, heardAt: NOW - ageMs };
}
