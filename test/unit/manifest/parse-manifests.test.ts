import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { parseLocatedManifests, parseManifests } from '../../../src/manifest/parse-manifests.ts';
import { requireUnique } from '../../../src/manifest/require-unique.ts';

const A = '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}';
const B = '{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}';

const NAMES: readonly { name: string; given: string; want: readonly string[] }[] = [
  { name: 'objects come in the order of their documents', given: `${B}\n---\n${A}\n`, want: ['b', 'a'] },
  { name: 'a List becomes its items', given: `{apiVersion: v1, kind: List, items: [${A}, ${B}]}`, want: ['a', 'b'] },
  {
    name: 'a typed list becomes its items',
    given: `{apiVersion: v1, kind: ConfigMapList, items: [${A}]}`,
    want: ['a'],
  },
  {
    name: 'lists in lists are flattened',
    given: `{kind: List, apiVersion: v1, items: [{kind: List, apiVersion: v1, items: [${A}]}, ${B}]}`,
    want: ['a', 'b'],
  },
  {
    name: 'a list without items is nothing',
    given: `{apiVersion: v1, kind: List}\n---\n{apiVersion: v1, kind: List, items: null}\n---\n${A}`,
    want: ['a'],
  },
  {
    name: 'an object whose kind merely ends in List stays',
    given: '{apiVersion: x.io/v1, kind: AllowList, metadata: {name: q}, spec: {items: [1]}}',
    want: ['q'],
  },
  { name: 'an empty mapping is nothing', given: `{}\n---\n${A}\n`, want: ['a'] },
];

for (const { name, given, want } of NAMES) {
  test(name, () => {
    const objects = parseManifests(given, { file: 'a.yaml' });

    assert.deepEqual(
      objects.map((object) => object.metadata.name),
      want,
    );
  });
}

test('an object knows its file and document', () => {
  const located = parseLocatedManifests(`# none\n---\n${A}\n`, { file: 'apps/a.yaml' });

  assert.deepEqual(
    located.map(({ file, document }) => ({ file, document })),
    [{ file: 'apps/a.yaml', document: 2 }],
  );
});

const REFUSED: readonly { name: string; given: string; want: string }[] = [
  {
    name: 'text',
    given: 'just text',
    want: 'is no Kubernetes object: a mapping with apiVersion, kind and metadata is expected',
  },
  {
    name: 'a list of objects',
    given: `[${A}]`,
    want: 'is no Kubernetes object: a mapping with apiVersion, kind and metadata is expected',
  },
  {
    name: 'a list whose items are no objects',
    given: '{apiVersion: v1, kind: List, items: [a]}',
    want: 'is no Kubernetes object: a mapping with apiVersion, kind and metadata is expected',
  },
  {
    name: 'a list whose items are no list',
    given: '{apiVersion: v1, kind: List, items: {a: b}}',
    want: 'items must be a list',
  },
  { name: 'no apiVersion', given: '{kind: ConfigMap, metadata: {name: a}}', want: 'apiVersion is missing' },
  { name: 'no kind', given: '{apiVersion: v1, metadata: {name: a}}', want: 'kind is missing' },
  {
    name: 'a number as apiVersion',
    given: '{apiVersion: 1, kind: ConfigMap, metadata: {name: a}}',
    want: 'apiVersion must be a string: quote it',
  },
  { name: 'no metadata', given: '{apiVersion: v1, kind: ConfigMap}', want: 'ConfigMap has no metadata' },
  {
    name: 'text as metadata',
    given: '{apiVersion: v1, kind: ConfigMap, metadata: a}',
    want: 'ConfigMap: metadata must be a mapping',
  },
  {
    name: 'no name',
    given: '{apiVersion: v1, kind: ConfigMap, metadata: {}}',
    want: 'ConfigMap: metadata.name is missing',
  },
  {
    name: 'a number as name',
    given: '{apiVersion: v1, kind: ConfigMap, metadata: {name: 123}}',
    want: 'ConfigMap: metadata.name must be a string: quote it',
  },
  {
    name: 'a number as namespace',
    given: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: 1}}',
    want: 'ConfigMap: metadata.namespace must be a string: quote it',
  },
  {
    name: 'generateName',
    given: '{apiVersion: batch/v1, kind: Job, metadata: {generateName: a-}}',
    want: 'Job has generateName and no name: an object without a fixed name cannot be kept in step with Git; give it metadata.name',
  },
  {
    name: 'a number in ConfigMap data',
    given: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {replicas: 3}}',
    want: 'ConfigMap/a: data.replicas must be a string: quote it',
  },
  {
    name: 'a boolean in stringData',
    given: '{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {on: true}}',
    want: 'Secret/a: stringData.on must be a string: quote it',
  },
  {
    name: 'a boolean as label',
    given: '{apiVersion: x.io/v1, kind: Widget, metadata: {name: a, labels: {on: true}}}',
    want: 'Widget/a: metadata.labels.on must be a string: quote it',
  },
  {
    name: 'a list as annotation',
    given: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {x: [1]}}}',
    want: 'ConfigMap/a: metadata.annotations.x must be a string: quote it',
  },
  {
    name: 'a number as environment value',
    given: deployment('containers: [{name: a, env: [{name: X, value: x}, {name: PORT, value: 8080}]}]'),
    want: 'Deployment/a: spec.template.spec.containers[0].env[1].value must be a string: quote it',
  },
  {
    name: 'a boolean in a node selector',
    given: deployment('nodeSelector: {gpu: true}, containers: []'),
    want: 'Deployment/a: spec.template.spec.nodeSelector.gpu must be a string: quote it',
  },
  {
    name: 'an empty list item',
    given: deployment('containers: [{name: a, args: [x, ~]}]'),
    want: 'Deployment/a: spec.template.spec.containers[0].args[1] is empty: fill it in or remove it',
  },
];

