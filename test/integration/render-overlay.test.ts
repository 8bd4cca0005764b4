import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { Overlay, Rendered } from '../../src/render/render-request.ts';
import { type Files, startRenderer as start } from '../support/start-renderer.ts';

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: "acme/web:1@sha256:0a"}]
`;
const SETTINGS = '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: "1"}}';

/** The same manifests, with and without a kustomization of their own. */
const PLAIN: Files = { 'web.yaml': WEB, 'settings.yaml': SETTINGS };
const KUSTOMIZED: Files = {
  ...PLAIN,
  'kustomization.yaml': `
resources: [web.yaml, settings.yaml]
namePrefix: own-
images: [{name: acme/web, newName: mirror/web, newTag: "2"}]
patches: [{patch: "- {op: add, path: /metadata/labels, value: {from: file}}", target: {kind: Deployment}}]
`,
};

const LABEL = '- {op: add, path: /metadata/labels, value: {from: spec}}';
const COMPONENT: Files = {
  'parts/kustomization.yaml': 'kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -part',
};

interface Case {
  readonly name: string;
  readonly files: Files;
  readonly overlay: Overlay;
  readonly want: (rendered: Rendered) => unknown;
  readonly is: unknown;
}

const CASES: readonly Case[] = [
  {
    name: 'namePrefix goes before the names of plain manifests',
    files: PLAIN,
    overlay: { namePrefix: 'a-' },
    want: namesOf,
    is: ['a-settings', 'a-web'],
  },
  {
    name: 'nameSuffix goes behind the names of plain manifests',
    files: PLAIN,
    overlay: { nameSuffix: '-z' },
    want: namesOf,
    is: ['settings-z', 'web-z'],
  },
  {
    name: 'namePrefix replaces the prefix of the file',
    files: KUSTOMIZED,
    overlay: { namePrefix: 'a-' },
    want: namesOf,
    is: ['a-settings', 'a-web'],
  },
  {
    name: 'patches follow those of the file',
    files: KUSTOMIZED,
    overlay: { patches: [{ patch: LABEL, target: { kind: 'Deployment' } }] },
    want: labelsOf,
    is: { from: 'spec' },
  },
  {
    name: 'a strategic merge patch finds its object by name',
    files: PLAIN,
    overlay: {
      patches: [{ patch: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {from: spec}}' }],
    },
    want: labelsOf,
    is: { from: 'spec' },
  },
  {
    name: 'a patch whose target is not there changes nothing',
    files: PLAIN,
    overlay: { patches: [{ patch: LABEL, target: { kind: 'StatefulSet' } }] },
    want: labelsOf,
    is: undefined,
  },
  {
    name: 'several $patch: delete in one patch each delete',
    files: PLAIN,
    overlay: {
      patches: [
        { patch: `${deletion('apps/v1', 'Deployment', 'web')}---\n${deletion('v1', 'ConfigMap', 'settings')}` },
      ],
    },
    want: namesOf,
    is: [],
  },
  {
    name: 'several $patch: delete in several patches each delete',
    files: KUSTOMIZED,
    overlay: {
      patches: [
        { patch: deletion('apps/v1', 'Deployment', 'web') },
        { patch: deletion('v1', 'ConfigMap', 'settings') },
      ],
    },
    want: namesOf,
    is: [],
  },
  {
    name: 'the legacy patchesStrategicMerge patches',
    files: PLAIN,
    overlay: {
      patchesStrategicMerge: [
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { from: 'spec' } } },
      ],
    },
    want: labelsOf,
    is: { from: 'spec' },
  },
  {
    name: 'the legacy patchesJson6902 patches',
    files: PLAIN,
    overlay: {
      patchesJson6902: [
        {
          target: { kind: 'Deployment', name: 'web' },
          patch: [{ op: 'add', path: '/metadata/labels', value: { from: 'spec' } }],
        },
      ],
    },
    want: labelsOf,
    is: { from: 'spec' },
  },
  {
    name: 'an image is replaced in plain manifests',
    files: PLAIN,
    overlay: { images: [{ name: 'acme/web', newName: 'acme/site', newTag: '3' }] },
    want: imageOf,
    is: 'acme/site:3',
  },
  {
    name: 'an image of the spec keeps what only the file sets',
    files: KUSTOMIZED,
    overlay: { images: [{ name: 'acme/web', newTag: '3' }] },
    want: imageOf,
    is: 'mirror/web:3',
  },
  {
    name: 'a digest of the spec replaces the tag of the file',
    files: KUSTOMIZED,
    overlay: { images: [{ name: 'acme/web', digest: 'sha256:0b' }] },
    want: imageOf,
    is: 'mirror/web@sha256:0b',
  },
  {
    name: 'an image without tag and digest keeps those of the file',
    files: KUSTOMIZED,
    overlay: { images: [{ name: 'acme/web', newName: 'other/web' }] },
    want: imageOf,
    is: 'other/web:2',
  },
  {
    name: 'a component is added to a kustomization',
    files: { ...KUSTOMIZED, ...COMPONENT },
    overlay: { components: ['./parts'] },
    want: namesOf,
    is: ['own-settings-part', 'own-web-part'],
  },
  {
    name: 'a missing component is left out if the spec says so',
    files: KUSTOMIZED,
    overlay: { components: ['./gone'], ignoreMissingComponents: true },
    want: namesOf,
    is: ['own-settings', 'own-web'],
  },
  {
    name: 'common metadata overrides labels and stays out of templates',
    files: KUSTOMIZED,
    overlay: { commonMetadata: { labels: { from: 'all' }, annotations: { note: 'x' } } },
    want: (rendered) => [labelsOf(rendered), JSON.stringify(rendered.objects).split('"all"').length - 1],
    is: [{ from: 'all' }, 2],
  },
  {
    name: 'buildMetadata tells where an object stands, without a directory of this machine',
    files: KUSTOMIZED,
    overlay: { buildMetadata: ['originAnnotations', 'transformerAnnotations'] },
    want: (rendered) => rendered.objects.find(({ kind }) => kind === 'ConfigMap')?.metadata.annotations,
    is: {
      'config.kubernetes.io/origin': 'path: settings.yaml\n',
      'alpha.config.kubernetes.io/transformations': ['PatchTransformer', 'PrefixTransformer', 'ImageTagTransformer']
        .map(
          (kind) => `- configuredIn: kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: ${kind}\n`,
        )
        .join(''),
    },
  },
  {
    name: 'build metadata that the file asks for stays',
    files: { ...PLAIN, 'kustomization.yaml': 'resources: [settings.yaml]\nbuildMetadata: [originAnnotations]' },
    overlay: {},
    want: annotationsOf,
    is: [{ 'config.kubernetes.io/origin': 'path: settings.yaml\n' }],
  },
  {
    name: 'a file without resources gets origin annotations, as under Flux',
    files: { 'kustomization.yaml': 'configMapGenerator: [{name: a, literals: [b=c]}]' },
    overlay: {},
    want: (rendered) => JSON.stringify(annotationsOf(rendered)).includes('ConfigMapGenerator'),
    is: true,
  },
  {
    name: 'an empty directory with an overlay is empty',
    files: { 'README.md': '' },
    overlay: { namePrefix: 'a-' },
    want: namesOf,
    is: [],
  },
];

for (const { name, files, overlay, want, is } of CASES) {
  test(name, async (t) => {
    const { render, workDir } = await start(t);

    const rendered = await render(files, { overlay });

    assert.deepEqual(want(rendered), is);
    assert.ok(!JSON.stringify(rendered).includes(workDir));
    assert.deepEqual(await readdir(workDir).catch(() => []), [], 'nothing is left behind');
  });
}

test('another overlay is another result, the same one is not built again', async (t) => {
  const { render } = await start(t);
  const first = await render(KUSTOMIZED, { overlay: { commonMetadata: { labels: { a: 'b' } } } });

  const same = await render(KUSTOMIZED, { overlay: { commonMetadata: { labels: { a: 'b' } } } });
  const other = await render(KUSTOMIZED, { overlay: { commonMetadata: { labels: { a: 'c' } } } });
  const prefixed = await render(KUSTOMIZED, { overlay: { namePrefix: 'x-' } });

  assert.equal(same.objects, first.objects);
  assert.equal(new Set([first, other, prefixed].map(({ digest }) => digest)).size, 3);
});

function deletion(apiVersion: string, kind: string, name: string): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}}\n$patch: delete\n`;
}

function namesOf(rendered: Rendered): readonly string[] {
  return rendered.objects.map((object) => object.metadata.name).sort();
}

function annotationsOf(rendered: Rendered): readonly unknown[] {
  return rendered.objects.map((object) => object.metadata.annotations);
}

function labelsOf(rendered: Rendered): unknown {
  return rendered.objects.find(({ kind }) => kind === 'Deployment')?.metadata.labels;
}

function imageOf(rendered: Rendered): unknown {
  const web = rendered.objects.find(({ kind }) => kind === 'Deployment');
  const spec = web?.spec as { template: { spec: { containers: { image: string }[] } } };
  return spec.template.spec.containers[0]?.image;
}
