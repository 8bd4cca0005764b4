import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ARTIFACT_LIMITS, type ArtifactLimits } from '../../../src/artifact/artifact-limits.ts';
import { createArtifactTree } from '../../../src/artifact/artifact-tree.ts';
import { readTarball } from '../../../src/artifact/read-tarball.ts';
import type { Tree } from '../../../src/model/tree.ts';
import { makePax, makeTar, makeTarball, type RawEntry } from './make-tarball.ts';

const MIB = 1024 * 1024;
const LONG = `${'long/'.repeat(60)}end.yaml`;
const never = new AbortController().signal;

async function unpack(tarball: Buffer, limits: Partial<ArtifactLimits> = {}): Promise<Tree> {
  const { root } = await readTarball([tarball], { ...ARTIFACT_LIMITS, ...limits }, never);
  return createArtifactTree(root);
}

/** Every path of a tree: a file's text (with `*` if it is executable), or `→` and a symlink's target. */
async function flatten(tree: Tree, directory = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, kind, executable } of (await tree.list(directory)) ?? []) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (kind === 'symlink') found[path] = `→${await tree.readLink(path)}`;
    else if (kind === 'file') found[path] = `${executable ? '*' : ''}${await tree.read(path)}`;
    else Object.assign(found, { [`${path}/`]: '' }, await flatten(tree, path));
  }
  return found;
}

const READ: readonly { name: string; given: readonly RawEntry[]; want: Record<string, string> }[] = [
  {
    name: 'files, with the one bit of their mode that counts',
    given: [
      { name: 'a.yaml', body: 'a' },
      { name: 'run', body: 'b', mode: 0o700 },
      { name: 'old', flag: '\0', body: 'c' },
      { name: 'contiguous', flag: '7', body: 'd' },
    ],
    want: { 'a.yaml': 'a', contiguous: 'd', old: 'c', run: '*b' },
  },
  {
    name: 'directories, listed or implied, empty or not',
    given: [
      { name: 'empty/', flag: '5' },
      { name: 'a/b/c.yaml', body: 'c' },
      { name: 'a/', flag: '5' },
      { name: 'a', flag: '5' },
    ],
    want: { 'empty/': '', 'a/': '', 'a/b/': '', 'a/b/c.yaml': 'c' },
  },
  {
    name: 'paths with dots and slashes that mean nothing',
    given: [
      { name: './', flag: '5' },
      { name: './a//b/./c', body: 'c' },
    ],
    want: { 'a/': '', 'a/b/': '', 'a/b/c': 'c' },
  },
  {
    name: 'the last one of two files with one name',
    given: [
      { name: 'a', body: 'first', mode: 0o700 },
      { name: './a', body: 'last' },
    ],
    want: { a: 'last' },
  },
  {
    name: 'symlinks as they are, wherever they point',
    given: [
      { name: 'in', flag: '2', target: 'a' },
      { name: 'out', flag: '2', target: '/etc/passwd' },
      { name: 'a', body: 'x' },
    ],
    want: { in: '→a', out: '→/etc/passwd', a: 'x' },
  },
  {
    name: 'hard links as what they name',
    given: [
      { name: 'd/a', body: 'x', mode: 0o700 },
      { name: 'b', flag: '1', target: './d/a' },
    ],
    want: { 'd/': '', 'd/a': '*x', b: '*x' },
  },
  {
    name: 'long names in the way of PAX, and its global headers',
    given: [
      { name: 'pax_global_header', flag: 'g', body: '52 comment=0123456789012345678901234567890123456789\n' },
      makePax({ path: `päx/${'n'.repeat(200)}` }),
      { name: 'short', body: 'x' },
      makePax({ linkpath: LONG }),
      { name: 'link', flag: '2', target: 'short' },
    ],
    want: { 'päx/': '', [`päx/${'n'.repeat(200)}`]: 'x', link: `→${LONG}` },
  },
  {
    name: 'long names in the way of GNU',
    given: [
      { name: '././@LongLink', flag: 'L', body: `${'n'.repeat(150)}\0` },
      { name: 'short', body: 'x' },
      { name: '././@LongLink', flag: 'K', body: `${LONG}\0` },
      { name: 'link', flag: '2', target: 'short' },
    ],
    want: { ['n'.repeat(150)]: 'x', link: `→${LONG}` },
  },
  {
    name: 'names that mean something to JavaScript',
    given: [
      { name: '__proto__/constructor', body: 'x' },
      { name: 'toString', body: 'y' },
    ],
    want: Object.fromEntries([
      ['__proto__/', ''],
      ['__proto__/constructor', 'x'],
      ['toString', 'y'],
    ]),
  },
  { name: 'an archive without entries', given: [], want: {} },
];

for (const { name, given, want } of READ) {
  test(`a tarball is read back: ${name}`, async () => {
    assert.deepEqual(await flatten(await unpack(makeTarball(given))), want);
  });
}

