import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { Overlay } from '../../src/render/render-request.ts';
import { buildFiles, sorted, toConcluded } from '../support/build-with-kustomize.ts';
import { findKustomize } from '../support/find-kustomize.ts';
import { startRenderer } from '../support/start-renderer.ts';
import { type Fields, writeCommonMetadata, writeOverlay } from '../support/write-overlay.ts';

/** Each run costs one or two builds. Another seed finds other directories. */
const RUNS = 80;
const SEED = Number(process.env.HAWSER_TEST_SEED ?? 20_261_123);

const name = fc.constantFrom('one', 'two', 'three');
const imageName = fc.constantFrom('nginx', 'acme/web', 'acme/web:1', 'host:5000/acme/web', 'acme.web', 'n(ginx)?');
const version = fc.constantFrom('', ':1', ':2-a', '@sha256:0a', ':1@sha256:0a', ':{TAG}', '@sha512:0a');
const image = fc
  .record({ base: fc.constantFrom('nginx', 'acme/web', 'acmexweb', 'host:5000/acme/web'), version })
  .map(({ base, version: own }) => base + own);
const container = fc.oneof(
  { weight: 6, arbitrary: fc.record({ name, image }) },
  fc.record({ name }),
  fc.record({ name, image: fc.constantFrom(1, null, '') }),
);
const containers = fc.array(container, { maxLength: 2 });
const podSpec = fc.record(
  {
    containers,
    initContainers: containers,
    volumes: fc.array(fc.oneof(fc.record({ name, image: fc.record({ reference: image }) }), fc.record({ name })), {
      maxLength: 2,
    }),
  },
  { requiredKeys: ['containers'] },
);
const metadata = fc.record({ name, namespace: fc.constantFrom('left', 'right') }, { requiredKeys: ['name'] });

const manifest = fc.oneof(
  fc.record({ apiVersion: fc.constant('v1'), kind: fc.constant('Pod'), metadata, spec: podSpec }),
  {
    weight: 3,
    arbitrary: fc.record({
      apiVersion: fc.constant('apps/v1'),
      kind: fc.constantFrom('Deployment', 'StatefulSet'),
      metadata,
      spec: fc.record({ template: fc.record({ spec: podSpec }) }),
    }),
  },
  fc.record({
    apiVersion: fc.constantFrom('example.com/v1', 'apiextensions.k8s.io/v1'),
    kind: fc.constantFrom('Thing', 'CustomResourceDefinition'),
    metadata,
    spec: fc.record({ deep: fc.array(fc.record({ containers }), { maxLength: 2 }) }),
  }),
  fc.record({ apiVersion: fc.constant('v1'), kind: fc.constantFrom('ConfigMap', 'ServiceAccount'), metadata }),
);
const manifests = fc.uniqueArray(manifest, {
  minLength: 2,
  maxLength: 6,
  selector: ({ kind, metadata: { name: own } }) => `${kind}/${own}`,
});

const imageEntry = fc.record(
  {
    name: imageName,
    newName: fc.constantFrom('mirror/web', 'nginx', 'acme/web', '123'),
    newTag: fc.constantFrom('9', 'v1.2', '1e3'),
    digest: fc.constant('sha256:0c'),
  },
  { requiredKeys: ['name'] },
);
const images = fc.array(imageEntry, { maxLength: 3 });
const patch = fc.oneof(
  name.map((own) => ({
    patch: JSON.stringify([{ op: 'add', path: '/metadata/labels', value: { patched: own } }]),
    target: { kind: 'Deployment|Pod', name: own },
  })),
  fc
    .record({ own: name, target: fc.constantFrom({ kind: 'Deployment' }, { kind: 'Deployment' }, undefined) })
    .map(({ own, target }) => ({
      patch: `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${own}, annotations: {patched: "yes"}}\n`,
      ...(target && { target }),
    })),
  name.map((own) => ({
    patch: `apiVersion: v1\nkind: Pod\nmetadata: {name: ${own}}\n$patch: delete\n`,
    target: { kind: 'Pod', name: own },
  })),
);
const patches = fc.array(patch, { maxLength: 2 });

