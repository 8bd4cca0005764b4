import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { formatKey, type ObjectKey } from '../../../src/model/object-key.ts';
import { includingRequests, toRequests } from '../../../src/watch/follow-resources.ts';

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

describe('what a change of a source asks of those that include it', () => {
  const including = (name: string, namespace: string, ...names: string[]) => ({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name, namespace },
    spec: { include: names.map((other) => ({ repository: { name: other } })) },
  });
  const published = (generation: number, digest: string) => ({
    ...meta({ generation }),
    status: { artifact: { revision: 'main@sha1:x', digest } },
  });
  const all = [
    including('app', 'flux', 'other'),
    including('near', 'flux', 'other', 'app'),
    including('loose', 'flux', 'other'),
    including('none', 'flux'),
    including('far', 'elsewhere', 'app'),
  ];
  const table = [
    { name: 'a new artifact', before: published(1, 'a'), after: published(1, 'b'), want: ['near'] },
    { name: 'the first artifact', before: meta({ generation: 1 }), after: published(1, 'b'), want: ['near'] },
    { name: 'the same artifact', before: published(1, 'a'), after: published(1, 'a'), want: [] },
    { name: 'another spec', before: published(1, 'a'), after: published(2, 'a'), want: ['near', 'loose'] },
  ];
  for (const { name, before, after, want } of table) {
    test(name, () => {
      const change = { type: 'MODIFIED' as const, object: named(after), previous: named(before) };
      const requests = includingRequests(source, change, { list: () => all });

      assert.deepEqual(
        requests.map(({ cause, key }) => `${cause} ${formatKey(key)}`),
        want.map((other) => `source GitRepository/flux/${other}`),
      );
    });
  }

  function named(object: Partial<KubeObject>): KubeObject {
    return { ...object, metadata: { ...object.metadata, name: 'app', namespace: 'flux' } } as KubeObject;
  }
});

describe('what a change of a Kustomization asks of those that depend on it', () => {
  const base: ObjectKey = { kind: 'Kustomization', namespace: 'flux', name: 'base' };
  const byRule = dependent('by-rule', { name: 'base' });
  const byExpression = dependent('by-expression', { name: 'base', readyExpr: 'true' });
  const stranger = dependent('stranger', { name: 'other' });
  const elsewhere = dependent('elsewhere', { name: 'base', namespace: 'other' });
  const ready = (status: string, lastAppliedRevision: string, generation = 1): Partial<KubeObject> => ({
    ...meta({ name: 'base', generation }),
    status: { observedGeneration: 1, lastAppliedRevision, conditions: [{ type: 'Ready', status }] },
  });
  const news: readonly { name: string; before?: Partial<KubeObject>; after: Partial<KubeObject>; want: string[] }[] = [
    {
      name: 'ready at last',
      before: ready('False', 'a'),
      after: ready('True', 'a'),
      want: ['by-rule', 'by-expression'],
    },
    {
      name: 'ready at a newer revision',
      before: ready('True', 'a'),
      after: ready('True', 'b'),
      want: ['by-rule', 'by-expression'],
    },
    {
      name: 'no longer ready is news to an expression only',
      before: ready('True', 'a'),
      after: ready('False', 'a'),
      want: ['by-expression'],
    },
    {
      name: 'another spec may have ended a circle',
      before: ready('False', 'a'),
      after: ready('False', 'a', 2),
      want: ['by-rule', 'by-expression'],
    },
    { name: 'the same again is no news', before: ready('True', 'a'), after: ready('True', 'a'), want: [] },
  ];
  for (const { name, before, after, want } of news) {
    test(name, () => {
      const requests = toRequests(
        base,
        { type: 'MODIFIED', object: after as KubeObject, previous: before as KubeObject | undefined },
        { list: () => [byRule, byExpression, stranger, elsewhere] },
      );

      const asked = requests.filter(({ cause }) => cause === 'dependency').map(({ key }) => key.name);
      assert.deepEqual(asked, want);
    });
  }
});

function dependent(name: string, dependency: Record<string, string>): KubeObject {
  return {
    apiVersion: 'x',
    kind: 'Kustomization',
    metadata: { name, namespace: 'flux' },
    spec: { dependsOn: [dependency] },
  };
}

function meta(metadata: Record<string, unknown>): Partial<KubeObject> {
  return { metadata: { name: 'app', namespace: 'flux', ...metadata } };
}

function kustomization(name: string, sourceRef: Record<string, string>): KubeObject {
  return { apiVersion: 'x', kind: 'Kustomization', metadata: { name, namespace: 'flux' }, spec: { sourceRef } };
}
