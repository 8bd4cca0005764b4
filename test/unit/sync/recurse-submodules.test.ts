import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EnsureRequest } from '../../../src/git/create-git-client.ts';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import type { SyncDeps } from '../../../src/sync/deps.ts';
import { recurseSubmodules } from '../../../src/sync/recurse-submodules.ts';
import { createMemoryTree, type MemoryEntry } from '../../support/memory-tree.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

const never = new AbortController().signal;
const remote = { url: 'https://git.example/org/app.git', timeoutMs: 1_000 };
const source = { metadata: { name: 'app', namespace: 'x', uid: 'u' }, spec: { url: remote.url } } as GitRepository;
const gitlink = { submodule: 'a commit' };

/** Recurses into a commit whose every submodule has the same content; tells what was fetched, and the tree. */
async function recurse(files: Files, inner: Files = { 'a.yaml': 'inner' }) {
  const fetched: string[] = [];
  const git = {
    ensure: async ({ remote: from }: EnsureRequest) => void fetched.push(from.url),
    open: async () => ({ tree: createMemoryTree(inner) }),
  } as unknown as SyncDeps['git'];
  const tree = createMemoryTree(files);
  const whole = recurseSubmodules({ git }, { source, remote, tree, directories: undefined }, never);
  return { fetched, whole: await whole.catch((error: unknown) => error) };
}

function toModules(paths: readonly string[], url = '../lib.git'): string {
  return paths.map((path, n) => `[submodule "${n}"]\n\tpath = ${path}\n\turl = ${url}\n`).join('');
}

describe('what is no submodule is not fetched', () => {
  const cases: { name: string; files: Files }[] = [
    { name: 'a gitlink that .gitmodules does not name', files: { lib: gitlink, '.gitmodules': '' } },
    { name: 'a gitlink without any .gitmodules', files: { lib: gitlink } },
    { name: 'a path where nothing is', files: { '.gitmodules': toModules(['lib']) } },
    { name: 'a path of a file', files: { lib: 'text', '.gitmodules': toModules(['lib']) } },
    { name: 'a path of a directory', files: { 'lib/a': 'text', '.gitmodules': toModules(['lib']) } },
    {
      name: 'a path through a symlink',
      files: { 'real/lib': gitlink, link: { symlink: 'real' }, '.gitmodules': toModules(['link/lib']) },
    },
    { name: 'a path below another gitlink', files: { lib: gitlink, '.gitmodules': toModules(['lib/lib']) } },
    {
      name: 'what only a .gitmodules further down names',
      files: { lib: gitlink, 'a/.gitmodules': toModules(['lib']) },
    },
  ];
  for (const { name, files } of cases) {
    test(name, async () => assert.deepEqual((await recurse(files)).fetched, []));
  }
});

describe('a .gitmodules that leads elsewhere is refused before anything is fetched', () => {
  const lib = { lib: gitlink };
  const cases: { name: string; files: Files; message: RegExp }[] = [
    ...['../lib', '/lib', 'lib/..', 'a/../../lib', '..', './', 'li\\tb'].map((path) => ({
      name: `the path ${path}`,
      files: { ...lib, '.gitmodules': toModules([`"${path}"`]) },
      message: /in \.gitmodules leads elsewhere/,
    })),
    {
      name: 'a symlink',
      files: { ...lib, modules: toModules(['lib']), '.gitmodules': { symlink: 'modules' } },
      message: /'\.gitmodules' is no file/,
    },
    { name: 'a gitlink', files: { ...lib, '.gitmodules': gitlink }, message: /'\.gitmodules' is no file/ },
    { name: 'a directory', files: { ...lib, '.gitmodules/a': '' }, message: /'\.gitmodules' is no file/ },
    {
      name: 'more than a megabyte',
      files: { ...lib, '.gitmodules': ' '.repeat(1024 * 1024 + 1) },
      message: /is larger than 1048576 bytes/,
    },
    {
      name: 'more names than anybody has',
      files: { ...lib, '.gitmodules': toModules(Array.from({ length: 1_001 }, (_, n) => `lib${n}`)) },
      message: /names more than 1000 submodules/,
    },
    {
      name: 'more submodules than are fetched',
      files: {
        ...Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`lib${n}`, gitlink])),
        '.gitmodules': toModules(Array.from({ length: 65 }, (_, n) => `lib${n}`)),
      },
      message: /there are more than 64 submodules/,
    },
    ...['file:///etc', 'ext::sh -c id', '../../..', '/etc'].map((url) => ({
      name: `the URL ${url}`,
      files: { ...lib, '.gitmodules': toModules(['lib'], url) },
      message: /the URL of the submodule 'lib'/,
    })),
  ];
  for (const { name, files, message } of cases) {
    test(name, async () => {
      const { fetched, whole } = await recurse(files);

      assert.ok(whole instanceof Error);
      assert.match(whole.message, message);
      assert.equal('code' in whole && whole.code, 'GIT_SUBMODULE_INVALID');
      assert.deepEqual(fetched, []);
    });
  }
});

test('a submodule that holds itself ends, with an error that says where', async () => {
  const files = { lib: gitlink, '.gitmodules': toModules(['lib'], '../app.git') };

  const { fetched, whole } = await recurse(files, files);

  assert.match(String(whole), /nested deeper than 8, at 'lib\/lib\/lib\/lib\/lib\/lib\/lib\/lib'/);
  assert.equal(fetched.length, 8);
});

test('submodules that hold two each are counted together', async () => {
  const files = { a: gitlink, b: gitlink, '.gitmodules': toModules(['a', 'b']) };

  const { fetched, whole } = await recurse(files, files);

  assert.match(String(whole), /nested deeper than 8|more than 64 submodules/);
  assert.ok(fetched.length <= 64, `${fetched.length}`);
});

test('a path that is named twice is one submodule, with the last URL', async () => {
  const modules = `${toModules(['lib'], '../first.git')}[submodule "other"]\npath = ./lib/\nurl = ../second.git\n`;

  const { fetched } = await recurse({ lib: gitlink, '.gitmodules': modules });

  assert.deepEqual(fetched, ['https://git.example/org/second.git']);
});