const overlay = fc.record(
  {
    targetNamespace: fc.constant('target'),
    namePrefix: fc.constantFrom('a-', 'b-'),
    nameSuffix: fc.constant('-z'),
    images,
    patches,
    patchesStrategicMerge: fc.array(
      name.map((own) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: own }, data: { merged: 'yes' } })),
      { maxLength: 1 },
    ),
    patchesJson6902: fc.array(
      name.map((own) => ({
        target: { kind: 'StatefulSet', name: own },
        patch: [{ op: 'add' as const, path: '/spec/replicas', value: 3 }],
      })),
      { maxLength: 1 },
    ),
    components: fc.constantFrom(['../part'], ['../part', '../gone'], ['../gone']),
    ignoreMissingComponents: fc.constantFrom(true, true, true, false),
    buildMetadata: fc.constantFrom(['originAnnotations' as const], ['transformerAnnotations' as const]),
    commonMetadata: fc.record(
      { labels: fc.constant({ team: 'a' }), annotations: fc.constant({ note: 'b', patched: 'no' }) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
/** Only what is put into plain manifests in process. */
const light = fc.record({ targetNamespace: fc.constant('target'), images }, { requiredKeys: ['images'] });

const own = fc.record(
  {
    namePrefix: fc.constant('own-'),
    nameSuffix: fc.constant('-own'),
    namespace: fc.constant('own'),
    images: images.map((entries) => entries.filter((entry, index) => isFirst(entries, entry, index))),
    patches,
    labels: fc.constant([{ pairs: { own: 'yes' } }]),
    buildMetadata: fc.constant(['originAnnotations']),
    configMapGenerator: fc.constant([{ name: 'generated', literals: ['a=b'] }]),
  },
  { requiredKeys: [] },
);

const PART = {
  'part/kustomization.yaml': 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [part.yaml]\n',
  'part/part.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: part}}',
};

const CASES = [
  { name: 'a kustomization with the fields of a spec', file: own, spec: overlay },
  { name: 'a plain directory with the fields of a spec', file: fc.constant(undefined), spec: overlay },
  { name: 'a plain directory with images of a spec', file: fc.constant(undefined), spec: light },
] as const;

for (const { name: title, file, spec } of CASES) {
  test(`${title} renders as kustomize builds it with the same fields written by hand`, async (t) => {
    const kustomizePath = await findKustomize();
    const { render } = await startRenderer(t);
    let built = 0;

    await fc.assert(
      fc.asyncProperty(fc.record({ manifests, file, spec }), async (given) => {
        const { targetNamespace, ...overlay } = given.spec as Overlay & { targetNamespace?: string };
        const files = { ...toFiles(given.manifests), ...PART };
        const base = given.file && { resources: ['a.yaml', 'b.yaml'], ...given.file };
        const kustomized = base ? { ...files, 'app/kustomization.yaml': JSON.stringify(base) } : files;

        const ours = await settle(
          async () => (await render(kustomized, { path: 'app', targetNamespace, overlay })).objects,
        );
        const theirs = await settle(() => reference({ kustomizePath, files, base, spec: given.spec }));

        assert.deepEqual(ours.objects, theirs.objects, `${ours.error}\n${theirs.error}`);
        built += theirs.objects ? 1 : 0;
      }),
      { numRuns: RUNS, seed: SEED },
    );

    t.diagnostic(`${built} of ${RUNS} directories could be built and were equal, the others failed in both`);
    assert.ok(built > RUNS / 3, `only ${built} of ${RUNS} directories could be built: the comparison says little`);
  });
}

function toFiles(values: readonly unknown[]): Record<string, string> {
  const toText = (some: readonly unknown[]): string => some.map((value) => JSON.stringify(value)).join('\n---\n');
  return { 'app/a.yaml': toText(values.slice(0, 1)), 'app/b.yaml': toText(values.slice(1)) };
}

async function reference(given: {
  kustomizePath: string;
  files: Readonly<Record<string, string>>;
  base: Fields | undefined;
  spec: Fields;
}): Promise<readonly KubeObject[]> {
  const file = writeOverlay(given.base ?? { resources: ['a.yaml', 'b.yaml'] }, given.spec, ['../gone']);
  const files = { ...given.files, 'app/kustomization.yaml': JSON.stringify(file) };
  const objects = await buildFiles(given.kustomizePath, files, 'app');
  writeCommonMetadata(objects, given.spec);
  return toConcluded(objects);
}

async function settle(
  read: () => Promise<readonly KubeObject[]>,
): Promise<{ objects?: readonly KubeObject[]; error?: string }> {
  try {
    return { objects: sorted(await read()) };
  } catch (error) {
    return { error: String(error) };
  }
}

function isFirst(entries: readonly { name: string }[], entry: { name: string }, index: number): boolean {
  return entries.findIndex((candidate) => candidate.name === entry.name) === index;
}
