import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memoryOf, moveTo, noteAnswer } from '../../../src/sync/source-memory.ts';

const hint = { ref: 'refs/heads/main', deliveryId: 'd', firstSeen: true, heardAt: 0 };

describe('what is remembered of a source', () => {
  test('the commit that was current is left, and so is what processed hooks named as before', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, 'a', { hints: [], now: 0 });

    moveTo(memory, 'c', { hints: [{ ...hint, before: 'b', after: 'c' }], now: 1 });

    assert.equal(memory.current, 'c');
    assert.deepEqual([...memory.left.keys()].sort(), ['a', 'b']);
  });

  test('a commit that is returned to is not left any more', () => {
    const memory = memoryOf(new Map(), 'uid');
    for (const tip of ['a', 'b', 'a']) moveTo(memory, tip, { hints: [], now: 0 });

    assert.deepEqual([...memory.left.keys()], ['b']);
  });

  test('commits left long ago are forgotten', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, 'a', { hints: [], now: 0 });
    moveTo(memory, 'b', { hints: [], now: 1 });

    moveTo(memory, 'c', { hints: [], now: 60_000 });

    assert.deepEqual([...memory.left.keys()], ['b']);
  });

  test('an answer counts from when it was first given without another in between', () => {
    const memory = memoryOf(new Map(), 'uid');

    const since = [
      noteAnswer(memory, 'a', 1),
      noteAnswer(memory, 'a', 2),
      noteAnswer(memory, 'b', 3),
      noteAnswer(memory, 'a', 4),
    ];

    assert.deepEqual(since, [1, 1, 3, 4]);
  });
});
