import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createRenderer, type RendererOptions } from '../../src/render/create-renderer.ts';
import type { Rendered, RenderRequest } from '../../src/render/render-request.ts';
import { findKustomize } from '../support/find-kustomize.ts';
import { createMemoryTree, type MemoryEntry } from '../support/memory-tree.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "acme/web:1", envFrom: [{configMapRef: {name: settings}}]}]
`;

const OVERLAY = {
  'base/kustomization.yaml': 'resources: [deployment.yaml]',
  'base/deployment.yaml': DEPLOYMENT,
  'prod/kustomization.yaml': `
namespace: old
resources: [../base]
images: [{name: acme/web, newTag: "2"}]
configMapGenerator: [{name: settings, files: [../shared/settings.txt]}]
patches: [{path: replicas.yaml, target: {kind: Deployment}}]
`,
  'prod/replicas.yaml': '- {op: add, path: /spec/replicas, value: 3}',
  'shared/settings.txt': 'a: 1\n',
  'unrelated/a.yaml': 'not: a manifest',
};

test('an overlay is built with its base, patches, images and generated names, in the target namespace', async (t) => {
  const { render, workDir } = await start(t);

  const rendered = await render(OVERLAY, { path: './prod', targetNamespace: 'new' });

  const [settings, web] = rendered.objects;
  assert.match(settings?.metadata.name ?? '', /^settings-[a-z0-9]{10}$/);
  assert.deepEqual(settings?.data, { 'settings.txt': 'a: 1\n' });
  const spec = web?.spec as { replicas: number; template: { spec: { containers: Record<string, unknown>[] } } };
  assert.equal(spec.replicas, 3);
  assert.equal(spec.template.spec.containers[0]?.image, 'acme/web:2');
  assert.deepEqual(spec.template.spec.containers[0]?.envFrom, [{ configMapRef: { name: settings?.metadata.name } }]);
  assert.deepEqual(
    rendered.objects.map((object) => object.metadata.namespace),
    ['new', 'new'],
  );
  assert.deepEqual(await readdir(workDir), [], 'nothing is left behind');
});

test('without a target namespace the kustomization keeps its own', async (t) => {
  const { render } = await start(t);

  const rendered = await render(OVERLAY, { path: 'prod' });

  assert.deepEqual(
    rendered.objects.map((object) => object.metadata.namespace),
    ['old', 'old'],
  );
});

test('a build is repeated only when a file that it reads has changed', async (t) => {
  const { render } = await start(t);
  const first = await render(OVERLAY, { path: 'prod' });

  const unrelated = await render({ ...OVERLAY, 'unrelated/a.yaml': 'other' }, { path: 'prod' });
  const changed = await render({ ...OVERLAY, 'shared/settings.txt': 'a: 2\n' }, { path: 'prod' });

  assert.equal(unrelated.objects, first.objects);
  assert.notEqual(changed.digest, first.digest);
});

test('a plain directory with a kustomization below it is built as one', async (t) => {
  const { render } = await start(t);
  const files = {
    'apps/a.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}',
    'apps/web/kustomization.yaml': 'resources: [deployment.yaml]\nnamePrefix: my-',
    'apps/web/deployment.yaml': DEPLOYMENT,
    'apps/web/values.yaml': 'not: a manifest',
  };

  const rendered = await render(files, { path: 'apps', targetNamespace: 'new' });

  assert.deepEqual(
    rendered.objects.map((object) => `${object.metadata.namespace}/${object.metadata.name}`),
    ['new/a', 'new/my-web'],
  );
});

test('a component is built through a symlink inside the repository', async (t) => {
  const { render } = await start(t);
  const files = {
    'app/kustomization.yaml': 'resources: [deployment.yaml]\ncomponents: [shared]',
    'app/deployment.yaml': DEPLOYMENT,
    'app/shared': { symlink: '../parts/labels' },
    'parts/labels/kustomization.yaml':
      'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: ../label.yaml, target: {kind: Deployment}}]',
    'parts/label.yaml': '- {op: add, path: /metadata/labels, value: {team: a}}',
  };

  const rendered = await render(files, { path: 'app' });

  assert.deepEqual(rendered.objects[0]?.metadata.labels, { team: 'a' });
});

test('a kustomization without resources builds nothing, as under Flux', async (t) => {
  const { render } = await start(t);

  const rendered = await render({ 'kustomization.yaml': 'resources: []' });

  assert.deepEqual(rendered.objects, []);
});

test('deprecated fields are built and warned about', async (t) => {
  const { render } = await start(t);
  const files = { 'kustomization.yaml': 'commonLabels: {a: b}\nresources: [a.yaml]', 'a.yaml': DEPLOYMENT };

  const rendered = await render(files);

  assert.match(rendered.warnings.join('\n'), /'commonLabels' is deprecated/);
});

const FAILING: readonly { name: string; files: Record<string, MemoryEntry>; message: RegExp }[] = [
  {
    name: 'a missing resource',
    files: { 'app/kustomization.yaml': 'resources: [missing.yaml]' },
    message:
      /^kustomize build failed: app\/kustomization\.yaml: resources\[0\] 'missing\.yaml': no such file or directory$/,
  },
  {
    name: 'a resource without kind',
    files: { 'app/kustomization.yaml': 'resources: [a.yaml]', 'app/a.yaml': 'apiVersion: v1\nmetadata: {name: a}' },
    message: /^kustomize build failed: accumulating resources: .*missing kind/s,
  },
  {
    name: 'a patch without a target',
    files: {
      'app/kustomization.yaml': 'resources: [a.yaml]\npatches: [{path: p.yaml}]',
      'app/a.yaml': DEPLOYMENT,
      'app/p.yaml': '{apiVersion: apps/v1, kind: Deployment, metadata: {name: other}}',
    },
    message: /^kustomize build failed: no resource matches strategic merge patch/,
  },
  {
    name: 'a kustomization that names itself',
    files: { 'app/kustomization.yaml': 'resources: [../app]' },
    message: /^kustomize build failed: .*cycle/s,
  },
];

for (const { name, files, message } of FAILING) {
  test(`${name} fails the build without naming a directory of this machine`, async (t) => {
    const { render, workDir } = await start(t);

    const error = await render(files, { path: 'app' }).catch((reason: unknown) => reason);

    assert.ok(error instanceof Error);
    assert.match(error.message, message);
    assert.ok(!error.message.includes(workDir), error.message);
    assert.deepEqual(await readdir(workDir).catch(() => []), []);
  });
}

test('an error does not repeat the content of a Secret', async (t) => {
  const { render } = await start(t);
  const files = {
    'kustomization.yaml': 'resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: Secret}}]',
    'a.yaml': '{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {password: canary-7f3a}}',
    'p.yaml': '- {op: remove, path: /data/none}',
  };

  const error = await render(files).catch((reason: unknown) => reason);

  assert.ok(error instanceof Error);
  assert.match(error.message, /^kustomize build failed: /);
  assert.ok(!error.message.includes('canary-7f3a'), error.message);
});

test('a build that does not end is stopped and may be retried', async (t) => {
  const { render, workDir } = await start(t, {
    kustomizePath: await fakeKustomize(t, 'while :; do /bin/sleep 1; done'),
    timeoutMs: 100,
  });

  await assert.rejects(render(OVERLAY, { path: 'prod' }), { code: 'RENDER_TIMEOUT', disposition: 'retry' });

  assert.deepEqual(await readdir(workDir), []);
});

test('an aborted build is stopped with the reason', async (t) => {
  const script = await fakeKustomize(t, 'while :; do /bin/sleep 1; done');
  const { render } = await start(t, { kustomizePath: script });
  const abort = new AbortController();
  const running = render(OVERLAY, { path: 'prod' }, abort.signal);
  setImmediate(() => abort.abort(new Error('lease lost')));

  await assert.rejects(running, /lease lost/);
});

test('an output without end is cut off', async (t) => {
  const script = await fakeKustomize(t, 'while :; do echo "a: 1"; done');
  const { render } = await start(t, { kustomizePath: script, maxOutputBytes: 10_000 });

  await assert.rejects(render(OVERLAY, { path: 'prod' }), {
    code: 'RENDER_FAILED',
    message: 'kustomize build failed: the output is larger than 10000 bytes',
  });
});

test('a build sees neither our environment nor a program to start', async (t) => {
  process.env.HAWSER_TEST_CANARY = 'canary';
  t.after(() => delete process.env.HAWSER_TEST_CANARY);
  const script = await fakeKustomize(t, 'echo "Error: canary=$HAWSER_TEST_CANARY path=$PATH" >&2; exit 1');
  const { render } = await start(t, { kustomizePath: script });

  await assert.rejects(render(OVERLAY, { path: 'prod' }), { message: 'kustomize build failed: canary= path=' });
});

test('a missing kustomize program is our trouble, said with its path', async (t) => {
  const { render } = await start(t, { kustomizePath: '/nonexistent/kustomize' });

  await assert.rejects(render(OVERLAY, { path: 'prod' }), {
    code: 'RENDER_UNAVAILABLE',
    disposition: 'retry',
    message: /\/nonexistent\/kustomize/,
  });
});

test('a build of too many bytes is refused before it is written', async (t) => {
  const { render, workDir } = await start(t, { limits: { bytes: 100 } });

  await assert.rejects(render(OVERLAY, { path: 'prod' }), {
    code: 'RENDER_FAILED',
    message: 'kustomize build failed: a build may read at most 100 bytes',
  });

  assert.deepEqual(await readdir(workDir), []);
});

test('more builds than may run at once wait for their turn', async (t) => {
  const { render } = await start(t, { concurrency: 1 });

  const rendered = await Promise.all(
    ['1', '2', '3'].map((value) => render({ ...OVERLAY, 'shared/settings.txt': value }, { path: 'prod' })),
  );

  assert.equal(new Set(rendered.map(({ digest }) => digest)).size, 3);
});

test('a program given by name is found in the search path, and missed with words that help', async (t) => {
  const directory = dirname(await findKustomize());
  const found = await start(t, { kustomizePath: 'kustomize', searchPath: `/nonexistent:${directory}` });
  const missed = await start(t, { kustomizePath: 'kustomize', searchPath: '/nonexistent' });

  const rendered = await found.render(OVERLAY, { path: 'prod' });

  assert.equal(rendered.objects.length, 2);
  await assert.rejects(missed.render(OVERLAY, { path: 'prod' }), {
    code: 'RENDER_UNAVAILABLE',
    message: "there is no 'kustomize' in /nonexistent: install it, or give its path",
  });
});

test('what a killed predecessor left in the work directory is removed', async (t) => {
  const { render, workDir } = await start(t);
  await mkdir(join(workDir, 'build-left', 'source'), { recursive: true });

  await render(OVERLAY, { path: 'prod' });

  assert.deepEqual(await readdir(workDir), []);
});

type Render = (
  files: Record<string, MemoryEntry>,
  request?: Partial<RenderRequest>,
  signal?: AbortSignal,
) => Promise<Rendered>;

async function start(
  t: TestContext,
  options: Partial<RendererOptions> = {},
): Promise<{ render: Render; workDir: string }> {
  const workDir = await makeDirectory(t);
  const renderer = createRenderer({ workDir, kustomizePath: await findKustomize(), ...options });
  t.after(() => renderer.close());
  const render: Render = (files, request, signal = new AbortController().signal) =>
    renderer.render(createMemoryTree(files), { path: './', targetNamespace: undefined, ...request }, signal);
  return { render, workDir };
}

/** A program that stands in for a kustomize that misbehaves, which the real one cannot be made to do. */
async function fakeKustomize(t: TestContext, script: string): Promise<string> {
  const path = join(await makeDirectory(t), 'kustomize');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'hawser-render-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
