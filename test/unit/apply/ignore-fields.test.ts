import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ignoreFields } from '../../../src/apply/ignore-fields.ts';
import type { IgnoreRule } from '../../../src/apply/ignore-rules.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../src/model/kube-object.ts';

type Owner = readonly [manager: string, operation: 'Apply' | 'Update', fieldsV1: unknown];

const OWN = 'kustomize-controller';
const REPLICAS = { 'f:spec': { 'f:replicas': {} } };
const IMAGE = {
  'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
};

const cases: readonly {
  readonly name: string;
  readonly path: string;
  readonly wanted: unknown;
  readonly live: unknown;
  readonly owners: readonly Owner[];
  readonly sent: unknown;
}[] = [
  {
    name: 'a field that is as wanted is sent, so that it stays ours',
    path: '/spec/replicas',
    wanted: { replicas: 2 },
    live: { replicas: 2 },
    owners: [['hpa', 'Apply', REPLICAS]],
    sent: { replicas: 2 },
  },
  {
    name: 'a field that another manager applies is left out',
    path: '/spec/replicas',
    wanted: { replicas: 2, paused: false },
    live: { replicas: 5 },
    owners: [
      [OWN, 'Apply', REPLICAS],
      ['hpa', 'Apply', REPLICAS],
    ],
    sent: { paused: false },
  },
  {
    name: 'a field that only we own is sent as it is in the cluster',
    path: '/spec/replicas',
    wanted: { replicas: 2 },
    live: { replicas: 5 },
    owners: [[OWN, 'Apply', REPLICAS]],
    sent: { replicas: 5 },
  },
  {
    name: 'a field that kubectl owns, whose fields we take over, is sent as it is in the cluster',
    path: '/spec/replicas',
    wanted: { replicas: 2 },
    live: { replicas: 5 },
    owners: [['kubectl-edit', 'Update', REPLICAS]],
    sent: { replicas: 5 },
  },
  {
    name: 'a field that another manager has written is left out: sending it would make it ours',
    path: '/spec/replicas',
    wanted: { replicas: 2 },
    live: { replicas: 5 },
    owners: [['scaler', 'Update', REPLICAS]],
    sent: {},
  },
  {
    name: 'a field that somebody has removed is left out',
    path: '/spec/replicas',
    wanted: { replicas: 2 },
    live: {},
    owners: [],
    sent: {},
  },
  {
    name: 'a field that Git has dropped stays as it is where only we own it',
    path: '/spec/replicas',
    wanted: {},
    live: { replicas: 5 },
    owners: [[OWN, 'Apply', REPLICAS]],
    sent: { replicas: 5 },
  },
  {
    name: 'a field that Git never had is none of our business',
    path: '/spec/replicas',
    wanted: {},
    live: { replicas: 5 },
    owners: [['scaler', 'Update', REPLICAS]],
    sent: {},
  },
  {
    name: 'what was only defaulted is no difference',
    path: '/spec/template',
    wanted: { template: { a: 1, list: [{ b: 1 }] } },
    live: { template: { a: 1, list: [{ b: 1, defaulted: true }], other: 2 } },
    owners: [['other', 'Apply', { 'f:spec': { 'f:template': {} } }]],
    sent: { template: { a: 1, list: [{ b: 1 }] } },
  },
  {
    name: 'a field of a list item is found by the item’s key',
    path: '/spec/containers/0/image',
    wanted: { containers: [{ name: 'web', image: 'v1' }] },
    live: { containers: [{ name: 'web', image: 'v9' }] },
    owners: [
      [OWN, 'Apply', IMAGE],
      ['updater', 'Apply', IMAGE],
    ],
    sent: { containers: [{ name: 'web' }] },
  },
  {
    name: 'the key of a list item is never left out: the item could not be told from others',
    path: '/spec/containers/0/name',
    wanted: { containers: [{ name: 'web', image: 'v1' }] },
    live: { containers: [{ name: 'other', image: 'v1' }] },
    owners: [['updater', 'Apply', { 'f:spec': { 'f:containers': { 'k:{"name":"other"}': { 'f:name': {} } } } }]],
    sent: { containers: [{ name: 'other', image: 'v1' }] },
  },
  {
    name: 'an item that is not there is no difference',
    path: '/spec/containers/3/image',
    wanted: { containers: [{ name: 'web' }] },
    live: { containers: [{ name: 'web' }] },
    owners: [],
    sent: { containers: [{ name: 'web' }] },
  },
  {
    name: 'what is not a pointer ignores nothing',
    path: 'spec.replicas',
    wanted: { replicas: 2 },
    live: { replicas: 5 },
    owners: [],
    sent: { replicas: 2 },
  },
];

