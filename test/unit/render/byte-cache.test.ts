import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createByteCache } from '../../../src/render/byte-cache.ts';

test('the least recently used values leave when the bytes exceed the bound', () => {
  const cache = createByteCache<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 4);
  cache.get('a');

  cache.set('c', 'C', 4);

  assert.deepEqual(['a', 'b', 'c'].map(cache.get), ['A', undefined, 'C']);
});

test('a value larger than the bound is not kept and pushes nothing out', () => {
  const cache = createByteCache<string>(10);
  cache.set('a', 'A', 4);

  cache.set('b', 'B', 11);

  assert.deepEqual(['a', 'b'].map(cache.get), ['A', undefined]);
});

test('replacing a value counts its bytes once', () => {
  const cache = createByteCache<string>(10);
  cache.set('a', 'A', 4);
  cache.set('b', 'B', 6);

  cache.set('b', 'B2', 6);

  assert.deepEqual(['a', 'b'].map(cache.get), ['A', 'B2']);
});