const file = { name: 'a', body: 'x' };
const deepPath = (depth: number) => `${'d/'.repeat(depth - 1)}f`;
const deep = (depth: number) => [makePax({ path: deepPath(depth) }), file];
const many = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `f${index}` }));

const REFUSED: readonly {
  name: string;
  given: readonly RawEntry[];
  limits?: Partial<ArtifactLimits>;
  want: RegExp;
}[] = [
  { name: 'a path that climbs out', given: [{ name: '../a', body: 'x' }], want: /"\.\.\/a" leads out of it/ },
  { name: 'a path that climbs and returns', given: [{ name: 'a/../b', body: 'x' }], want: /leads out of it/ },
  { name: 'an absolute path', given: [{ name: '/etc/passwd', body: 'x' }], want: /"\/etc\/passwd" leads out of it/ },
  { name: 'a directory outside', given: [{ name: '../', flag: '5' }], want: /leads out of it/ },
  { name: 'a symlink outside', given: [{ name: '../a', flag: '2', target: 'b' }], want: /leads out of it/ },
  {
    name: 'a path that climbs out by a PAX header',
    given: [makePax({ path: '../../a' }), file],
    want: /leads out of it/,
  },
  {
    name: 'a file below a symlink',
    given: [
      { name: 'link', flag: '2', target: '/tmp' },
      { name: 'link/a', body: 'x' },
    ],
    want: /"link\/a" goes through "link", which is a symlink/,
  },
  { name: 'a file below a file', given: [file, { name: 'a/b', body: 'x' }], want: /goes through "a", which is a file/ },
  {
    name: 'a file in the place of a directory',
    given: [{ name: 'a/b' }, { name: 'a' }],
    want: /"a" is both a directory and a file/,
  },
  { name: 'a directory in the place of a file', given: [file, { name: 'a/', flag: '5' }], want: /which is a file/ },
  { name: 'a root that is a file', given: [{ name: '.', body: 'x' }], want: /its root is a file/ },
  { name: 'a hard link to nothing', given: [{ name: 'b', flag: '1', target: 'a' }], want: /"b" has no file "a"/ },
  { name: 'a hard link outside', given: [{ name: 'b', flag: '1', target: '../a' }], want: /"\.\.\/a" leads out/ },
  {
    name: 'a hard link to a directory',
    given: [
      { name: 'd/', flag: '5' },
      { name: 'b', flag: '1', target: 'd' },
    ],
    want: /has no file "d"/,
  },
  { name: 'a symlink to nothing', given: [{ name: 'b', flag: '2' }], want: /"b" points nowhere/ },
  { name: 'a character device', given: [{ name: 'null', flag: '3' }], want: /"null" is a character-device/ },
  { name: 'a block device', given: [{ name: 'sda', flag: '4' }], want: /"sda" is a block-device/ },
  { name: 'a named pipe', given: [{ name: 'pipe', flag: '6' }], want: /"pipe" is a fifo/ },
  { name: 'an entry of no known type', given: [{ name: 'x', flag: 'S' }], want: /is a file of an unknown type/ },
  { name: 'a sparse file', given: [makePax({ 'GNU.sparse.major': '1' }), file], want: /"a" is a sparse file/ },
  { name: 'a zero byte in a name', given: [makePax({ path: 'a\0b' }), file], want: /holds a zero byte/ },
  { name: 'a name that is not UTF-8', given: [makePax({ path: 'a\ufffd' }), file], want: /is not UTF-8/ },
  { name: 'a name of 256 bytes', given: [makePax({ path: 'n'.repeat(256) }), file], want: /longer than 255 bytes/ },
  { name: 'a path of 1,025 bytes', given: [makePax({ path: 'nnnn/'.repeat(205) }), file], want: /than 1024 bytes/ },
  {
    name: 'a symlink of 1,025 bytes',
    given: [makePax({ linkpath: 'nnnn/'.repeat(205) }), { name: 'l', flag: '2' }],
    want: /link "l" is longer than 1024 bytes/,
  },
  { name: 'a path of 65 names', given: deep(65), want: /more than 64 levels deep/ },
  { name: 'more entries than the bound', given: many(4), limits: { entries: 3 }, want: /more than 3 entries/ },
  { name: 'more implied directories than the bound', given: deep(4), limits: { entries: 3 }, want: /than 3 entries/ },
  {
    name: 'one name, more often than the bound',
    given: [file, file, file],
    limits: { entries: 2 },
    want: /than 2 entries/,
  },
  { name: 'a file over its bound', given: [file], limits: { objectBytes: 0 }, want: /"a" is larger than 0 bytes/ },
  {
    name: 'a size that lies about the bound',
    given: [{ ...file, size: 65 * MIB }],
    want: /"a" is larger than 67108864 bytes/,
  },
  {
    name: 'a size by a PAX header that lies about the bound',
    given: [makePax({ size: '9007199254740993' }), file],
    want: /"a" is larger/,
  },
  { name: 'a size that is no number', given: [makePax({ size: 'many' }), file], want: /damaged \(Invalid header\)/ },
  { name: 'a negative size', given: [makePax({ size: '-1' }), file], want: /damaged \(Invalid header\)/ },
  { name: 'a size beyond the end', given: [{ ...file, size: 9_000 }], want: /damaged \(Unexpected end of data\)/ },
  { name: 'a size that ends early', given: [{ name: 'a', body: 'x'.repeat(2_000), size: 9 }], want: /it is damaged/ },
];

