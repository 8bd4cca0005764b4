import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptedEntries, entriesAtVersion } from '../../../src/apply/adopt.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../src/model/kube-object.ts';

const own = entry('kustomize-controller', 'Apply', { 'f:spec': { 'f:replicas': {} } });
const kubectl = entry('kubectl-client-side-apply', 'Update', { 'f:spec': { 'f:paused': {} }, 'f:metadata': {} });
const other = entry('hpa', 'Update', { 'f:spec': { 'f:replicas': {} } });

test("kubectl's fields become ours, other managers keep theirs", () => {
  const entries = adoptedEntries(object([kubectl, other, own]));

  assert.deepEqual(entries, [
    { ...own, fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:paused': {} }, 'f:metadata': {} } },
    other,
  ]);
});

test('without an entry of ours one is made of what is taken over', () => {
  const [entryOfOurs] = adoptedEntries(object([kubectl]));

  assert.equal(entryOfOurs?.manager, 'kustomize-controller');
  assert.equal(entryOfOurs?.operation, 'Apply');
  assert.deepEqual(entryOfOurs?.fieldsV1, kubectl.fieldsV1);
});

test('a status entry of kubectl is not taken over', () => {
  const ofStatus = { ...kubectl, subresource: 'status' };

  assert.ok(adoptedEntries(object([own, ofStatus])).includes(ofStatus));
});

test('every entry is rewritten to the version that is applied', () => {
  const old = { ...other, apiVersion: 'example.com/v1beta1' };

  assert.deepEqual(
    entriesAtVersion(object([own, old]), 'apps/v1').map(({ apiVersion }) => apiVersion),
    ['apps/v1', 'apps/v1'],
  );
});

function entry(manager: string, operation: 'Apply' | 'Update', fieldsV1: unknown): ManagedFieldsEntry {
  return { manager, operation, apiVersion: 'apps/v1', fieldsType: 'FieldsV1', fieldsV1 };
}

function object(managedFields: ManagedFieldsEntry[]): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', managedFields } };
}
