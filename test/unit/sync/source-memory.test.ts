import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import { currentOf, memoryOf, moveTo, noteAnswer } from '../../../src/sync/source-memory.ts';

const hint = { ref: 'refs/heads/main', deliveryId: 'd', firstSeen: true, heardAt: 0 };

describe('what is remembered of a source', () => {
  test('the commit that was current is left, and so is what processed hooks named as before', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, 'a', { before: undefined, hints: [], now: 0 });

    moveTo(memory, 'c', { before: 'a', hints: [{ ...hint, before: 'b', after: 'c' }], now: 1 });

    assert.equal(memory.unpublished, 'c');
    assert.deepEqual([...memory.left.keys()].sort(), ['a', 'b']);
  });

  test('a commit that is returned to is not left any more', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, 'b', { before: 'a', hints: [], now: 0 });
    moveTo(memory, 'a', { before: 'b', hints: [], now: 0 });

    assert.deepEqual([...memory.left.keys()], ['b']);
  });

  test('commits left long ago are forgotten', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, 'a', { before: undefined, hints: [], now: 0 });
    moveTo(memory, 'b', { before: 'a', hints: [], now: 1 });

    moveTo(memory, 'c', { before: 'b', hints: [], now: 60_000 });

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

describe('the tip that a source follows', () => {
  const sha = 'f'.repeat(40);
  const source = (revision: string) =>
    ({ spec: { ref: { branch: 'main' } }, status: { artifact: { revision } } }) as unknown as GitRepository;

  test('is what the status says, whoever wrote it', () => {
    assert.equal(currentOf(memoryOf(new Map(), 'uid'), source(`main@sha1:${sha}`)), sha);
  });

  test('is what this process has moved to, until the status says so', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, 'new', { before: sha, hints: [], now: 0 });

    assert.equal(currentOf(memory, source(`main@sha1:${sha}`)), 'new');
  });

  test('is unknown after the branch was changed', () => {
    assert.equal(currentOf(memoryOf(new Map(), 'uid'), source(`dev@sha1:${sha}`)), undefined);
  });
});
