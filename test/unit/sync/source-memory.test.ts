import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memoryOf, noteAnswer, noteTip } from '../../../src/sync/source-memory.ts';

const A = 'a'.repeat(40);

describe('what a process remembers of a source', () => {
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

  test('holds the newest hundred tag objects', () => {
    const memory = memoryOf(new Map(), 'uid');
    for (let index = 0; index < 150; index++) {
      noteTip(memory, { ref: 'v1', fullRef: 'refs/tags/v1', sha: A, object: `object ${index}` });
    }
    noteTip(memory, { ref: 'v1', fullRef: 'refs/tags/v1', sha: A, object: A });

    assert.equal(memory.peeled.size, 100);
    assert.equal(memory.peeled.get('object 149'), A);
    assert.ok(!memory.peeled.has(A), 'a commit is no tag object');
  });
});
