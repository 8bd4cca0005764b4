import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { checkComplete } from '../../../src/git/check-complete.ts';
import type { ObjectType } from '../../../src/git/git-object.ts';
import type { TreeEntry } from '../../../src/model/tree.ts';

const [commit, root, sub, file] = ['c', 'd', 'e', 'f'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
];

const entry = (name: string, kind: TreeEntry['kind'], id: string): TreeEntry => ({ name, kind, executable: false, id });

const CASES: { name: string; trees: Record<string, TreeEntry[]>; types?: Record<string, ObjectType>; want: string }[] =
  [
    { name: 'an empty tree', trees: { [root]: [] }, want: 'complete' },
    {
      name: 'files, directories, symlinks',
      trees: { [root]: [entry('a', 'directory', sub), entry('b', 'symlink', file)], [sub]: [entry('c', 'file', file)] },
      types: { [file]: 'blob' },
      want: 'complete',
    },
    {
      name: 'a submodule, whose commit is elsewhere',
      trees: { [root]: [entry('a', 'submodule', file)] },
      want: 'complete',
    },
    { name: 'no root', trees: {}, want: 'GIT_OBJECT_MISSING' },
    { name: 'a missing file', trees: { [root]: [entry('a', 'file', file)] }, want: 'GIT_OBJECT_MISSING' },
    { name: 'a missing directory', trees: { [root]: [entry('a', 'directory', sub)] }, want: 'GIT_OBJECT_MISSING' },
    {
      name: 'a file that is a tree',
      trees: { [root]: [entry('a', 'file', sub)], [sub]: [] },
      types: { [sub]: 'tree' },
      want: 'GIT_CONTENT_INVALID',
    },
    {
      name: 'directories deeper than allowed',
      trees: { [root]: [entry('a', 'directory', sub)], [sub]: [entry('b', 'directory', file)], [file]: [] },
      want: 'GIT_LIMIT_EXCEEDED',
    },
  ];

for (const { name, trees, types = {}, want } of CASES) {
  test(`a commit with ${name}: ${want}`, async () => {
    const objects = {
      read: (id: string) => Promise.resolve({ id, type: 'commit' as const, data: Buffer.from(`tree ${root}\n\nx`) }),
      readTree: (id: string) => {
        const entries = trees[id];
        if (entries) return Promise.resolve(entries);
        return Promise.reject(new HawserError('GIT_OBJECT_MISSING', id));
      },
      typeOf: (id: string) => types[id],
    };

    const result = checkComplete({ objects, checked: new Map(), limits: { treeDepth: 1 } }, commit);

    assert.equal(
      await result.then(
        () => 'complete',
        (error: HawserError) => error.code,
      ),
      want,
    );
  });
}
