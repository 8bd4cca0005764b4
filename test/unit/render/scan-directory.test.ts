import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scanDirectory } from '../../../src/render/scan-directory.ts';
import { createSnapshotPaths } from '../../../src/render/snapshot-paths.ts';
import { createMemoryTree, type MemoryEntry } from '../../support/memory-tree.ts';

const CASES: readonly {
  name: string;
  files: Record<string, MemoryEntry>;
  at?: string;
  resources: string[];
  units?: string[];
  warnings?: string[];
}[] = [
  {
    name: 'YAML files at every depth are found by name, sub-directories in place; others are not',
    files: { 'c.yaml': '', 'a.yml': '', 'b/z.yaml': '', 'b/a/y.yaml': '', 'b.txt': '', 'x.json': '', 'y.YAML': '' },
    resources: ['a.yml', 'b/a/y.yaml', 'b/z.yaml', 'c.yaml'],
  },
  {
    name: 'a sub-directory with a kustomization is one unit and not looked into',
    files: { 'a.yaml': '', 'b/Kustomization': '', 'b/x.yaml': '', 'b/c/d.yaml': '', 'e/kustomization.yml': '' },
    resources: ['a.yaml', 'b', 'e'],
    units: ['b', 'e'],
  },
  {
    name: 'only the given directory is read',
    files: { 'a.yaml': '', 'deploy/b.yaml': '' },
    at: 'deploy',
    resources: ['deploy/b.yaml'],
  },
  {
    name: 'symlinks and submodules are passed over, YAML symlinks with a warning',
    files: {
      'a.yaml': '',
      'link.yaml': { symlink: 'a.yaml' },
      'gone.yaml': { symlink: 'nothing' },
      result: { symlink: '/nix/store' },
      module: { submodule: 'x' },
    },
    resources: ['a.yaml'],
    warnings: ['gone.yaml is a symbolic link and was not read', 'link.yaml is a symbolic link and was not read'],
  },
];

for (const { name, files, at = '', resources, units = [], warnings = [] } of CASES) {
  test(name, async () => {
    const scan = await scanDirectory(createSnapshotPaths(createMemoryTree(files)), at);

    assert.deepEqual(
      { resources: scan.resources, units: scan.units, warnings: scan.warnings },
      { resources, units, warnings },
    );
  });
}

test('a YAML symlink that leads out of the repository is refused', async () => {
  const tree = createMemoryTree({ 'evil.yaml': { symlink: '../../etc/passwd' } });

  await assert.rejects(scanDirectory(createSnapshotPaths(tree), ''), {
    code: 'RENDER_FAILED',
    message: "kustomize build failed: 'evil.yaml' is a symbolic link that leads out of the repository",
  });
});
