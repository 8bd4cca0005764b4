import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedPrefixes } from '../../../src/git/changed-prefixes.ts';
import { makeTree } from './make-tree.ts';

const before = {
  apps: { one: { 'a.yaml': '1' }, two: { 'a.yaml': '1' }, file: 'x' },
  base: { 'a.yaml': '1' },
  linked: { link: '../base' },
};

const PREFIXES = ['', './', 'apps', 'apps/one', './apps/two/', 'apps/three', 'apps/file', 'base', 'linked'];

const CASES = [
  { name: 'nothing changed', after: before, want: [] },
  {
    name: 'a file of one directory',
    after: { ...before, apps: { ...before.apps, one: { 'a.yaml': '2' } } },
    want: ['', './', 'apps', 'apps/one'],
  },
  {
    name: 'a new directory',
    after: { ...before, apps: { ...before.apps, three: {} } },
    want: ['', './', 'apps', 'apps/three'],
  },
  {
    name: 'a directory that is gone',
    after: { base: before.base, linked: before.linked },
    want: ['', './', 'apps', 'apps/one', './apps/two/', 'apps/file'],
  },
  { name: 'a directory that became a file', after: { ...before, base: 'x' }, want: ['', './', 'base'] },
  { name: 'a file that nobody follows', after: { ...before, 'README.md': 'x' }, want: ['', './'] },
];

for (const { name, after, want } of CASES) {
  test(`changed prefixes: ${name}`, async () => {
    const changed = await changedPrefixes(makeTree(before), makeTree(after), PREFIXES);

    assert.deepEqual([...changed].sort(), [...want].sort());
  });
}

test('a prefix below a symlink changes with what the link leads to', async () => {
  const link = { symlink: 'base' };

  const changed = await changedPrefixes(
    makeTree({ link, base: { a: { x: '1' }, b: { x: '1' } } }),
    makeTree({ link, base: { a: { x: '2' }, b: { x: '1' } } }),
    ['link', 'link/a', 'link/b'],
  );

  assert.deepEqual([...changed].sort(), ['link', 'link/a']);
});
