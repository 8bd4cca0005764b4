import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import { currentOf, listPassed, memoryOf, moveTo, noteAnswer } from '../../../src/sync/source-memory.ts';

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
