import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { formatKey, type ObjectKey } from '../../../src/model/object-key.ts';
import { toRequests } from '../../../src/watch/follow-resources.ts';

const source: ObjectKey = { kind: 'GitRepository', namespace: 'flux', name: 'app' };
const REQUESTED_AT = 'reconcile.fluxcd.io/requestedAt';
const follower = kustomization('follower', { kind: 'GitRepository', name: 'app' });
const elsewhere = kustomization('elsewhere', { kind: 'GitRepository', name: 'app', namespace: 'other' });

const cases: readonly { name: string; before?: Partial<KubeObject>; after: Partial<KubeObject>; want: string[] }[] = [
  { name: 'a new resource is synced', after: meta({ generation: 1 }), want: ['spec GitRepository/flux/app'] },
  {
    name: 'a changed spec is synced',
    before: meta({ generation: 1 }),
    after: meta({ generation: 2 }),
    want: ['spec GitRepository/flux/app'],
  },
  {
    name: 'a request annotation is answered',
    before: meta({ generation: 1 }),
    after: meta({ generation: 1, annotations: { [REQUESTED_AT]: 'now' } }),
    want: ['annotation GitRepository/flux/app'],
  },
  {
    name: 'a deletion is finished',
    before: meta({ generation: 1 }),
    after: meta({ generation: 1, deletionTimestamp: 'now' }),
    want: ['spec GitRepository/flux/app'],
  },
  {
    name: 'a status of our own asks for nothing',
    before: meta({ generation: 1 }),
    after: { ...meta({ generation: 1 }), status: { conditions: [] } },
    want: [],
  },
  {
    name: 'a changed artifact asks for the Kustomizations that it feeds, whoever wrote it',
    before: meta({ generation: 1 }),
    after: { ...meta({ generation: 1 }), status: { artifact: { revision: 'main@sha1:x' } } },
    want: ['source Kustomization/flux/follower'],
  },
];

describe('what a change of a custom resource asks for', () => {
  for (const { name, before, after, want } of cases) {
    test(name, () => {
      const requests = toRequests(
        source,
        { type: 'MODIFIED', object: after as KubeObject, previous: before as KubeObject | undefined },
        { list: () => [follower, elsewhere] },
      );

      assert.deepEqual(
        requests.map(({ cause, key }) => `${cause} ${formatKey(key)}`),
        want,
      );
    });
  }
});

function meta(metadata: Record<string, unknown>): Partial<KubeObject> {
  return { metadata: { name: 'app', namespace: 'flux', ...metadata } };
}

function kustomization(name: string, sourceRef: Record<string, string>): KubeObject {
  return { apiVersion: 'x', kind: 'Kustomization', metadata: { name, namespace: 'flux' }, spec: { sourceRef } };
}
