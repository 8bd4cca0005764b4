import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeCorrection, toCorrection } from '../../../src/apply/correction.ts';
import { managerOf, pathsMissing } from '../../../src/apply/field-paths.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../src/model/kube-object.ts';

const REF = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' };
const container = (fields: object) => ({ 'f:containers': { 'k:{"name":"web"}': { '.': {}, ...fields } } });
const OURS = {
  'f:metadata': { 'f:labels': { 'f:app.kubernetes.io/name': {} } },
  'f:spec': { 'f:replicas': {}, 'f:template': { 'f:spec': container({ 'f:image': {}, 'f:name': {} }) } },
};

describe('the fields of a managedFields entry', () => {
  const cases: readonly { name: string; fields: unknown; other: unknown; want: string[] }[] = [
    { name: 'equal entries differ in nothing', fields: OURS, other: OURS, want: [] },
    {
      name: 'a field of an item is named by the item’s keys',
      fields: OURS,
      other: { ...OURS, 'f:spec': { 'f:replicas': {}, 'f:template': { 'f:spec': container({ 'f:name': {} }) } } },
      want: ['spec.template.spec.containers[name="web"].image'],
    },
    {
      name: 'a label with dots is quoted',
      fields: OURS,
      other: { 'f:spec': OURS['f:spec'] },
      want: ['metadata.labels["app.kubernetes.io/name"]'],
    },
    { name: 'an item of a set is named by its value', fields: { 'f:x': { 'v:"a"': {} } }, other: {}, want: ['x["a"]'] },
    {
      name: 'a whole subtree is named by its leaves',
      fields: { 'f:spec': { 'f:a': {}, 'f:b': {} } },
      other: {},
      want: ['spec.a', 'spec.b'],
    },
    { name: 'nothing is missing from no entry', fields: undefined, other: OURS, want: [] },
  ];
  for (const { name, fields, other, want } of cases) {
    test(name, () => assert.deepEqual(pathsMissing(fields, other), want));
  }

  test('of two managers that own a field the later one is named, and never our own apply', () => {
    const entries: ManagedFieldsEntry[] = [
      entry('kustomize-controller', 'Apply', '2026-01-01T00:00:09Z'),
      entry('scaler', 'Update', '2026-01-01T00:00:02Z'),
      entry('older', 'Update', '2026-01-01T00:00:01Z'),
    ];

    assert.equal(managerOf(entries, 'spec.replicas', 'kustomize-controller'), 'scaler');
  });
});

describe('what a correction tells', () => {
  test('which field was changed, and by whom', () => {
    const drifted = [
      ownEntry({ ...OURS, 'f:spec': { 'f:template': OURS['f:spec']['f:template'] } }),
      entry('scaler', 'Update', '2026-01-01T00:00:02Z'),
    ];

    const correction = toCorrection(
      REF,
      { reason: 'a field that we own was changed', managedFields: drifted },
      live(OURS),
    );

    assert.deepEqual(correction.fields, ['spec.replicas']);
    assert.equal(describeCorrection(correction), 'spec.replicas was changed by scaler');
  });

  test('the reason alone where no field can be named', () => {
    const correction = toCorrection(REF, { reason: 'the object was deleted' }, live(OURS));

    assert.equal(describeCorrection(correction), 'the object was deleted');
  });

  test('five fields at most, and how many more there were', () => {
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`f:key${index}`, {}]));
    const drift = { reason: 'x', managedFields: [ownEntry({ 'f:other': {} })] };

    const correction = toCorrection(REF, drift, live({ 'f:data': many }));

    assert.equal(
      describeCorrection(correction),
      'data.key0, data.key1, data.key2, data.key3, data.key4 and 3 more fields were changed',
    );
  });
});

function entry(manager: string, operation: 'Apply' | 'Update', time: string): ManagedFieldsEntry {
  return { manager, operation, apiVersion: 'apps/v1', time, fieldsV1: { 'f:spec': { 'f:replicas': {} } } };
}

function ownEntry(fieldsV1: object): ManagedFieldsEntry {
  return { manager: 'kustomize-controller', operation: 'Apply', apiVersion: 'apps/v1', fieldsV1 };
}

function live(fieldsV1: object): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', managedFields: [ownEntry(fieldsV1)] },
  };
}
