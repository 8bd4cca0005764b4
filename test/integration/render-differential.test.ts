import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { parseLocatedManifests } from '../../src/manifest/parse-manifests.ts';
import { formatSubject, type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { concludeObjects } from '../../src/render/conclude-objects.ts';
import { createRenderer } from '../../src/render/create-renderer.ts';
import { RENDER_LIMITS } from '../../src/render/render-limits.ts';
import { findKustomize } from '../support/find-kustomize.ts';
import { createMemoryTree } from '../support/memory-tree.ts';

/** Generated directories; each costs one run of kustomize. Another seed finds other ones. */
const RUNS = 60;
const SEED = Number(process.env.HAWSER_TEST_SEED ?? 20_261_123);

const TARGET = 'target';
const name = fc.constantFrom('default', 'one', 'two', 'three');
const namespace = fc.constantFrom(undefined, 'default', 'left', 'right', TARGET);
const metadata = fc.record({ name, namespace }).map(({ name: ownName, namespace: own }) => metadataOf(ownName, own));
const reference = fc.record({ name, namespace }).map(({ name: ownName, namespace: own }) => metadataOf(ownName, own));

const PLAIN_KINDS = [
  ...['v1 ServiceAccount', 'v1 Service', 'v1 Namespace', 'v1 PersistentVolume', 'v1 ConfigMap', 'v1 Secret'],
  ...[
    'rbac.authorization.k8s.io/v1 ClusterRole',
    'rbac.authorization.k8s.io/v1 Role',
    'storage.k8s.io/v1 StorageClass',
  ],
  ...[
    'example.com/v1 Namespace',
    'serving.example.com/v1 Service',
    'example.com/v1 RoleBinding',
    'example.com/v1 Thing',
  ],
  ...['admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy', 'policy/v1 PodDisruptionBudget'],
  ...['gateway.networking.k8s.io/v1 GatewayClass', 'scheduling.k8s.io/v1 PriorityClass'],
];

const plain = fc.record({ kind: fc.constantFrom(...PLAIN_KINDS), metadata }).map(({ kind, metadata: meta }) => {
  const [apiVersion = '', ownKind = ''] = kind.split(' ');
  return { apiVersion, kind: ownKind, metadata: meta };
});

const roleBinding = fc.record({
  apiVersion: fc.constant('rbac.authorization.k8s.io/v1'),
  kind: fc.constantFrom('RoleBinding', 'ClusterRoleBinding'),
  metadata,
  roleRef: fc.constant({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'one' }),
  subjects: fc.array(
    fc
      .record({ kind: fc.constantFrom('ServiceAccount', 'User'), at: reference })
      .map(({ kind, at }) => ({ kind, ...at })),
    { maxLength: 3 },
  ),
});

const webhook = fc.record({
  apiVersion: fc.constant('admissionregistration.k8s.io/v1'),
  kind: fc.constantFrom('MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'),
  metadata,
  webhooks: fc.array(
    fc.record({
      name,
      clientConfig: fc.oneof(
        reference.map((service) => ({ service })),
        fc.constant({ url: 'https://x' }),
      ),
    }),
    { maxLength: 2 },
  ),
});

const apiService = fc.record({
  apiVersion: fc.constant('apiregistration.k8s.io/v1'),
  kind: fc.constant('APIService'),
  metadata,
  spec: fc.oneof(
    reference.map((service) => ({ group: 'g', service })),
    fc.constant({ group: 'g' }),
  ),
});

const definition = fc.record({
  apiVersion: fc.constant('apiextensions.k8s.io/v1'),
  kind: fc.constant('CustomResourceDefinition'),
  metadata,
  spec: fc.oneof(
    reference.map((service) => ({ conversion: { strategy: 'Webhook', webhook: { clientConfig: { service } } } })),
    fc.constant({ conversion: { strategy: 'None' } }),
  ),
});

const annotated = fc
  .record({
    object: plain,
    annotation: fc.constantFrom(
      { 'config.kubernetes.io/local-config': 'true' },
      { 'config.kubernetes.io/local-config': 'false' },
      { 'config.kubernetes.io/origin': 'path: x', keep: 'me' },
      { 'config.kubernetes.io/index': '0' },
      { 'internal.config.kubernetes.io/path': 'x' },
    ),
  })
  .map(({ object, annotation }) => ({ ...object, metadata: { ...object.metadata, annotations: annotation } }));

/** YAML whose values are read differently by different readers. */
const written = fc
  .record({
    name,
    scalar: fc.constantFrom('0644', '0o17', '1_000', '1.10', '1e3', '"yes"', 'yes', '9007199254740993', '~'),
  })
  .map(
    ({ name: ownName, scalar }) =>
      `# comment\napiVersion: example.com/v1\nkind: Written\nmetadata: {name: ${ownName}}\nspec:\n  value: ${scalar}\n`,
  );

/** A binding and a ServiceAccount, or a webhook and a Service, that may mean each other. */
const pair = fc.oneof(
  fc.record({ binding: roleBinding, at: metadata, subject: namespace }).map(({ binding, at, subject }) => [
    { ...binding, subjects: [...binding.subjects, { kind: 'ServiceAccount', ...metadataOf(at.name, subject) }] },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: at },
  ]),
  fc.record({ hook: webhook, at: metadata, service: namespace }).map(({ hook, at, service }) => [
    { ...hook, webhooks: [{ name: 'x', clientConfig: { service: metadataOf(at.name, service) } }] },
    { apiVersion: 'v1', kind: 'Service', metadata: at },
  ]),
);

