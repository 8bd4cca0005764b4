import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeTree } from './make-tree.ts';

const tree = makeTree({
  'top.txt': 'top',
  apps: {
    one: { 'a.txt': 'a', up: { symlink: '../two' }, 'up.txt': { symlink: '../../top.txt' } },
    two: { 'b.txt': 'b', back: { symlink: '../one/./up/b.txt' } },
  },
  links: {
    out: { symlink: '../../etc/passwd' },
    absolute: { symlink: '/etc/passwd' },
    around: { symlink: 'there' },
    there: { symlink: 'around' },
    self: { symlink: 'self/x' },
    dangling: { symlink: 'nothing' },
    apps: { symlink: '../apps' },
    outAndBack: { symlink: '../../links/apps' },
    long: { symlink: 'x/'.repeat(600) },
    here: { symlink: '.' },
  },
});

const FILES = [
  { path: 'top.txt', want: 'top' },
  { path: './top.txt', want: 'top' },
  { path: '/apps//one/a.txt', want: 'a' },
  { path: 'apps/one/../two/b.txt', want: 'b' },
  { path: 'apps/one/up/b.txt', want: 'b' },
  { path: 'apps/one/up.txt', want: 'top' },
  { path: 'apps/two/back', want: 'b' },
  { path: 'links/apps/one/up/../one/a.txt', want: 'a' },
  { path: 'links/here/here/here/apps/one/a.txt', want: 'a' },
];

const ABSENT = [
  'nothing',
  'top.txt/x',
  'apps/three/a.txt',
  '..',
  '../x',
  'apps/../../top.txt',
  'links/dangling',
  'apps',
  '',
];

const ESCAPING = [
  { path: 'links/out', link: 'links/out' },
  { path: 'links/absolute', link: 'links/absolute' },
  { path: 'links/around', link: 'links/' },
  { path: 'links/self', link: 'links/self' },
  { path: 'links/outAndBack/one/a.txt', link: 'links/outAndBack' },
  { path: 'links/apps/../../../x', link: 'links/apps' },
  { path: 'links/long', link: 'links/long' },
];

for (const { path, want } of FILES) {
  test(`the file ${path} is found`, async () => {
    assert.equal((await tree.read(path)).toString(), want);
  });
}

for (const path of ABSENT) {
  test(`no file is read at ${JSON.stringify(path)}`, async () => {
    await assert.rejects(tree.read(path), { code: 'TREE_PATH_NOT_FOUND' });
  });
}

for (const { path, link } of ESCAPING) {
  test(`${path} is refused, naming the link`, async () => {
    const refused = (error: Error & { code?: string }) =>
      error.code === 'TREE_LINK_ESCAPES' && error.message.includes(`'${link}`);

    await assert.rejects(tree.find(path), refused);
    await assert.rejects(tree.list(path), refused);
  });
}

test('a directory is listed through a symlink, sorted by name', async () => {
  const entries = await tree.list('links/apps');

  assert.deepEqual(
    entries?.map(({ name, kind }) => [name, kind]),
    [
      ['one', 'directory'],
      ['two', 'directory'],
    ],
  );
});

test('what is no directory has no list', async () => {
  assert.deepEqual(
    [await tree.list('top.txt'), await tree.list('nothing'), await tree.list('..')],
    [undefined, undefined, undefined],
  );
});

test('a symlink itself can be read, and only a symlink', async () => {
  assert.equal(await tree.readLink('links/out'), '../../etc/passwd');
  await assert.rejects(tree.readLink('top.txt'), { code: 'TREE_PATH_NOT_FOUND' });
});

test('a path longer than 1,024 bytes is not looked up', async () => {
  await assert.rejects(tree.find('./'.repeat(600)), { code: 'TREE_PATH_NOT_FOUND' });
});
