import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareApplyOrder } from '../../../src/manifest/apply-order.ts';

const SORTED = [
  'apiextensions.k8s.io/CustomResourceDefinition//widgets.example.com',
  '/Namespace//team',
  'rbac.authorization.k8s.io/ClusterRole//reader',
  'storage.k8s.io/StorageClass//fast',
  'rbac.authorization.k8s.io/ClusterRoleBinding//readers',
  '/ServiceAccount/team/app',
  'rbac.authorization.k8s.io/Role/team/app',
  'rbac.authorization.k8s.io/RoleBinding/team/app',
  '/ConfigMap/a/z',
  '/ConfigMap/b/a',
  '/ConfigMap/b/b',
  '/Secret/a/a',
  '/Service/a/a',
  'apps/Deployment/a/a',
  'apps/StatefulSet/a/a',
  'policy/PodDisruptionBudget/a/a',
  '/Pod/a/a',
  'apps/DaemonSet/a/a',
  'batch/Job/a/a',
  'example.com/Gadget/a/a',
  'example.com/Widget/a/a',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration//a',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration//a',
];

test('kinds are applied in the order of Flux, ties by group, kind, namespace and name', () => {
  const shuffled = [...SORTED].reverse().map(toRef);

  const sorted = shuffled.sort(compareApplyOrder);

  assert.deepEqual(
    sorted.map(({ group, kind, namespace, name }) => `${group}/${kind}/${namespace}/${name}`),
    SORTED,
  );
});

test('an object is equal to itself, whatever its version', () => {
  const ref = toRef('apps/Deployment/a/a');

  assert.equal(compareApplyOrder(ref, { ...ref, version: 'v2' }), 0);
});

function toRef(text: string) {
  const [group = '', kind = '', namespace = '', name = ''] = text.split('/');
  return { group, version: 'v1', kind, namespace, name };
}
