import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');

/** Runs Node as the image does, with nothing of this process's environment that Hawser would read. */
function node(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}) {
  const run = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  return { status: run.status, output: `${run.stdout}${run.stderr}` };
}

test('what the image runs, compiled and without sources, starts and names what is wrong with its configuration', async (t) => {
  const app = await mkdtemp(join(tmpdir(), 'hawser-image-'));
  t.after(() => rm(app, { recursive: true }));
  await cp(join(ROOT, 'package.json'), join(app, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(app, 'node_modules'));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const built = node([tsc, '-p', 'tsconfig.build.json', '--outDir', join(app, 'dist')], ROOT);
  assert.equal(built.status, 0, built.output);

  const { status, output } = node(['--enable-source-maps', 'dist/main.js'], app, { HAWSER_ROLES: 'nobody' });

  assert.notEqual(status, 0);
  assert.match(output, /HAWSER_ROLES must be/);
});
