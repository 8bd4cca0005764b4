import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectClosure } from '../../../src/render/collect-closure.ts';
import { createSnapshotPaths } from '../../../src/render/snapshot-paths.ts';
import { createMemoryTree, type MemoryEntry } from '../../support/memory-tree.ts';

const FOUND: readonly { name: string; kustomization: string; files?: Record<string, MemoryEntry>; want: string[] }[] = [
  {
    name: 'resources, patches, generators and replacements, and nothing beside them',
    kustomization: `
resources: [deployment.yaml]
patches: [{path: patch.yaml}, {patch: "[]", target: {kind: Service}}]
patchesStrategicMerge: [merge.yaml, "{kind: ConfigMap}"]
patchesJson6902: [{path: json.yaml, target: {kind: Service}}]
configMapGenerator: [{name: a, files: [plain.txt, key=other.txt], envs: [a.env], env: b.env, literals: [x=/etc/passwd]}]
replacements: [{path: replace.yaml}]
crds: [crd.json]
configurations: [config.yaml]
openapi: {path: schema.json}
`,
    files: Object.fromEntries(
      [
        ...['deployment.yaml', 'patch.yaml', 'merge.yaml', 'json.yaml', 'plain.txt', 'other.txt', 'a.env', 'b.env'],
        ...['replace.yaml', 'crd.json', 'config.yaml', 'schema.json', 'unrelated.yaml'],
      ].map((name) => [`app/${name}`, '']),
    ),
    want: [
      ...['a.env', 'b.env', 'config.yaml', 'crd.json', 'deployment.yaml', 'json.yaml', 'kustomization.yaml'],
      ...['merge.yaml', 'other.txt', 'patch.yaml', 'plain.txt', 'replace.yaml', 'schema.json'],
    ].map((name) => `app/${name}`),
  },
  {
    name: 'bases and components, and what they name in turn',
    kustomization: 'resources: [../base]\ncomponents: [../parts/one]',
    files: {
      'base/kustomization.yml': 'resources: [a.yaml, ../shared]',
      'base/a.yaml': '',
      'shared/Kustomization': 'resources: [s.yaml]',
      'shared/s.yaml': '',
      'parts/one/kustomization.yaml': 'kind: Component\npatches: [{path: p.yaml}]',
      'parts/one/p.yaml': '',
    },
    want: [
      ...['app/kustomization.yaml', 'base/a.yaml', 'base/kustomization.yml', 'parts/one/kustomization.yaml'],
      ...['parts/one/p.yaml', 'shared/Kustomization', 'shared/s.yaml'],
    ],
  },
  {
    name: 'bases that name each other once each',
    kustomization: 'resources: [../base]',
    files: { 'base/kustomization.yaml': 'resources: [../app]' },
    want: ['app/kustomization.yaml', 'base/kustomization.yaml'],
  },
  {
    name: 'the files that built-in plugins name, inline and by path',
    kustomization: `
transformers:
- transformer.yaml
- |
  {apiVersion: builtin, kind: PatchTransformer, metadata: {name: inline}, path: inline.yaml}
`,
    files: {
      'app/transformer.yaml':
        '{apiVersion: builtin, kind: ReplacementTransformer, metadata: {name: r}, replacements: [{path: r.yaml}]}',
      'app/r.yaml': '',
      'app/inline.yaml': '',
    },
    want: ['app/inline.yaml', 'app/kustomization.yaml', 'app/r.yaml', 'app/transformer.yaml'],
  },
  {
    name: 'the target of a symlink inside the snapshot',
    kustomization: 'resources: [link.yaml, dir]',
    files: {
      'app/link.yaml': { symlink: '../real/a.yaml' },
      'app/dir': { symlink: '../real' },
      'real/a.yaml': '',
      'real/kustomization.yaml': 'resources: [a.yaml]',
    },
    want: ['app/kustomization.yaml', 'real/a.yaml', 'real/kustomization.yaml'],
  },
];

for (const { name, kustomization, files = {}, want } of FOUND) {
  test(`the closure holds ${name}`, async () => {
    const closure = await collect({ 'app/kustomization.yaml': kustomization, ...files });

    assert.deepEqual([...closure.files.keys()].sort(), want);
  });
}

