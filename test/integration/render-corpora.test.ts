import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { createRenderer, type Renderer } from '../../src/render/create-renderer.ts';
import { buildDirectory, readFiles, sorted, toConcluded } from '../support/build-with-kustomize.ts';
import { findKustomizations } from '../support/find-kustomizations.ts';
import { findKustomize } from '../support/find-kustomize.ts';
import { createMemoryTree, type MemoryEntry } from '../support/memory-tree.ts';

/** Directories of repositories, separated by colons; this repository's own where none are given. */
const GIVEN = (process.env.HAWSER_TEST_CORPORA ?? '').split(':').filter((path) => path !== '');
const ROOT = join(import.meta.dirname, '../..');
const OWN = ['demo', 'test/fixtures', 'deploy'].map((path) => join(ROOT, path));

/** What a build can end in beside equal objects. A difference that is meant is told apart by our own message. */
const MEANT: readonly (readonly [reason: string, message: RegExp])[] = [
  ['a remote resource is not fetched', /is remote; only files/],
  ['a Helm chart is not built', /Helm charts are not built/],
  ['a plugin that is not built in is not run', /is not a built-in plugin/],
];

interface Totals {
  kustomizations: number;
  objects: number;
  equal: number;
  failedInBoth: number;
  readonly refused: Map<string, number>;
  readonly different: string[];
}

type Files = Readonly<Record<string, MemoryEntry>>;

/** A kustomization with everything usual in it: the run says something even where no corpus is given. */
const SAMPLE: Files = {
  'base/kustomization.yaml': 'resources: [web.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]',
  'base/web.yaml':
    '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: web, image: web, envFrom: [{configMapRef: {name: settings}}]}]}}}}',
  'overlay/kustomization.yaml':
    'resources: [../linked]\nnamespace: prod\nnamePrefix: p-\nlabels: [{pairs: {a: b}}]\nimages: [{name: web, newTag: "2"}]\nreplicas: [{name: web, count: 3}]',
  linked: { symlink: 'base' },
};

test('every kustomization of the corpora renders as kustomize builds it', { timeout: 3_600_000 }, async (t) => {
  const renderer = await startOwnRenderer(t);
  const totals: Totals = {
    kustomizations: 0,
    objects: 0,
    equal: 0,
    failedInBoth: 0,
    refused: new Map(),
    different: [],
  };
  const roots = [...(GIVEN.length > 0 ? GIVEN : OWN), await writeSample(t)];

  for (const root of roots) {
    assert.ok(existsSync(root), `${root} of HAWSER_TEST_CORPORA is missing`);
    await compareRepository(renderer, root, totals);
  }

  t.diagnostic(`${roots.length} repositories, ${totals.kustomizations} kustomizations, ${totals.objects} objects:`);
  t.diagnostic(`${totals.equal} equal, ${totals.failedInBoth} built by neither, ${totals.different.length} different`);
  for (const [reason, count] of totals.refused) t.diagnostic(`${count} refused on purpose: ${reason}`);
  assert.deepEqual(totals.different, []);
  assert.ok(totals.equal >= findKustomizations(SAMPLE).length);
});

async function compareRepository(renderer: Renderer, root: string, totals: Totals): Promise<void> {
  const files = await readFiles(root);
  const tree = createMemoryTree(files);
  const kustomizePath = await findKustomize();
  for (const directory of findKustomizations(files)) {
    const request = { path: directory, targetNamespace: undefined };
    const ours = await settle(async () => (await renderer.render(tree, request, new AbortController().signal)).objects);
    const theirs = await settle(async () => toConcluded(await buildDirectory(kustomizePath, join(root, directory))));
    totals.kustomizations += 1;
    count(totals, `${basename(root)}: ${directory || '.'}`, { ours, theirs });
  }
}

interface Settled {
  readonly objects?: readonly { readonly kind: string }[];
  readonly error?: string;
}

function count(totals: Totals, where: string, { ours, theirs }: { ours: Settled; theirs: Settled }): void {
  const meant = MEANT.find(([, message]) => message.test(ours.error ?? ''));
  if (meant) {
    totals.refused.set(meant[0], (totals.refused.get(meant[0]) ?? 0) + 1);
  } else if (!ours.objects && !theirs.objects) {
    totals.failedInBoth += 1;
  } else if (ours.objects && isDeepStrictEqual(ours.objects, theirs.objects)) {
    totals.equal += 1;
    totals.objects += ours.objects.length;
  } else {
    totals.different.push(`${where}: ${ours.error ?? 'built'} / ${theirs.error ?? 'built'}`);
  }
}

async function settle(read: () => Promise<NonNullable<Settled['objects']>>): Promise<Settled> {
  try {
    return { objects: sorted((await read()) as Parameters<typeof sorted>[0]) };
  } catch (error) {
    return { error: String(error).slice(0, 500) };
  }
}

async function startOwnRenderer(t: TestContext): Promise<Renderer> {
  const workDir = await mkdtemp(join(tmpdir(), 'hawser-corpora-'));
  t.after(() => rm(workDir, { recursive: true, force: true }));
  const renderer = createRenderer({ workDir, kustomizePath: await findKustomize(), timeoutMs: 120_000 });
  t.after(() => renderer.close());
  return renderer;
}

async function writeSample(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'hawser-sample-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const [path, entry] of Object.entries(SAMPLE)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (typeof entry === 'string') await writeFile(join(root, path), entry);
    else if ('symlink' in entry) await symlink(entry.symlink, join(root, path));
  }
  return root;
}