for (const { name, given, want } of REFUSED) {
  test(`${name} is refused, naming file and document`, () => {
    assert.throws(() => parseManifests(`${B}\n---\n${given}\n`, { file: 'apps/a.yaml' }), {
      code: 'MANIFEST_INVALID',
      reason: 'BuildFailed',
      disposition: 'stalled',
      message: `apps/a.yaml, document 2: ${want}`,
    });
  });
}

test('annotations are the text that stands in the file, as kustomize writes them', () => {
  const given = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: a
      annotations: {port: 9090, mode: 0644, on: True, version: 1.0, day: 2024-01-01, none: , text: "1"}
`;

  const [object] = parseManifests(given, { file: 'a.yaml' });

  assert.deepEqual(object?.metadata.annotations, {
    port: '9090',
    mode: '0644',
    on: 'True',
    version: '1.0',
    day: '2024-01-01',
    none: '',
    text: '1',
  });
});

test('empty annotations are left out, as by kustomize', () => {
  const [object] = parseManifests('{apiVersion: v1, kind: X, metadata: {name: a, annotations: {}}}', {
    file: 'a.yaml',
  });

  assert.deepEqual(object?.metadata, { name: 'a' });
});

test('a key named __proto__ is a key like any other', () => {
  const [object] = parseManifests('{apiVersion: v1, kind: X, metadata: {name: a}, spec: {__proto__: {admin: true}}}', {
    file: 'a.yaml',
  });

  assert.deepEqual(Object.keys(object?.spec ?? {}), ['__proto__']);
  assert.equal(({} as { admin?: boolean }).admin, undefined);
});

const SETS: readonly { name: string; given: string; isRefused: boolean }[] = [
  {
    name: 'the same name in another namespace',
    given: '{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: x}}',
    isRefused: false,
  },
  {
    name: 'the same name of another kind',
    given: '{apiVersion: v1, kind: Secret, metadata: {name: a}}',
    isRefused: false,
  },
  {
    name: 'the same name of another group',
    given: '{apiVersion: x.io/v1, kind: ConfigMap, metadata: {name: a}}',
    isRefused: false,
  },
  { name: 'the same object', given: A, isRefused: true },
  {
    name: 'the same object at another version',
    given: '{apiVersion: v2, kind: ConfigMap, metadata: {name: a}}',
    isRefused: true,
  },
];

for (const { name, given, isRefused } of SETS) {
  test(`${name} twice in a set is ${isRefused ? 'refused, naming both places' : 'fine'}`, () => {
    const objects = [
      ...parseLocatedManifests(A, { file: 'one.yaml' }),
      ...parseLocatedManifests(`${B}\n---\n${given}`, { file: 'two.yaml' }),
    ];
    const message = 'ConfigMap/a is there twice: in one.yaml (document 1) and in two.yaml (document 2); remove one';

    if (isRefused) assert.throws(() => requireUnique(objects), { code: 'MANIFEST_INVALID', message });
    else assert.doesNotThrow(() => requireUnique(objects));
  });
}

test('an error is a HawserError that waits for a person', () => {
  assert.throws(() => parseManifests('a: [', { file: 'a.yaml' }), HawserError);
});

function deployment(podSpec: string): string {
  return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {${podSpec}}}}}`;
}