const REFUSED: readonly {
  name: string;
  kustomization: string;
  files?: Record<string, MemoryEntry>;
  message: string;
}[] = [
  {
    name: 'a missing resource',
    kustomization: 'resources: [a.yaml, missing.yaml]',
    files: { 'app/a.yaml': '' },
    message: "app/kustomization.yaml: resources[1] 'missing.yaml': no such file or directory",
  },
  {
    name: 'a path that leaves the source',
    kustomization: 'configMapGenerator: [{name: a, files: [x=../../../etc/passwd]}]',
    message: "app/kustomization.yaml: configMapGenerator[0].files[0] '../../../etc/passwd' leads out of the source",
  },
  {
    name: 'an absolute path',
    kustomization: 'configMapGenerator: [{name: a, envs: [/proc/self/environ]}]',
    message: "app/kustomization.yaml: configMapGenerator[0].envs[0] '/proc/self/environ' leads out of the source",
  },
  {
    name: 'an absolute path in a built-in plugin',
    kustomization:
      'generators: ["{apiVersion: builtin, kind: ConfigMapGenerator, metadata: {name: a}, files: [/etc/passwd]}"]',
    message: "app/kustomization.yaml: generators[0]: files[0] '/etc/passwd' leads out of the source",
  },
  {
    name: 'a symlink out of the repository',
    kustomization: 'resources: [link.yaml]',
    files: { 'app/link.yaml': { symlink: '/etc/passwd' } },
    message: "'app/link.yaml' is a symbolic link that leads out of the repository",
  },
  {
    name: 'a path under a key in another case, which kustomize would read',
    kustomization: 'patches: [{Path: /etc/passwd}]',
    message: "app/kustomization.yaml: patches[0].Path: write 'path'",
  },
  {
    name: 'an unknown field of a base',
    kustomization: 'resources: [../base]',
    files: { 'base/kustomization.yaml': 'Resources: [/etc/passwd]' },
    message: "base/kustomization.yaml: unknown field 'Resources'",
  },
  {
    name: 'a plugin that is a program',
    kustomization: 'transformers: ["{apiVersion: example.com/v1, kind: Evil, metadata: {name: a}}"]',
    message:
      "app/kustomization.yaml: transformers[0]: 'example.com/v1/Evil' is not a built-in plugin; no other plugin is run",
  },
  {
    name: 'a Helm chart',
    kustomization: 'helmCharts: [{name: a}]',
    message: 'app/kustomization.yaml: helmCharts: Helm charts are not built',
  },
  {
    name: 'a Helm chart as a plugin',
    kustomization: 'generators: ["{apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: a}}"]',
    message:
      "app/kustomization.yaml: generators[0]: 'builtin/HelmChartInflationGenerator' is not a built-in plugin; no other plugin is run",
  },
  {
    name: 'a directory without a kustomization',
    kustomization: 'resources: [../base]',
    files: { 'base/a.yaml': '' },
    message: "'base' holds no kustomization.yaml",
  },
  {
    name: 'a directory with two kustomizations',
    kustomization: 'resources: [../base]',
    files: { 'base/kustomization.yaml': '', 'base/Kustomization': '' },
    message: "'base' holds several kustomization files: kustomization.yaml, Kustomization",
  },
  {
    name: 'a submodule',
    kustomization: 'resources: [../module]',
    files: { module: { submodule: 'x' } },
    message: "app/kustomization.yaml: resources[0] '../module' is a Git submodule, which is not fetched",
  },
  {
    name: 'a field of the wrong type',
    kustomization: 'resources: deployment.yaml',
    message: 'app/kustomization.yaml: resources must be a list',
  },
  {
    name: 'two documents',
    kustomization: 'resources: []\n---\nresources: [/etc/passwd]',
    message: 'app/kustomization.yaml: a kustomization file holds one document, this one holds more',
  },
];

for (const { name, kustomization, files = {}, message } of REFUSED) {
  test(`the closure refuses ${name}`, async () => {
    await assert.rejects(collect({ 'app/kustomization.yaml': kustomization, ...files }), {
      code: 'RENDER_FAILED',
      reason: 'BuildFailed',
      message: `kustomize build failed: ${message}`,
    });
  });
}

const REMOTE = [
  'https://github.com/acme/app//deploy?ref=main',
  'HTTP://example.com/a.yaml',
  'github.com/acme/app',
  'git@github.com:acme/app.git',
  'git::https://example.com/app',
  'ssh://git@example.com/app',
  'file:///etc/passwd',
  'example.com/acme/app?ref=v1',
];

for (const reference of REMOTE) {
  test(`the closure refuses the remote base ${reference}, even where a path of that name exists`, async () => {
    const files = {
      'app/kustomization.yaml': `resources: ["${reference}"]`,
      [`app/${reference.replace('//', '/')}`]: '',
    };

    await assert.rejects(collect(files), { code: 'RENDER_FAILED', message: /is remote; only files of this source/ });
  });
}

test('the root kustomization gets the target namespace and loses fields that kustomize does not know', async () => {
  const files = { 'app/kustomization.yaml': 'resources: [a.yaml]\nnamespace: old\nowner: me', 'app/a.yaml': '' };

  const closure = await collect(files, 'new');

  assert.deepEqual(closure.files.get('app/kustomization.yaml'), {
    kind: 'written',
    text: '{"namespace":"new","resources":["a.yaml"]}',
  });
  assert.deepEqual(closure.warnings, ["app/kustomization.yaml: unknown field 'owner' was ignored"]);
});

test('followed symlinks are part of the closure', async () => {
  const closure = await collect({
    'app/kustomization.yaml': 'resources: [link.yaml]',
    'app/link.yaml': { symlink: '../real.yaml' },
    'real.yaml': '',
  });

  assert.deepEqual([...closure.links], [['app/link.yaml', '../real.yaml']]);
});

function collect(files: Record<string, MemoryEntry>, targetNamespace?: string): ReturnType<typeof collectClosure> {
  return collectClosure(createSnapshotPaths(createMemoryTree(files)), 'app', { targetNamespace });
}
