import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSnapshotPaths, joinInside } from '../../../src/render/snapshot-paths.ts';
import { createMemoryTree } from '../../support/memory-tree.ts';

const JOINS: readonly { name: string; directory: string; reference: string; want: string | undefined }[] = [
  { name: 'the root itself', directory: '', reference: './', want: '' },
  { name: 'a sibling of a directory', directory: 'a/b', reference: '../c/', want: 'a/c' },
  { name: 'back to the root', directory: 'a', reference: '..', want: '' },
  { name: 'a name that starts with dots', directory: '', reference: '..a', want: '..a' },
  { name: 'above the root', directory: 'a', reference: '../..', want: undefined },
  { name: 'above the root and back', directory: 'a', reference: '../../a', want: undefined },
  { name: 'an absolute path', directory: 'a', reference: '/etc/passwd', want: undefined },
];

for (const { name, directory, reference, want } of JOINS) {
  test(`joinInside: ${name}`, () => assert.equal(joinInside(directory, reference), want));
}

const TREE = createMemoryTree({
  'a/file.yaml': 'x',
  'a/up.yaml': { symlink: '../b/other.yaml' },
  'a/twice.yaml': { symlink: 'up.yaml' },
  'a/dir': { symlink: '../b' },
  'a/circle': { symlink: 'circle' },
  'a/out.yaml': { symlink: '../../etc/passwd' },
  'a/absolute.yaml': { symlink: '/etc/passwd' },
  'a/dangling.yaml': { symlink: 'nothing.yaml' },
  'b/other.yaml': 'y',
  module: { submodule: 'x' },
});

const FOUND: readonly { name: string; path: string; want: string | undefined }[] = [
  { name: 'a file', path: 'a/file.yaml', want: 'file a/file.yaml' },
  { name: 'a directory with a slash at its end', path: 'a/', want: 'directory a' },
  { name: 'the root', path: '', want: 'directory ' },
  { name: 'a symlink to a file of another directory', path: 'a/up.yaml', want: 'file b/other.yaml' },
  { name: 'a symlink to a symlink', path: 'a/twice.yaml', want: 'file b/other.yaml' },
  { name: 'a file below a symlink to a directory', path: 'a/dir/other.yaml', want: 'file b/other.yaml' },
  { name: 'a submodule', path: 'module', want: 'submodule module' },
  { name: 'a symlink to nothing', path: 'a/dangling.yaml', want: undefined },
  { name: 'a name below a file', path: 'a/file.yaml/x', want: undefined },
  { name: 'a name that is not there', path: 'c', want: undefined },
];

for (const { name, path, want } of FOUND) {
  test(`resolve finds ${name}`, async () => {
    const found = await createSnapshotPaths(TREE).resolve(path);

    assert.equal(found && `${found.kind} ${found.path}`, want);
  });
}

const REFUSED: readonly { path: string; message: RegExp }[] = [
  { path: 'a/out.yaml', message: /'a\/out\.yaml' is a symbolic link that leads out of the repository/ },
  { path: 'a/absolute.yaml', message: /'a\/absolute\.yaml' is a symbolic link that leads out of the repository/ },
  { path: 'a/circle', message: /'a\/circle' follows too many symbolic links/ },
];

for (const { path, message } of REFUSED) {
  test(`resolve refuses ${path}`, async () => {
    await assert.rejects(createSnapshotPaths(TREE).resolve(path), { code: 'RENDER_FAILED', message });
  });
}
