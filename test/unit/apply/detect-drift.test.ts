import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { detectDrift } from '../../../src/apply/detect-drift.ts';
import { summarizeOwnership } from '../../../src/apply/ownership.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../src/model/kube-object.ts';

const own: ManagedFieldsEntry = {
  manager: 'kustomize-controller',
  operation: 'Apply',
  apiVersion: 'apps/v1',
  time: '2026-01-01T00:00:00Z',
  fieldsV1: { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:replicas': {} } },
};
const status: ManagedFieldsEntry = {
  manager: 'kube-controller-manager',
  operation: 'Update',
  apiVersion: 'apps/v1',
  subresource: 'status',
  fieldsV1: { 'f:status': {} },
};
const applied: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'app',
    uid: 'u1',
    resourceVersion: '100',
    generation: 1,
    labels: { app: 'web' },
    managedFields: [own, status],
  },
};

const cases: readonly { name: string; given: Partial<KubeObject['metadata']>; want: string }[] = [
  { name: 'an event older than our write is an echo', given: { resourceVersion: '99', uid: 'other' }, want: 'none' },
  { name: 'the echo of our own write is nothing new', given: { resourceVersion: '100' }, want: 'none' },
  {
    name: "a status update is somebody else's business",
    given: { managedFields: [own, { ...status, time: '2026-01-02T00:00:00Z' }] },
    want: 'none',
  },
  {
    name: 'an added annotation of another is left alone',
    given: { annotations: { note: 'x' }, managedFields: [own, status, entry('somebody')] },
    want: 'none',
  },
  { name: 'an object that was created anew has drifted', given: { uid: 'u2' }, want: 'drift' },
  {
    name: 'an edit of a field that we own changes our entry',
    given: { managedFields: [{ ...own, fieldsV1: {} }] },
    want: 'drift',
  },
  { name: 'wiped managedFields are drift', given: { managedFields: [] }, want: 'drift' },
  {
    name: 'a client that uses our name changes the time of our entry',
    given: { managedFields: [{ ...own, time: '2026-01-02T00:00:00Z' }, status] },
    want: 'drift',
  },
  { name: 'a changed value of a label that we own is drift', given: { labels: { app: 'changed' } }, want: 'drift' },
  {
    name: 'fields that kubectl has come to own are taken over',
    given: { managedFields: [own, status, entry('kubectl-edit')] },
    want: 'drift',
  },
  {
    name: 'with ssa: Merge what kubectl owns is left to it',
    given: {
      annotations: { 'kustomize.toolkit.fluxcd.io/ssa': 'Merge' },
      managedFields: [own, status, entry('kubectl-edit')],
    },
    want: 'none',
  },
  { name: 'a moved generation without a trace is suspect', given: { generation: 2 }, want: 'suspect' },
];

describe('drift', () => {
  const record = { ...summarizeOwnership(applied), sentHash: 'h', owner: undefined };
  for (const { name, given, want } of cases) {
    test(name, () => {
      const seen = { ...applied, metadata: { ...applied.metadata, resourceVersion: '101', ...given } };

      assert.equal(detectDrift(record, summarizeOwnership(seen)).kind, want);
    });
  }

  test('a kind without generations is suspect when nothing but its resourceVersion moved', () => {
    const { generation: _, ...metadata } = applied.metadata;
    const config = { ...applied, metadata };
    const seen = { ...config, metadata: { ...metadata, resourceVersion: '101' } };

    const verdict = detectDrift(
      { ...summarizeOwnership(config), sentHash: 'h', owner: undefined },
      summarizeOwnership(seen),
    );

    assert.equal(verdict.kind, 'suspect');
  });
});

function entry(manager: string): ManagedFieldsEntry {
  return { manager, operation: 'Update', apiVersion: 'apps/v1', fieldsV1: { 'f:metadata': {} } };
}
