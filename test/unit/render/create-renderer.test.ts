import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Tree } from '../../../src/model/tree.ts';
import { createRenderer } from '../../../src/render/create-renderer.ts';
import type { RenderLimits } from '../../../src/render/render-limits.ts';
import type { Rendered, RenderRequest } from '../../../src/render/render-request.ts';
import { createMemoryTree, type MemoryEntry } from '../../support/memory-tree.ts';

const PATHS: readonly { path: string; want: string }[] = [
  { path: './', want: 'root' },
  { path: '', want: 'root' },
  { path: '/', want: 'root' },
  { path: './deploy', want: 'deploy' },
  { path: 'deploy/', want: 'deploy' },
  { path: '/deploy', want: 'deploy' },
  { path: './x/../deploy', want: 'deploy' },
  { path: 'current', want: 'deploy' },
];

for (const { path, want } of PATHS) {
  test(`spec.path '${path}' names the ${want} directory`, async (t) => {
    const files = { 'deploy/a.yaml': configMap('inner'), current: { symlink: 'deploy' } };

    const rendered = await render(
      t,
      { ...files, ...(want === 'root' ? { 'b.yaml': configMap('outer') } : {}) },
      { path },
    );

    assert.deepEqual(namesOf(rendered), want === 'root' ? ['outer', 'inner'] : ['inner']);
  });
}

const NOT_FOUND: readonly { path: string; message: string }[] = [
  { path: './nowhere', message: 'stat nowhere: no such file or directory' },
  { path: 'a.yaml', message: 'a.yaml is a file, not a directory' },
  { path: 'module', message: 'module is a Git submodule, not a directory' },
  { path: '../other', message: "'../other' leads out of the source" },
];

for (const { path, message } of NOT_FOUND) {
  test(`spec.path '${path}' is an error of the source that a person must mend`, async (t) => {
    const files = { 'a.yaml': configMap('a'), module: { submodule: 'x' } };

    await assert.rejects(render(t, files, { path }), {
      code: 'RENDER_PATH_NOT_FOUND',
      reason: 'ArtifactFailed',
      disposition: 'stalled',
      message: `kustomization path not found: ${message}`,
    });
  });
}

const PLAIN: readonly {
  name: string;
  files: Record<string, MemoryEntry>;
  request?: Partial<RenderRequest>;
  want: string[];
}[] = [
  { name: 'an empty directory has no objects', files: { 'README.md': '' }, want: [] },
  {
    name: 'documents and lists are objects of their own, comments are none',
    files: {
      'a.yaml': `# only this\n---\n${configMap('a')}---\n---\n${configMap('b')}`,
      'b.yaml': '{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: c}}]}',
      'c.yaml': '# nothing here',
    },
    want: ['a', 'b', 'c'],
  },
  {
    name: 'local configuration and kustomization files do not go into the cluster',
    files: {
      'a.yaml': configMap('a', 'annotations: {config.kubernetes.io/local-config: "true"}'),
      'b.yaml': configMap('b', 'annotations: {config.kubernetes.io/local-config: "false"}'),
      'c.yaml': '{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, metadata: {name: c}}',
    },
    want: ['b'],
  },
  {
    name: 'ignored files are left out, even where they are no manifests',
    files: { 'a.yaml': configMap('a'), 'ci/values.yaml': 'replicas: 1' },
    request: { ignored: (path) => path.startsWith('ci/') },
    want: ['a'],
  },
  {
    name: 'an ignored kustomization does not make its directory a unit',
    files: { 'sub/kustomization.yaml': 'resources: []', 'sub/a.yaml': configMap('a') },
    request: { ignored: (path) => path === 'sub/kustomization.yaml' },
    want: ['a'],
  },
];

for (const { name, files, request, want } of PLAIN) {
  test(name, async (t) => assert.deepEqual(namesOf(await render(t, files, request)), want));
}

const INVALID: readonly { name: string; files: Record<string, MemoryEntry>; message: RegExp }[] = [
  {
    name: 'a manifest without kind',
    files: { 'x/a.yaml': 'apiVersion: v1\nmetadata: {name: a}' },
    message: /x\/a\.yaml.*kind/,
  },
  { name: 'a file that is not YAML', files: { 'x/a.yaml': 'a: [' }, message: /x\/a\.yaml/ },
  {
    name: 'the same object in two files',
    files: { 'x/a.yaml': configMap('a'), 'x/b.yaml': configMap('a') },
    message: /x\/a\.yaml.*x\/b\.yaml/,
  },
  {
    name: 'two objects that the target namespace makes one',
    files: { 'x/a.yaml': configMap('a', 'namespace: one'), 'x/b.yaml': configMap('a', 'namespace: two') },
    message: /ConfigMap\/new\/a.*x\/a\.yaml.*x\/b\.yaml/,
  },
];

for (const { name, files, message } of INVALID) {
  test(`${name} fails the build with the file's name`, async (t) => {
    await assert.rejects(render(t, files, { targetNamespace: 'new' }), {
      code: 'MANIFEST_INVALID',
      reason: 'BuildFailed',
      disposition: 'stalled',
      message,
    });
  });
}

