import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toFollowedReference } from '../../../src/model/followed-reference.ts';
import type { GitReference, GitRepository } from '../../../src/model/git-repository.ts';
import type { Hint } from '../../../src/model/push.ts';
import {
  findStanding,
  formatCursor,
  noteLeft,
  parseCursor,
  type SourceCursor,
  toCursor,
} from '../../../src/sync/source-cursor.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const C = 'c'.repeat(40);
const MAIN = toFollowedReference({ branch: 'main' });
const NOW = 100_000;

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
      assert.equal(
        findStanding(makeSource(ref, revision), toFollowedReference(ref), undefined).current?.sha,
        want ? A : undefined,
      );
    });
  }
});

describe('the cursor of a source', () => {
  test('is read as it was written', () => {
    const cursor = walk([A], [B]);

    assert.deepEqual(parseCursor(formatCursor(cursor), 'uid'), cursor);
  });

  test('counts for nothing where it is of a deleted object, or cannot be read', () => {
    assert.equal(parseCursor(formatCursor(walk([A])), 'another'), undefined);
    assert.equal(parseCursor('{', 'uid'), undefined);
    assert.equal(parseCursor(undefined, 'uid'), undefined);
  });

  test('leaves the tip that it moves from, and what hooks told that the ref had passed', () => {
    const cursor = walk([A], [C, [hint(B, C)]]);

    assert.deepEqual([...cursor.left.keys()].sort(), [A, B]);
    assert.equal(cursor.isReturn, false);
  });

  test('has not left the commit that it came back to', () => {
    const cursor = walk([A], [B], [A]);

    assert.deepEqual([...cursor.left.keys()], [B]);
    assert.equal(cursor.isReturn, true);
  });

  test('keeps when it moved, and how, while it stays', () => {
    const moved = walk([A], [B], [A]);
    const standing = findStanding(makeSource(), MAIN, formatCursor(moved));
    const next = { source: makeSource(), followed: MAIN, tip: toTip(A), now: NOW + 5_000 };

    assert.deepEqual(toCursor(standing, next), moved);
  });

  test('forgets after 30 s what was left', () => {
    const standing = findStanding(makeSource(), MAIN, formatCursor(walk([A], [B])));
    const next = { source: makeSource(), followed: MAIN, tip: toTip(B), now: NOW + 31_000 };

    assert.deepEqual([...toCursor(standing, next).left], []);
  });

  test('says nothing about the order in another ref, but what was asked for', () => {
    const text = formatCursor({ ...walk([A], [B]), asked: B });
    const followed = toFollowedReference({ tag: 'v1' });

    const standing = findStanding(makeSource(), followed, text);

    assert.deepEqual(
      [standing.current, standing.movedAt, [...standing.left], standing.asked],
      [undefined, undefined, [], B],
    );
  });

  test('is replaced by the status where Redis has lost it, whose time is in whole seconds', () => {
    const source = makeSource({ branch: 'main' }, `main@sha1:${A}`, '1970-01-01T00:00:05Z');

    const { current, asked, movedAt, isStored } = findStanding(source, MAIN, undefined);

    assert.deepEqual([current?.sha, asked, movedAt, isStored], [A, A, 6_000, false]);
  });
});

/** Moves from one tip to the next, each with what hooks told. */
function walk(...moves: readonly (readonly [sha: string, hints?: readonly Hint[]])[]): SourceCursor {
  const source = makeSource();
  let text: string | undefined;
  for (const [sha, hints = []] of moves) {
    const standing = findStanding(source, MAIN, text);
    const left = noteLeft(standing.left, { tip: sha, hints, now: NOW });
    text = formatCursor(toCursor({ ...standing, left }, { source, followed: MAIN, tip: toTip(sha), now: NOW }));
  }
  return parseCursor(text, 'uid') ?? assert.fail('no cursor');
}

function toTip(sha: string) {
  return { ref: 'main', sha, fullRef: 'refs/heads/main', object: sha };
}

function hint(before: string, after: string): Hint {
  return { ref: 'refs/heads/main', before, after, deliveryId: 'd', firstSeen: true, heardAt: 0 };
}

function makeSource(ref: GitReference = {}, revision?: string, lastUpdateTime?: string): GitRepository {
  const status = revision === undefined ? {} : { artifact: { revision, lastUpdateTime } };
  return { metadata: { uid: 'uid' }, spec: { ref }, status } as unknown as GitRepository;
}
