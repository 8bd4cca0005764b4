import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARTIFACT_LIMITS } from '../../../src/artifact/artifact-limits.ts';
import { createArtifactTree } from '../../../src/artifact/artifact-tree.ts';
import { createTreeBuilder } from '../../../src/artifact/tree-builder.ts';

const builder = createTreeBuilder(ARTIFACT_LIMITS);
const FILES = { 'top.txt': 'top', 'apps/one/a.txt': 'a', 'apps/two/b.txt': 'b', 'links/real': 'r' };
const LINKS = {
  'apps/one/up': '../two',
  'apps/one/up.txt': '../../top.txt',
  'apps/two/back': '../one/./up/b.txt',
  'links/out': '../../etc/passwd',
  'links/absolute': '/etc/passwd',
  'links/around': 'there',
  'links/there': 'around',
  'links/self': 'self/x',
  'links/dangling': 'nothing',
  'links/apps': '../apps',
  'links/outAndBack': '../../links/apps',
  'links/here': '.',
};
for (const [path, text] of Object.entries(FILES)) {
  builder.addFile(path, { content: Buffer.from(text), executable: path === 'links/real' });
}
for (const [path, target] of Object.entries(LINKS)) builder.addSymlink(path, target);
const tree = createArtifactTree(await builder.build());

const READABLE = [
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

for (const { path, want } of READABLE) {
  test(`the file ${path} of an artifact is found`, async () => {
    assert.equal((await tree.read(path)).toString(), want);
  });
}

const ABSENT = [
  'nothing',
  'top.txt/x',
  'top.txt/..',
  'apps/three/a.txt',
  '..',
  '../x',
  'apps/../../top.txt',
  'links/dangling',
  'links/dangling/x',
  'apps',
  '',
  './'.repeat(600),
];

for (const path of ABSENT) {
  test(`no file of an artifact is read at ${JSON.stringify(path.slice(0, 40))}`, async () => {
    await assert.rejects(tree.read(path), { code: 'TREE_PATH_NOT_FOUND' });
  });
}

const ESCAPING = [
  { path: 'links/out', link: 'links/out' },
  { path: 'links/absolute', link: 'links/absolute' },
  { path: 'links/around', link: 'links/' },
  { path: 'links/self', link: 'links/self' },
  { path: 'links/outAndBack/one/a.txt', link: 'links/outAndBack' },
  { path: 'links/apps/../../../x', link: 'links/apps' },
];

for (const { path, link } of ESCAPING) {
  test(`${path} of an artifact is refused, naming the link`, async () => {
    const refused = (error: Error & { code?: string }) =>
      error.code === 'TREE_LINK_ESCAPES' && error.message.includes(`'${link}`);

    await assert.rejects(tree.find(path), refused);
    await assert.rejects(tree.list(path), refused);
    await assert.rejects(tree.read(path), refused);
  });
}

test('a directory of an artifact is listed through a symlink, sorted by name', async () => {
  assert.deepEqual(
    (await tree.list('links/apps'))?.map(({ name, kind }) => [name, kind]),
    [
      ['one', 'directory'],
      ['two', 'directory'],
    ],
  );
});

test('what is no directory of an artifact has no list', async () => {
  assert.deepEqual(await Promise.all(['top.txt', 'nothing', '..', 'links/dangling'].map((path) => tree.list(path))), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('finding tells the kind, the mode and the id of what a path names, the root included', async () => {
  const [file] = (await tree.list('links'))?.filter(({ name }) => name === 'real') ?? [];

  assert.deepEqual(await tree.find(''), { kind: 'directory', id: tree.id, executable: false });
  assert.deepEqual(await tree.find('links/here/real'), { kind: 'file', id: file?.id, executable: true });
  assert.equal(await tree.find('links/dangling'), undefined);
});

test('a symlink of an artifact can be read itself, and only a symlink', async () => {
  assert.equal(await tree.readLink('links/out'), '../../etc/passwd');
  assert.equal(await tree.readLink('links/here/out'), '../../etc/passwd');
  await assert.rejects(tree.readLink('top.txt'), { code: 'TREE_PATH_NOT_FOUND' });
});
