import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseYaml } from '../../../src/manifest/parse-yaml.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { createRenderer } from '../../../src/render/create-renderer.ts';
import { parseInSlices } from '../../../src/render/parse-in-slices.ts';
import type { Rendered, RenderRequest } from '../../../src/render/render-request.ts';
import { createMemoryTree } from '../../support/memory-tree.ts';

const LABELLED = '{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {own: "1", both: own}}}';
const PLAIN = '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}';

const replaceKind = (kind: string, more: object = {}) => ({
  id: kind,
  apply: (object: KubeObject): KubeObject => ({ ...object, kind, ...more }),
});

const CASES: readonly { name: string; file: string; request: Partial<RenderRequest>; want: unknown[] }[] = [
  {
    name: 'common metadata is added and wins',
    file: LABELLED,
    request: { overlay: { commonMetadata: { labels: { both: 'all' }, annotations: { note: 'x' } } } },
    want: [{ name: 'a', labels: { own: '1', both: 'all' }, annotations: { note: 'x' } }],
  },
  {
    name: 'common metadata is put on what substitution made',
    file: PLAIN,
    request: {
      overlay: { commonMetadata: { labels: { b: 'c' } } },
      substitute: { id: '1', apply: (object) => ({ ...object, metadata: { name: 'b' } }) },
    },
    want: [{ name: 'b', labels: { b: 'c' } }],
  },
  {
    name: 'a list that substitution made is expanded',
    file: PLAIN,
    request: {
      substitute: replaceKind('List', {
        items: ['b', 'c'].map((name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name } })),
      }),
    },
    want: [{ name: 'b' }, { name: 'c' }],
  },
  {
    name: 'a kustomization file that substitution made does not go into the cluster',
    file: PLAIN,
    request: { substitute: replaceKind('Kustomization', { apiVersion: 'kustomize.config.k8s.io/v1beta1' }) },
    want: [],
  },
  {
    name: 'an object is decrypted before its variables are substituted',
    file: PLAIN,
    request: {
      decryptor: {
        id: 'keys',
        decryptFile: async (_path, content) => content,
        decryptObject: async (object) => ({ ...object, metadata: { name: 'decrypted' } }),
      },
      substitute: {
        id: '1',
        apply: (object) => ({ ...object, metadata: { name: `${object.metadata.name}-substituted` } }),
      },
    },
    want: [{ name: 'decrypted-substituted' }],
  },
];

for (const { name, file, request, want } of CASES) {
  test(name, async (t) => {
    const rendered = await render(t, { 'a.yaml': file }, request);

    assert.deepEqual(
      rendered.objects.map(({ metadata }) => metadata),
      want,
    );
  });
}

test('an object that lost its name to substitution is refused', async (t) => {
  const substitute = { id: '1', apply: (object: KubeObject) => ({ ...object, metadata: { name: '' } }) };

  await assert.rejects(render(t, { 'a.yaml': PLAIN }, { substitute }), {
    code: 'RENDER_FAILED',
    message: /ConfigMap\/a is invalid after .*metadata\.name is missing/,
  });
});

test('two objects that substitution made one are refused', async (t) => {
  const substitute = {
    id: '1',
    apply: (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, name: 'same' } }),
  };
  const files = { 'a.yaml': PLAIN, 'b.yaml': PLAIN.replace('name: a', 'name: b') };

  await assert.rejects(render(t, files, { substitute }), { code: 'MANIFEST_INVALID', message: /ConfigMap\/same/ });
});

test('another id of keys or variables is another result of the same directory', async (t) => {
  const renderer = createRenderer({ workDir: '/nonexistent' });
  t.after(() => renderer.close());
  const tree = createMemoryTree({ 'a.yaml': PLAIN });
  const request = { path: '', targetNamespace: undefined };
  const substituteOf = (id: string) => ({
    id,
    apply: (object: KubeObject): KubeObject => ({ ...object, metadata: { name: id } }),
  });
  const signal = new AbortController().signal;
  const first = await renderer.render(tree, { ...request, substitute: substituteOf('one') }, signal);

  const same = await renderer.render(tree, { ...request, substitute: substituteOf('one') }, signal);
  const other = await renderer.render(tree, { ...request, substitute: substituteOf('two') }, signal);

  assert.equal(same, first);
  assert.deepEqual(
    other.objects.map(({ metadata }) => metadata.name),
    ['two'],
  );
});

test('a large file read in slices counts its documents from its start', async () => {
  const documents = Array.from(
    { length: 3_000 },
    (_, index) => `# ${index}\n${PLAIN.replace('name: a', `name: o${index}`)}\n`,
  );

  const located = await parseInSlices(documents.join('---\n'), { file: 'a.yaml' });

  assert.deepEqual(
    located.map(({ object, document }) => `${object.metadata.name} ${document}`),
    documents.map((_, index) => `o${index} ${index + 1}`),
  );
});

test('an error in a large file names its line in the whole of it', async () => {
  const text = `${`${PLAIN}\n---\n`.repeat(3_000)}a: [`;

  const whole = await parseInSlices(text, { file: 'a.yaml' }).catch((error: Error) => error.message);

  assert.throws(() => parseYaml(text, { file: 'a.yaml' }), { message: whole as string });
});

test('ten thousand objects are rendered without keeping others waiting', async (t) => {
  const documents = Array.from({ length: 10_000 }, (_, index) => PLAIN.replace('name: a', `name: o${index}`));
  const turns: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    turns.push(performance.now() - last);
    last = performance.now();
  }, 1);
  t.after(() => clearInterval(timer));

  const rendered = await render(t, { 'a.yaml': documents.join('\n---\n') }, { targetNamespace: 'x' });

  assert.equal(rendered.objects.length, 10_000);
  t.diagnostic(`longest turn ${Math.max(...turns).toFixed(0)} ms of ${turns.length} turns`);
  assert.ok(turns.length > 20, `others had ${turns.length} turns`);
});

async function render(
  t: { after(stop: () => Promise<void>): void },
  files: Record<string, string>,
  request: Partial<RenderRequest>,
): Promise<Rendered> {
  const renderer = createRenderer({ workDir: '/nonexistent' });
  t.after(() => renderer.close());
  const whole = { path: '', targetNamespace: undefined, ...request };
  return renderer.render(createMemoryTree(files), whole, new AbortController().signal);
}
