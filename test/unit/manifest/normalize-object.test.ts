import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { normalizeObject } from '../../../src/manifest/normalize-object.ts';
import { parseManifests } from '../../../src/manifest/parse-manifests.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

const FIXTURES = new URL('../../fixtures/manifest/normalize/', import.meta.url);

/**
 * What a round trip through Kubernetes' Go types and Flux's port and Secret rules makes of the same objects, with what
 * the API server fills into values that are owned whole.
 */
for (const file of ['workloads', 'others']) {
  const given = readObjects(`${file}.yaml`);
  const want = readObjects(`${file}.normalized.yaml`);
  for (const [index, object] of given.entries()) {
    test(`a ${object.kind} is sent as Flux sends it`, () => {
      const before = structuredClone(object);

      const normalized = normalizeObject(object);

      assert.deepEqual(sortKeys(normalized), sortKeys(want[index]));
      assert.deepEqual(object, before, 'the object itself is left alone');
      assert.deepEqual(normalizeObject(normalized), normalized, 'a second time changes nothing');
    });
  }
}

const CASES: readonly { name: string; given: object; want: object }[] = [
  {
    name: 'what the API server writes into metadata is dropped',
    given: {
      ...object('example.com/v1', 'Widget'),
      metadata: {
        name: 'a',
        namespace: '',
        uid: 'u',
        resourceVersion: '1',
        generation: 2,
        selfLink: '/x',
        creationTimestamp: null,
        managedFields: [],
        finalizers: ['x/y'],
      },
      status: {},
    },
    want: { ...object('example.com/v1', 'Widget'), metadata: { name: 'a', finalizers: ['x/y'] } },
  },
  {
    name: 'the rules of an aggregated ClusterRole are left to its controller',
    given: {
      ...object('rbac.authorization.k8s.io/v1', 'ClusterRole'),
      aggregationRule: { clusterRoleSelectors: [] },
      rules: [],
    },
    want: { ...object('rbac.authorization.k8s.io/v1', 'ClusterRole'), aggregationRule: { clusterRoleSelectors: [] } },
  },
  {
    name: 'the empty rules of a plain ClusterRole are sent',
    given: { ...object('rbac.authorization.k8s.io/v1', 'ClusterRole'), rules: [] },
    want: { ...object('rbac.authorization.k8s.io/v1', 'ClusterRole'), rules: [] },
  },
  {
    name: 'a CustomResourceDefinition loses its status and a broken CA bundle',
    given: { ...crd({ caBundle: 'Cg==', service: { name: 'x' } }), status: { storedVersions: [] } },
    want: crd({ service: { name: 'x' } }),
  },
  {
    name: 'a column of a CustomResourceDefinition loses a priority of zero, which is not stored',
    given: {
      ...object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
      spec: withColumns({ priority: 0 }, { priority: 1 }),
    },
    want: { ...object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'), spec: withColumns({}, { priority: 1 }) },
  },
  {
    name: 'a rule loses its empty lists, which are not stored',
    given: {
      ...object('rbac.authorization.k8s.io/v1', 'ClusterRole'),
      rules: [{ verbs: [], resources: [], apiGroups: [''] }],
    },
    want: { ...object('rbac.authorization.k8s.io/v1', 'ClusterRole'), rules: [{ verbs: [], apiGroups: [''] }] },
  },
  {
    name: 'an empty CA bundle of a CustomResourceDefinition is left to its injector',
    given: crd({ caBundle: '' }),
    want: crd({}),
  },
  {
    name: 'a CustomResourceDefinition without conversion stays as it is',
    given: object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
    want: object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
  },
  {
    name: 'a field that this table does not know is kept',
    given: { ...object('v1', 'ConfigMap'), data: { a: 'b' }, newField: { list: [] } },
    want: { ...object('v1', 'ConfigMap'), data: { a: 'b' }, newField: { list: [] } },
  },
  {
    name: 'values of a wrong type are left for the API server to refuse',
    given: { ...object('v1', 'Service'), spec: { ports: 'all', selector: [] } },
    want: { ...object('v1', 'Service'), spec: { ports: 'all' } },
  },
  {
    name: 'a version that is not stable is sent as written',
    given: { ...object('autoscaling/v2beta2', 'HorizontalPodAutoscaler'), spec: { metrics: [] } },
    want: { ...object('autoscaling/v2beta2', 'HorizontalPodAutoscaler'), spec: { metrics: [] } },
  },
  {
    name: 'text that is not ASCII is encoded as UTF-8',
    given: { ...object('v1', 'Secret'), stringData: { a: 'ä' } },
    want: { ...object('v1', 'Secret'), data: { a: 'w6Q=' } },
  },
];

for (const { name, given, want } of CASES) {
  test(name, () => {
    assert.deepEqual(normalizeObject(given as KubeObject), want);
  });
}

function withColumns(...additionalPrinterColumns: readonly object[]) {
  return { versions: [{ name: 'v1', additionalPrinterColumns }] };
}

function object(apiVersion: string, kind: string) {
  return { apiVersion, kind, metadata: { name: 'a' } };
}

function crd(clientConfig: object) {
  return {
    ...object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
    spec: { conversion: { strategy: 'Webhook', webhook: { clientConfig } } },
  };
}

function readObjects(file: string): KubeObject[] {
  return parseManifests(readFileSync(new URL(file, FIXTURES), 'utf8'), { file });
}

function sortKeys(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
