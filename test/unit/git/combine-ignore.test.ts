import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineIgnore, type IgnorePatterns } from '../../../src/git/create-ignore.ts';

const root = (patterns: string): IgnorePatterns => ({ directory: '', patterns });

const CASES: { name: string; given: IgnorePatterns[]; ignored: string[]; kept: string[] }[] = [
  {
    name: 'without patterns the defaults hold',
    given: [],
    ignored: ['.gitignore', 'a/.gitmodules', 'logo.png', 'a/b/logo.JPG', '.github/x.yaml', 'a/.sops.yaml', 'x.tar.gz'],
    kept: ['app.yaml', 'a/github/x.yaml', 'png'],
  },
  {
    name: 'any pattern replaces the defaults, but for those of git itself',
    given: [root('*.txt')],
    ignored: ['.gitignore', 'a/notes.txt'],
    kept: ['logo.png', '.github/x.yaml'],
  },
  {
    name: 'comments and empty lines are no patterns',
    given: [root('# nothing\n\n')],
    ignored: ['logo.png'],
    kept: ['app.yaml'],
  },
  {
    name: 'everything but one directory',
    given: [root('/*\n!/deploy/')],
    ignored: ['app.yaml', 'other/app.yaml'],
    kept: ['deploy/app.yaml', 'deploy/a/b.yaml'],
  },
  {
    name: 'patterns of a directory hold below it only',
    given: [{ directory: 'apps', patterns: 'secret.yaml\n/top.yaml' }],
    ignored: ['apps/secret.yaml', 'apps/a/secret.yaml', 'apps/top.yaml'],
    kept: ['secret.yaml', 'top.yaml', 'apps/a/top.yaml', 'apps2/secret.yaml'],
  },
  {
    name: 'later patterns win',
    given: [root('*.yaml'), { directory: 'apps', patterns: '!keep.yaml' }, root('/apps/a/')],
    ignored: ['x.yaml', 'keep.yaml', 'apps/a/keep.yaml'],
    kept: ['apps/keep.yaml', 'apps/b/keep.yaml'],
  },
  {
    name: 'names that look like nothing a file has',
    given: [],
    ignored: [],
    kept: ['__proto__', 'a/..b', 'ü.yaml'],
  },
];

for (const { name, given, ignored, kept } of CASES) {
  test(`ignore rules: ${name}`, () => {
    const rules = combineIgnore(given);

    assert.deepEqual([...ignored, ...kept].filter(rules.ignores), ignored);
  });
}

test('equal rules have equal ids, others have others', () => {
  const [one, same, other] = [combineIgnore([root('*.a')]), combineIgnore([root('*.a')]), combineIgnore([root('*.b')])];

  assert.equal(one?.id, same?.id);
  assert.notEqual(one?.id, other?.id);
});
