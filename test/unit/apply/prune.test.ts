import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mayPrune } from '../../../src/apply/prune.ts';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { deletesObjects } from '../../../src/sync/finalize-kustomization.ts';

const PREFIX = 'kustomize.toolkit.fluxcd.io';
const owner = { name: 'app', namespace: 'flux' };
const ours = { [`${PREFIX}/name`]: 'app', [`${PREFIX}/namespace`]: 'flux' };

const objects: readonly {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  want: boolean;
}[] = [
  { name: 'an object of ours', labels: ours, want: true },
  { name: 'an object without owner labels', want: false },
  { name: 'an object of another Kustomization', labels: { ...ours, [`${PREFIX}/name`]: 'other' }, want: false },
  { name: 'an object that must be kept', labels: ours, annotations: { [`${PREFIX}/prune`]: 'Disabled' }, want: false },
  { name: 'the same by label', labels: { ...ours, [`${PREFIX}/prune`]: 'disabled' }, want: false },
  {
    name: 'an object that is left alone',
    labels: ours,
    annotations: { [`${PREFIX}/reconcile`]: 'disabled' },
    want: false,
  },
  { name: 'an object that is never touched', labels: ours, annotations: { [`${PREFIX}/ssa`]: 'Ignore' }, want: false },
];

describe('what may be pruned', () => {
  for (const { name, labels = {}, annotations = {}, want } of objects) {
    test(name, () => {
      const live = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', labels, annotations } };

      assert.equal(mayPrune(live, owner), want);
    });
  }
});

const policies: readonly { name: string; spec: Partial<Kustomization['spec']>; want: boolean }[] = [
  { name: 'with prune, objects go with their Kustomization', spec: { prune: true }, want: true },
  { name: 'without prune they stay', spec: { prune: false }, want: false },
  { name: 'a suspended Kustomization deletes nothing', spec: { prune: true, suspend: true }, want: false },
  { name: 'Orphan keeps them', spec: { prune: true, deletionPolicy: 'Orphan' }, want: false },
  { name: 'Delete deletes them whatever prune says', spec: { prune: false, deletionPolicy: 'Delete' }, want: true },
];

describe('what becomes of the objects of a deleted Kustomization', () => {
  for (const { name, spec, want } of policies) {
    test(name, () => assert.equal(deletesObjects({ spec } as Kustomization), want));
  }
});
