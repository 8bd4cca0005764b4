import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parseManifests } from '../../src/manifest/parse-manifests.ts';
import { findKustomize } from '../support/find-kustomize.ts';

const SCALARS = new URL('../fixtures/manifest/scalars.yaml', import.meta.url);

test('every scalar means to us what it means to kustomize', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'hawser-manifest-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await cp(SCALARS, join(dir, 'scalars.yaml'));
  await writeFile(join(dir, 'kustomization.yaml'), 'resources: [scalars.yaml]\n');

  const { stdout } = await promisify(execFile)(await findKustomize(), ['build', dir]);
  const [theirs] = parseManifests(stdout, { file: 'kustomize output' });
  const [ours] = parseManifests(await readFile(SCALARS, 'utf8'), { file: 'scalars.yaml' });

  assert.deepEqual(ours, theirs);
  assert.ok(Object.keys(ours?.spec ?? {}).length > 80);
});
