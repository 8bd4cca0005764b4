import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listPassed } from '../../../src/sync/list-passed.ts';

const hint = { ref: 'refs/heads/main', deliveryId: 'd', firstSeen: true, heardAt: 0 };

const PASSED = [
  { name: 'nothing without hooks', hooks: [], left: [], want: [] },
  { name: 'what a hook names before the tip', hooks: ['a>b', 'b>c'], left: [], want: ['a', 'b'] },
  { name: 'the same when the older hook comes last', hooks: ['b>c', 'a>b'], left: [], want: ['a', 'b'] },
  { name: 'what came before a commit that was left', hooks: ['a>b'], left: ['b'], want: ['a'] },
  { name: 'not what a hook announces', hooks: ['c>d', 'd>e'], left: [], want: [] },
  { name: 'not the tip after a rollback to it', hooks: ['c>d', 'd>c'], left: [], want: ['d'] },
  { name: 'not what a redelivery says', hooks: ['b>c'], redelivered: true, left: [], want: [] },
];

describe('the commits that a ref on c has passed', () => {
  for (const { name, hooks, left, redelivered = false, want } of PASSED) {
    test(`are ${name}`, () => {
      const hints = hooks.map((hook) => {
        const [before = '', after = ''] = hook.split('>');
        return { ...hint, before, after, firstSeen: !redelivered };
      });

      const passed = listPassed('c', hints, new Map(left.map((sha) => [sha, 0])));

      assert.deepEqual(passed.sort(), want);
    });
  }
});