test('the same content has the same digest wherever it comes from, other content another', async (t) => {
  const [first, same, other] = await Promise.all([
    render(t, { 'a.yaml': configMap('a'), 'README.md': '1' }),
    render(t, { 'a.yaml': configMap('a'), 'README.md': '2' }),
    render(t, { 'a.yaml': configMap('b') }),
  ]);

  assert.match(first.digest, /^sha256:[0-9a-f]{64}$/);
  assert.equal(first.digest, same.digest);
  assert.notEqual(first.digest, other.digest);
});

test('rendered objects are frozen at every depth', async (t) => {
  const [object] = (await render(t, { 'a.yaml': configMap('a', 'labels: {x: "1"}') }, { targetNamespace: 'new' }))
    .objects;

  assert.throws(() => Object.assign(object?.metadata.labels ?? {}, { x: '2' }), TypeError);
});

test('an unchanged directory is not read again, in whatever snapshot it is', async (t) => {
  const renderer = startRenderer(t);
  const before = createMemoryTree({ 'deploy/a.yaml': configMap('a'), 'other/b.yaml': '1' });
  const after = createMemoryTree({ 'deploy/a.yaml': configMap('a'), 'other/b.yaml': '2' });
  const first = await renderer(before, { path: 'deploy' });

  const second = await renderer(after, { path: 'deploy' });

  assert.deepEqual(after.reads, []);
  assert.equal(second, first);
});

test('of a changed directory, only the changed files are read', async (t) => {
  const renderer = startRenderer(t);
  await renderer(createMemoryTree({ 'a.yaml': configMap('a'), 'b.yaml': configMap('b') }));
  const after = createMemoryTree({ 'a.yaml': configMap('a'), 'b.yaml': configMap('c') });

  const rendered = await renderer(after);

  assert.deepEqual(after.reads, ['b.yaml']);
  assert.deepEqual(namesOf(rendered), ['a', 'c']);
});

test('another target namespace, path or ignore rule is another result', async (t) => {
  const renderer = startRenderer(t);
  const tree = createMemoryTree({ 'a.yaml': configMap('a'), 'b.yaml': configMap('b') });
  await renderer(tree, { ignoredId: 'none', ignored: () => false });

  const moved = await renderer(tree, { targetNamespace: 'new' });
  const fewer = await renderer(tree, { ignoredId: 'b', ignored: (path) => path === 'b.yaml' });

  assert.deepEqual(
    moved.objects.map((object) => object.metadata.namespace),
    ['new', 'new'],
  );
  assert.deepEqual(namesOf(fewer), ['a']);
});

test('ten thousand objects of one path are rendered', async (t) => {
  const documents = Array.from({ length: 10_000 }, (_, index) => configMap(`object-${index}`));

  const rendered = await render(t, { 'a.yaml': documents.join('---\n') });

  assert.equal(rendered.objects.length, 10_000);
});

const LIMITS: readonly { limits: Partial<RenderLimits>; message: string }[] = [
  { limits: { files: 1 }, message: 'a build may read at most 1 files' },
  { limits: { bytes: 100 }, message: 'a build may read at most 100 bytes' },
  { limits: { objects: 1 }, message: '2 objects; one Kustomization may hold at most 1' },
];

for (const { limits, message } of LIMITS) {
  test(`a directory beyond the limit of ${Object.keys(limits)} is refused`, async (t) => {
    const tree = createMemoryTree({ 'a.yaml': configMap('a'), 'b.yaml': configMap('b') });

    await assert.rejects(startRenderer(t, limits)(tree), {
      code: 'RENDER_FAILED',
      message: `kustomize build failed: ${message}`,
    });
  });
}

test('a render that was aborted rejects with the reason', async (t) => {
  const renderer = createRenderer({ workDir: '/nonexistent' });
  t.after(() => renderer.close());
  const signal = AbortSignal.abort(new Error('lease lost'));

  await assert.rejects(
    renderer.render(createMemoryTree({}), { path: '', targetNamespace: undefined }, signal),
    /lease lost/,
  );
});

test('a closed renderer renders no more, and can be closed twice', async () => {
  const renderer = createRenderer({ workDir: '/nonexistent' });
  await renderer.close();
  await renderer.close();

  await assert.rejects(
    renderer.render(createMemoryTree({}), { path: '', targetNamespace: undefined }, new AbortController().signal),
    /closed/,
  );
});

function render(
  t: TestContext,
  files: Record<string, MemoryEntry>,
  request: Partial<RenderRequest> = {},
): Promise<Rendered> {
  return startRenderer(t)(createMemoryTree(files), request);
}

function startRenderer(
  t: TestContext,
  limits: Partial<RenderLimits> = {},
): (tree: Tree, request?: Partial<RenderRequest>) => Promise<Rendered> {
  const renderer = createRenderer({ workDir: '/nonexistent', limits });
  t.after(() => renderer.close());
  return (tree, request = {}) =>
    renderer.render(tree, { path: './', targetNamespace: undefined, ...request }, new AbortController().signal);
}

function configMap(name: string, metadata = 'labels: {app: x}'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  ${metadata}\n`;
}

function namesOf(rendered: Rendered): string[] {
  return rendered.objects.map((object) => object.metadata.name);
}
