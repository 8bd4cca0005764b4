import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTree } from '../../../src/git/parse-tree.ts';

const ID = 'a'.repeat(40);

function makeTree(...entries: readonly (readonly [mode: string, name: string | Buffer])[]): Buffer {
  const parts = entries.map(([mode, name]) => [
    Buffer.from(`${mode} `),
    Buffer.from(name),
    Buffer.alloc(21, 0xaa).fill(0, 0, 1),
  ]);
  return Buffer.concat(parts.flat());
}

const KINDS = [
  { mode: '100644', want: { kind: 'file', executable: false } },
  { mode: '100664', want: { kind: 'file', executable: false } },
  { mode: '100755', want: { kind: 'file', executable: true } },
  { mode: '120000', want: { kind: 'symlink', executable: false } },
  { mode: '160000', want: { kind: 'submodule', executable: false } },
  { mode: '40000', want: { kind: 'directory', executable: false } },
];

const ALLOWED = [
  '.gitignore',
  '.github',
  '.gitmodules',
  'git',
  '...',
  'a b',
  'ü',
  'dev-disk\\x2dlabel',
  '.git.yaml',
  'con',
  '__proto__',
];

const REFUSED: { name: string; data: Buffer }[] = [
  ...['.git', '.GIT', '.git.', '.git ', '.git::$INDEX_ALLOCATION', 'GIT~1', '.g\u200cit', '.', '..', '', 'a/b'].map(
    (name) => ({
      name: `the name ${JSON.stringify(name)}`,
      data: makeTree(['100644', name]),
    }),
  ),
  ...['.git', 'GIT~1', '..', '', 'a/b', '.git/modules/x', '../.git'].map((name) => ({
    name: `a submodule named ${JSON.stringify(name)}`,
    data: makeTree(['160000', name]),
  })),
  { name: 'a submodule and a directory of one name', data: makeTree(['160000', 'lib'], ['40000', 'lib']) },
  { name: 'a submodule of an odd mode', data: makeTree(['160644', 'lib']) },
  { name: 'a submodule whose mode has a leading zero', data: makeTree(['0160000', 'lib']) },
  { name: 'a name that is not UTF-8', data: makeTree(['100644', Buffer.from([0xff, 0x61])]) },
  { name: 'a name of 256 bytes', data: makeTree(['100644', 'x'.repeat(256)]) },
  { name: 'a name given twice', data: makeTree(['100644', 'a'], ['40000', 'a']) },
  { name: 'an unknown mode', data: makeTree(['100600', 'a']) },
  { name: 'an empty mode', data: makeTree(['', 'a']) },
  { name: 'an entry cut short', data: makeTree(['100644', 'a']).subarray(0, -1) },
  { name: 'bytes that are no entry', data: Buffer.from('nonsense') },
];

for (const { mode, want } of KINDS) {
  test(`mode ${mode} is a ${want.kind}`, () => {
    assert.deepEqual(parseTree(ID, makeTree([mode, 'x']), { entriesPerTree: 10 }), [{ name: 'x', id: ID, ...want }]);
  });
}

for (const name of ALLOWED) {
  test(`the name ${JSON.stringify(name)} is allowed`, () => {
    assert.equal(parseTree(ID, makeTree(['100644', name]), { entriesPerTree: 10 })[0]?.name, name);
  });
}

for (const { name, data } of REFUSED) {
  test(`a tree is refused for ${name}`, () => {
    assert.throws(() => parseTree(ID, data, { entriesPerTree: 10 }), { code: 'GIT_CONTENT_INVALID' });
  });
}

test('entries are sorted by name, not as git sorts them', () => {
  const entries = parseTree(ID, makeTree(['100644', 'a.b'], ['40000', 'a'], ['100644', 'B']), { entriesPerTree: 10 });

  assert.deepEqual(
    entries.map(({ name }) => name),
    ['B', 'a', 'a.b'],
  );
});

test('a tree with too many entries is refused', () => {
  assert.throws(() => parseTree(ID, makeTree(['100644', 'a'], ['100644', 'b']), { entriesPerTree: 1 }), {
    code: 'GIT_LIMIT_EXCEEDED',
  });
});
