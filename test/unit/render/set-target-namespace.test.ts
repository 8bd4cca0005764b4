import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { setTargetNamespace } from '../../../src/render/set-target-namespace.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';
const ADMISSION = 'admissionregistration.k8s.io/v1';
const ACCOUNT = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'runner' } };
const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'hook', namespace: 'old' } };

const CASES: readonly { name: string; given: KubeObject; beside?: KubeObject; want: Partial<KubeObject> }[] = [
  {
    name: 'a namespaced object moves, whatever namespace it named',
    given: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'old' } },
    want: { metadata: { name: 'a', namespace: 'new' } },
  },
  {
    name: 'an object of an unknown kind counts as namespaced',
    given: { apiVersion: 'example.com/v1', kind: 'ClusterThing', metadata: { name: 'a' } },
    want: { metadata: { name: 'a', namespace: 'new' } },
  },
  {
    name: 'a cluster-scoped object of a built-in kind stays',
    given: { apiVersion: RBAC, kind: 'ClusterRole', metadata: { name: 'a' } },
    want: { metadata: { name: 'a' } },
  },
  {
    name: 'a Namespace takes the name of the target',
    given: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'old' } },
    want: { metadata: { name: 'new' } },
  },
  {
    name: 'a custom kind called Namespace is moved, not renamed',
    given: { apiVersion: 'example.com/v1', kind: 'Namespace', metadata: { name: 'old' } },
    want: { metadata: { name: 'old', namespace: 'new' } },
  },
  {
    name: 'a subject named default follows, one that is not in the set does not',
    given: {
      apiVersion: RBAC,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'a' },
      subjects: [
        { kind: 'ServiceAccount', name: 'default', namespace: 'old' },
        { kind: 'ServiceAccount', name: 'stranger', namespace: 'old' },
      ],
    },
    want: {
      subjects: [
        { kind: 'ServiceAccount', name: 'default', namespace: 'new' },
        { kind: 'ServiceAccount', name: 'stranger', namespace: 'old' },
      ],
    },
  },
  {
    name: 'a subject follows its ServiceAccount of the set, unless it names another namespace',
    given: {
      apiVersion: RBAC,
      kind: 'RoleBinding',
      metadata: { name: 'a' },
      subjects: [
        { kind: 'ServiceAccount', name: 'runner' },
        { kind: 'ServiceAccount', name: 'runner', namespace: 'default' },
        { kind: 'ServiceAccount', name: 'runner', namespace: 'elsewhere' },
      ],
    },
    beside: ACCOUNT,
    want: {
      metadata: { name: 'a', namespace: 'new' },
      subjects: [
        { kind: 'ServiceAccount', name: 'runner', namespace: 'new' },
        { kind: 'ServiceAccount', name: 'runner', namespace: 'new' },
        { kind: 'ServiceAccount', name: 'runner', namespace: 'elsewhere' },
      ],
    },
  },
  {
    name: 'a webhook follows its Service of the set',
    given: {
      apiVersion: ADMISSION,
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'a' },
      webhooks: [
        { clientConfig: { service: { name: 'hook', namespace: 'old' } } },
        { clientConfig: { service: { name: 'other', namespace: 'old' } } },
        { clientConfig: { url: 'https://example.com' } },
      ],
    },
    beside: SERVICE,
    want: {
      metadata: { name: 'a' },
      webhooks: [
        { clientConfig: { service: { name: 'hook', namespace: 'new' } } },
        { clientConfig: { service: { name: 'other', namespace: 'old' } } },
        { clientConfig: { url: 'https://example.com' } },
      ],
    },
  },
  {
    name: 'an APIService is pointed at the target',
    given: {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'a' },
      spec: { service: { name: 'api', namespace: 'old' } },
    },
    want: { spec: { service: { name: 'api', namespace: 'new' } } },
  },
  {
    name: "a CustomResourceDefinition's conversion webhook is pointed at the target",
    given: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'a' },
      spec: { conversion: { webhook: { clientConfig: { service: { name: 'c', namespace: 'old' } } } } },
    },
    want: { spec: { conversion: { webhook: { clientConfig: { service: { name: 'c', namespace: 'new' } } } } } },
  },
];

for (const { name, given, beside, want } of CASES) {
  test(name, () => {
    const before = structuredClone(given);

    const [moved] = setTargetNamespace(beside ? [given, beside] : [given], 'new');

    assert.deepEqual(moved, { ...given, ...want });
    assert.deepEqual(given, before, 'the given object is left alone');
  });
}