describe('what is sent of an object with ignored fields', () => {
  for (const { name, path, wanted, live, owners, sent } of cases) {
    test(name, () => {
      const payload = ignoreFields(web(wanted), web(live, owners), [{ paths: [path] }]);

      assert.deepEqual(payload, web(sent));
    });
  }

  test('a new object is sent whole', () => {
    assert.deepEqual(ignoreFields(web({ replicas: 2 }), undefined, [{ paths: ['/spec'] }]), web({ replicas: 2 }));
  });

  test('an escaped pointer reaches a name with a slash', () => {
    const annotated = (value: string): KubeObject => ({
      ...web({}),
      metadata: { name: 'web', annotations: { 'a/b~c': value } },
    });

    const payload = ignoreFields(annotated('1'), annotated('2'), [{ paths: ['/metadata/annotations/a~1b~0c'] }]);

    assert.deepEqual(payload.metadata.annotations, {});
  });

  test('whatever is ignored, an object keeps its name and its owner labels', () => {
    const labels = { 'kustomize.toolkit.fluxcd.io/name': 'app', color: 'red' };
    const wanted: KubeObject = { ...web({}), metadata: { name: 'web', namespace: 'a', labels } };

    const payload = ignoreFields(wanted, web({}), [{ paths: ['/metadata', '/kind', '/apiVersion'] }]);

    assert.deepEqual(payload, {
      ...web({}),
      metadata: { name: 'web', namespace: 'a', labels: { 'kustomize.toolkit.fluxcd.io/name': 'app' } },
    });
  });
});

const targets: readonly {
  readonly name: string;
  readonly target: IgnoreRule['target'];
  readonly isIgnored: boolean;
}[] = [
  { name: 'no target is every object', target: undefined, isIgnored: true },
  { name: 'a kind is matched whole', target: { kind: 'Deploy' }, isIgnored: false },
  { name: 'a kind may be a pattern', target: { kind: 'Deploy.*|Job' }, isIgnored: true },
  { name: 'every field must match', target: { group: 'apps', version: 'v1', name: 'api' }, isIgnored: false },
  { name: 'an empty field matches everything', target: { group: '', namespace: '' }, isIgnored: true },
  { name: 'labels of the cluster count', target: { labelSelector: 'scaled=yes' }, isIgnored: true },
  { name: 'labels that are not there do not', target: { labelSelector: 'scaled!=yes' }, isIgnored: false },
  { name: 'annotations are selected in the same way', target: { annotationSelector: '!frozen' }, isIgnored: true },
];

describe('which objects a rule is for', () => {
  for (const { name, target, isIgnored } of targets) {
    test(name, () => {
      const live: KubeObject = { ...web({}), metadata: { name: 'web', labels: { scaled: 'yes' } } };
      const rule = target ? { paths: ['/spec/replicas'], target } : { paths: ['/spec/replicas'] };

      assert.deepEqual(ignoreFields(web({ replicas: 2 }), live, [rule]).spec, isIgnored ? {} : { replicas: 2 });
    });
  }
});

function web(spec: unknown, owners: readonly Owner[] = []): KubeObject {
  const managedFields = owners.map(
    ([manager, operation, fieldsV1]): ManagedFieldsEntry => ({ manager, operation, apiVersion: 'apps/v1', fieldsV1 }),
  );
  const metadata = owners.length === 0 ? { name: 'web' } : { name: 'web', managedFields };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec };
}
