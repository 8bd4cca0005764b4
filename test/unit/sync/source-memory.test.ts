import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toFollowedReference } from '../../../src/model/followed-reference.ts';
import type { GitReference, GitRepository } from '../../../src/model/git-repository.ts';
import {
  currentOf,
  deployedOf,
  listPassed,
  memoryOf,
  moveTo,
  noteAnswer,
  noteTip,
  startFollowing,
} from '../../../src/sync/source-memory.ts';

const at = (sha: string) => ({ ref: 'main', sha });
const hint = { ref: 'refs/heads/main', deliveryId: 'd', firstSeen: true, heardAt: 0 };

describe('what is remembered of a source', () => {
  test('the commit that was current is left, and so is what processed hooks named as before', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, at('a'), { before: undefined, hints: [], now: 0 });

    moveTo(memory, at('c'), { before: 'a', hints: [{ ...hint, before: 'b', after: 'c' }], now: 1 });

    assert.deepEqual(memory.unpublished, at('c'));
    assert.deepEqual([...memory.left.keys()].sort(), ['a', 'b']);
  });

  test('a commit that is returned to is not left any more', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, at('b'), { before: 'a', hints: [], now: 0 });
    moveTo(memory, at('a'), { before: 'b', hints: [], now: 0 });

    assert.deepEqual([...memory.left.keys()], ['b']);
  });

  test('commits left long ago are forgotten', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, at('a'), { before: undefined, hints: [], now: 0 });
    moveTo(memory, at('b'), { before: 'a', hints: [], now: 1 });

    moveTo(memory, at('c'), { before: 'b', hints: [], now: 60_000 });

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

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

const BELONGS: readonly { name: string; ref: GitReference; revision: string; want: boolean }[] = [
  { name: 'a branch', ref: { branch: 'main' }, revision: `main@sha1:${A}`, want: true },
  { name: 'a branch in the legacy form', ref: { branch: 'main' }, revision: `main/${A}`, want: true },
  { name: 'another branch', ref: { branch: 'main' }, revision: `dev@sha1:${A}`, want: false },
  { name: 'no ref', ref: {}, revision: `master@sha1:${A}`, want: true },
  { name: 'empty fields', ref: { branch: '', tag: '', commit: '' }, revision: `master@sha1:${A}`, want: true },
  { name: 'a tag', ref: { tag: 'v1' }, revision: `v1@sha1:${A}`, want: true },
  { name: 'a name', ref: { name: 'refs/pull/1/head' }, revision: `refs/pull/1/head@sha1:${A}`, want: true },
  { name: 'versions', ref: { semver: '1.x' }, revision: `v1.2.3@sha1:${A}`, want: true },
  { name: 'versions that left the range', ref: { semver: '2.x' }, revision: `v1.2.3@sha1:${A}`, want: false },
  { name: 'a commit', ref: { commit: A }, revision: `sha1:${A}`, want: true },
  { name: 'a commit of a branch', ref: { commit: A, branch: 'main' }, revision: `main@sha1:${A}`, want: true },
  { name: 'another commit', ref: { commit: B }, revision: `sha1:${A}`, want: false },
];

describe('the tip that a source has come to', () => {
  for (const { name, ref, revision, want } of BELONGS) {
    test(`is ${want ? '' : 'not '}what the status says of ${name}`, () => {
      assert.equal(currentOf(memoryOf(new Map(), 'uid'), makeSource(ref, revision))?.sha, want ? A : undefined);
    });
  }

  test('is what this process has moved to, until the status says so', () => {
    const memory = memoryOf(new Map(), 'uid');
    moveTo(memory, at(B), { before: A, hints: [], now: 0 });

    assert.deepEqual(currentOf(memory, makeSource({ branch: 'main' }, `main@sha1:${A}`)), at(B));
  });

  test('is unknown after the spec was changed, while what is deployed stays known', () => {
    const memory = memoryOf(new Map(), 'uid');
    const source = makeSource({ tag: 'v2' }, `main@sha1:${A}`);

    assert.equal(currentOf(memory, source), undefined);
    assert.deepEqual(deployedOf(memory, source), at(A));
  });
});

describe('what is remembered of the refs', () => {
  test('begins anew when the source follows something else, and not before', () => {
    const memory = memoryOf(new Map(), 'uid');
    const startWith = (ref: GitReference) => startFollowing(memory, toFollowedReference(ref));
    startWith({ branch: 'main' });
    moveTo(memory, at(B), { before: A, hints: [], now: 0 });
    noteAnswer(memory, B, 0);
    startWith({ branch: 'main' });
    assert.deepEqual([...memory.left.keys()], [A]);

    startWith({ tag: 'v1' });

    assert.deepEqual([...memory.left.keys()], []);
    assert.equal(memory.named, undefined);
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

function makeSource(ref: GitReference, revision: string): GitRepository {
  return { spec: { ref }, status: { artifact: { revision } } } as unknown as GitRepository;
}