const object = fc.oneof({ weight: 4, arbitrary: plain }, roleBinding, webhook, apiService, definition, annotated);
const document = fc.oneof(
  { weight: 6, arbitrary: object.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: pair.map((values) => values.map((value) => JSON.stringify(value)).join('\n---\n')) },
  { weight: 1, arbitrary: written },
  {
    weight: 1,
    arbitrary: fc
      .array(object, { maxLength: 2 })
      .map((items) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })),
  },
  { weight: 1, arbitrary: fc.constant('# nothing') },
);
const file = fc.array(document, { minLength: 1, maxLength: 4 }).map((documents) => documents.join('\n---\n'));
const directory = fc.dictionary(fc.constantFrom('a.yaml', 'b.yml', 'c/a.yaml', 'c/d/e.yaml', 'z.yaml'), file, {
  minKeys: 1,
});

for (const targetNamespace of [undefined, TARGET]) {
  test(`a plain directory renders as kustomize builds it, ${targetNamespace ? 'moved to a namespace' : 'as it is'}`, async (t) => {
    const workDir = await mkdtemp(join(tmpdir(), 'hawser-differential-'));
    t.after(() => rm(workDir, { recursive: true, force: true }));
    const kustomizePath = await findKustomize();
    const renderer = createRenderer({ workDir, kustomizePath });
    t.after(() => renderer.close());
    let built = 0;

    await fc.assert(
      fc.asyncProperty(directory, async (files) => {
        const signal = new AbortController().signal;

        const ours = await settle(
          async () => (await renderer.render(createMemoryTree(files), { path: '', targetNamespace }, signal)).objects,
        );
        const theirs = await settle(() => buildWithKustomize({ kustomizePath, workDir, files, targetNamespace }));

        assert.deepEqual(ours.objects, theirs.objects, `${ours.error}\n${theirs.error}`);
        built += theirs.objects ? 1 : 0;
      }),
      { numRuns: RUNS, seed: SEED },
    );

    assert.ok(built > RUNS / 4, `only ${built} of ${RUNS} directories could be built: the comparison says little`);
  });
}

/** Objects by name, since kustomize sorts by kind and we leave the order to apply; or why there are none. */
async function settle(
  read: () => Promise<readonly KubeObject[]>,
): Promise<{ objects?: readonly KubeObject[]; error?: string }> {
  try {
    return { objects: (await read()).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) };
  } catch (error) {
    return { error: String(error) };
  }
}

/** What Flux does with a directory without a kustomization: generate one that lists every manifest, and build it. */
async function buildWithKustomize(build: {
  kustomizePath: string;
  workDir: string;
  files: Readonly<Record<string, string>>;
  targetNamespace: string | undefined;
}): Promise<readonly KubeObject[]> {
  const root = await mkdtemp(join(build.workDir, 'reference-'));
  try {
    const resources = Object.keys(build.files);
    const kustomization = { resources, namespace: build.targetNamespace };
    const all = { ...build.files, 'kustomization.yaml': JSON.stringify(kustomization) };
    for (const [path, content] of Object.entries(all)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    const { stdout } = await promisify(execFile)(build.kustomizePath, ['build', root]);
    const built = parseLocatedManifests(stdout, { file: 'kustomize' });
    return (await concludeObjects(built, RENDER_LIMITS)).objects;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function metadataOf(ownName: string, own: string | undefined): { name: string; namespace?: string } {
  return own === undefined ? { name: ownName } : { name: ownName, namespace: own };
}

function keyOf(value: KubeObject): string {
  return `${value.apiVersion} ${formatSubject(refOf(value))}`;
}
