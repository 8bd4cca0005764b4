import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findPlain, mountTrees, selectDirectories, toPlainPath } from '../../../src/git/layer-trees.ts';
import type { Tree } from '../../../src/model/tree.ts';
import { type Directory, makeTree } from './make-tree.ts';

const base = makeTree({ app: { 'a.yaml': 'a' }, deep: { er: { x: 'x' }, y: 'y' }, 'root.yaml': 'root' });

describe('trees are mounted into another one', () => {
  const cases: readonly { name: string; mounts: Record<string, [Directory, string]>; want: readonly string[] }[] = [
    { name: 'none', mounts: {}, want: ['app/a.yaml', 'deep/er/x', 'deep/y', 'root.yaml'] },
    {
      name: 'in the place of a directory',
      mounts: { app: [{ b: 'b' }, ''] },
      want: ['app/b', 'deep/er/x', 'deep/y', 'root.yaml'],
    },
    {
      name: 'below directories that are not there',
      mounts: { 'new/lib': [{ b: 'b' }, ''] },
      want: ['app/a.yaml', 'deep/er/x', 'deep/y', 'new/lib/b', 'root.yaml'],
    },
    {
      name: 'beside each other, and one in another',
      mounts: { 'deep/one': [{ b: { c: 'c' } }, ''], 'deep/one/two': [{ x: { d: 'd' } }, 'x'] },
      want: ['app/a.yaml', 'deep/er/x', 'deep/one/b/c', 'deep/one/two/d', 'deep/y', 'root.yaml'],
    },
  ];
  for (const { name, mounts, want } of cases) {
    test(name, async () => {
      const tree = await mount(base, mounts);

      assert.deepEqual(await listFiles(tree), want);
      for (const path of want) assert.equal(String(await tree.read(path)), path.split('/').at(-1)?.split('.')[0]);
    });
  }

  test('ids follow the content, and nothing else', async () => {
    const first = await mount(base, { 'new/lib': [{ b: 'b' }, ''] });
    const same = await mount(base, { 'new/lib': [{ x: { b: 'b' } }, 'x'] });
    const other = await mount(base, { 'new/lib': [{ b: 'c' }, ''] });

    assert.equal(first.id, same.id);
    assert.notEqual(first.id, other.id);
    assert.notEqual((await first.find('new'))?.id, (await other.find('new'))?.id);
    assert.equal((await first.find('deep'))?.id, (await base.find('deep'))?.id);
  });

  test('symlinks lead through the whole, and not out of it', async () => {
    const linked = makeTree({ app: { lib: { symlink: '../new/lib/b' } } });
    const tree = await mount(linked, {
      'new/lib': [{ b: 'b', up: { symlink: '../../app' }, out: { symlink: '../../../x' } }, ''],
    });

    assert.equal(String(await tree.read('app/lib')), 'b');
    assert.equal(await tree.readLink('new/lib/up'), '../../app');
    assert.equal(String(await tree.read('new/lib/up/lib')), 'b');
    await assert.rejects(tree.read('new/lib/out'), /leads out/);
  });
});

describe('directories are selected from a tree', () => {
  const cases = [
    { name: 'one', directories: ['app'], want: ['app/a.yaml'] },
    { name: 'a deep one, without its neighbours', directories: ['deep/er'], want: ['deep/er/x'] },
    { name: 'one and one in it', directories: ['deep', 'deep/er'], want: ['deep/er/x', 'deep/y'] },
    { name: 'a name is not a prefix', directories: ['ap'], want: [] },
  ];
  for (const { name, directories, want } of cases) {
    test(name, async () => {
      assert.deepEqual(await listFiles(selectDirectories(base, directories)), want);
    });
  }

  test('a symlink does not reach what is left out', async () => {
    const linked = makeTree({ app: { x: { symlink: '../secret/s' } }, secret: { s: 's' } });
    const tree = selectDirectories(linked, ['app']);

    assert.equal(await tree.find('app/x'), undefined);
    assert.equal(await tree.find('secret'), undefined);
    assert.notEqual(tree.id, linked.id);
    assert.equal((await tree.find('app'))?.id, (await linked.find('app'))?.id);
  });
});

test('nothing is found through a symlink where plain names are wanted', async () => {
  const tree = makeTree({ dir: { x: 'x' }, link: { symlink: 'dir' } });

  assert.equal((await findPlain(tree, 'dir/x'))?.kind, 'file');
  assert.equal((await findPlain(tree, 'link'))?.kind, 'symlink');
  assert.equal(await findPlain(tree, 'link/x'), undefined);
  assert.equal(await findPlain(tree, 'dir/x/y'), undefined);
});

describe('a path is made plain', () => {
  const cases = [
    { text: './a//b/', want: 'a/b' },
    { text: './', want: '' },
    { text: '/a', want: 'a' },
    { text: '../a', want: undefined },
    { text: 'a/../b', want: undefined },
    { text: 'a\0b', want: undefined },
    { text: 'a'.repeat(1025), want: undefined },
  ];
  for (const { text, want } of cases) {
    test(JSON.stringify(text.slice(0, 20)), () => assert.equal(toPlainPath(text), want));
  }
});

async function mount(onto: Tree, mounts: Readonly<Record<string, readonly [Directory, string]>>): Promise<Tree> {
  const made = Object.entries(mounts).map(async ([path, [directory, from]]) => {
    const tree = makeTree(directory);
    return { path, tree, from, id: (await tree.find(from))?.id ?? '' };
  });
  return mountTrees(onto, await Promise.all(made));
}

async function listFiles(tree: Tree, directory = ''): Promise<string[]> {
  const found: string[] = [];
  for (const { name, kind } of (await tree.list(directory)) ?? []) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (kind === 'directory') found.push(...(await listFiles(tree, path)));
    else found.push(path);
  }
  return found;
}