for (const { name, given, limits, want } of REFUSED) {
  test(`a tarball is refused for ${name}`, async () => {
    await assert.rejects(unpack(makeTarball(given), limits), { code: 'ARTIFACT_INVALID', message: want });
  });
}

const DAMAGED: readonly { name: string; given: Buffer; want: RegExp }[] = [
  { name: 'nothing', given: Buffer.alloc(0), want: /unexpected end of file/ },
  { name: 'an empty gzip file', given: gzipSync(''), want: /nothing in it/ },
  { name: 'a text', given: Buffer.from('<html>not found</html>'), want: /damaged \(incorrect header check\)/ },
  { name: 'a tar that is not compressed', given: makeTar([file]), want: /damaged \(incorrect header check\)/ },
  { name: 'a gzip file that is no tar', given: gzipSync('x'.repeat(2_000)), want: /damaged \(Invalid tar header/ },
  { name: 'a tarball that is cut short', given: makeTarball([file]).subarray(0, -12), want: /unexpected end of file/ },
  {
    name: 'a tar that is cut short',
    given: gzipSync(makeTar([file]).subarray(0, 600)),
    want: /Unexpected end of data/,
  },
];

for (const { name, given, want } of DAMAGED) {
  test(`${name} is no tarball`, async () => {
    await assert.rejects(unpack(given), { code: 'ARTIFACT_INVALID', message: want });
  });
}

test('a bomb is refused once it exceeds the bound, wherever its bytes are', async () => {
  const limits = { inflatedBytes: 8 * MIB };
  const zeros = Buffer.alloc(64 * MIB);

  const inFile = makeTarball([{ name: 'a', body: zeros.subarray(0, 60 * MIB) }]);
  const behindEnd = gzipSync(Buffer.concat([makeTar([file]), zeros]));

  for (const bomb of [inFile, behindEnd]) {
    await assert.rejects(unpack(bomb, limits), {
      code: 'ARTIFACT_INVALID',
      message: /larger than 8388608 bytes when inflated/,
    });
  }
});

test('what lies exactly at the bounds is read', async () => {
  const tar = makeTar([...deep(64), { name: 'g', body: 'xy' }]);

  const tree = await unpack(gzipSync(tar), { entries: 65, objectBytes: 2, inflatedBytes: tar.length, depth: 64 });

  assert.equal(String(await tree.read(deepPath(64))), 'x');
});

test('an abort ends unpacking with its reason', async () => {
  const reason = new Error('shutdown');

  const unpacking = readTarball([makeTarball([file])], ARTIFACT_LIMITS, AbortSignal.abort(reason));

  await assert.rejects(unpacking, reason);
});

test('ids tell content: equal for equal content wherever it lies, and different for everything else', async () => {
  const idOf = async (entries: readonly RawEntry[]) => (await unpack(makeTarball(entries))).id;
  const one = { name: 'a', body: 'x' };
  const other = { name: 'b', body: 'y' };
  const base = await idOf([one, other]);

  assert.equal(await idOf([other, one]), base);
  assert.equal(
    await idOf([
      { ...one, mode: 0o644 },
      { ...other, name: './b' },
    ]),
    base,
  );
  const changed = await Promise.all([
    idOf([one]),
    idOf([one, { ...other, body: 'z' }]),
    idOf([one, { ...other, name: 'c' }]),
    idOf([one, { ...other, mode: 0o700 }]),
    idOf([one, { name: 'b', flag: '2', target: 'y' }]),
    idOf([one, { name: 'b/y', body: '' }]),
    idOf([one, other, { name: 'empty/', flag: '5' }]),
  ]);
  assert.equal(new Set([...changed, base]).size, changed.length + 1);
});

test('an unchanged directory and an unchanged file keep their ids when something else changes', async () => {
  const before = await unpack(makeTarball([{ name: 'apps/a', body: 'a' }, file]));
  const after = await unpack(
    makeTarball([
      { name: 'apps/a', body: 'a' },
      { name: 'apps2/b', flag: '5' },
    ]),
  );

  assert.notEqual(after.id, before.id);
  assert.deepEqual(await after.find('apps'), await before.find('apps'));
  assert.deepEqual(await after.find('apps/a'), await before.find('apps/a'));
});
