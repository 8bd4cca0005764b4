import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTreeCache, type TreeCache } from '../../../src/artifact/create-tree-cache.ts';
import type { Tree } from '../../../src/model/tree.ts';

const TREES = Object.fromEntries(['a', 'b', 'c'].map((id) => [id, { id } as Tree]));

const CASES: readonly { name: string; given: (cache: TreeCache) => void; want: string }[] = [
  { name: 'keeps what fits', given: (cache) => fill(cache, ['a', 5], ['b', 5]), want: 'ab' },
  {
    name: 'drops the oldest for what does not fit',
    given: (cache) => fill(cache, ['a', 5], ['b', 5], ['c', 1]),
    want: 'bc',
  },
  {
    name: 'keeps what was used last',
    given: (cache) => {
      fill(cache, ['a', 5], ['b', 5]);
      cache.get('a');
      fill(cache, ['c', 5]);
    },
    want: 'ac',
  },
  { name: 'never holds what is larger than itself', given: (cache) => fill(cache, ['a', 5], ['b', 11]), want: 'a' },
  { name: 'counts what was replaced once', given: (cache) => fill(cache, ['a', 5], ['b', 4], ['a', 6]), want: 'ab' },
  { name: 'drops several for a large one', given: (cache) => fill(cache, ['a', 5], ['b', 5], ['c', 10]), want: 'c' },
  {
    name: 'starts anew when it is cleared',
    given: (cache) => {
      fill(cache, ['a', 9]);
      cache.clear();
      fill(cache, ['b', 5], ['c', 5]);
    },
    want: 'bc',
  },
];

function fill(cache: TreeCache, ...trees: readonly [id: string, bytes: number][]): void {
  for (const [id, bytes] of trees) cache.set(id, TREES[id]!, bytes);
}

for (const { name, given, want } of CASES) {
  test(`the cache of artifacts ${name}`, () => {
    const cache = createTreeCache(10);

    given(cache);

    assert.equal(
      Object.keys(TREES)
        .filter((id) => cache.get(id) === TREES[id])
        .join(''),
      want,
    );
  });
}
