import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf } from '../../../src/errors/hawser-error.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import type { ReceiverResource } from '../../../src/model/receiver.ts';
import { findResources, type ResourceLookup } from '../../../src/receiver/find-resources.ts';

function makeObject(kind: string, name: string, labels: Record<string, string> = {}): KubeObject {
  const [namespace = '', own = ''] = name.split('/');
  return { apiVersion: 'any/v1', kind, metadata: { namespace, name: own, labels } };
}

const SOURCES = [
  makeObject('GitRepository', 'apps/app', { team: 'acme', tier: 'web' }),
  makeObject('GitRepository', 'apps/other', { team: 'acme' }),
  makeObject('GitRepository', 'infra/app', { team: 'acme' }),
];
const KUSTOMIZATIONS = [makeObject('Kustomization', 'apps/app')];

function toCache(objects: readonly KubeObject[]) {
  return {
    get: (namespace: string, name: string) =>
      objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
    list: () => [...objects],
  };
}

/** What the API server is asked is shown in the name of the object that it answers. */
const client = {
  get: async ({ kind, namespace, name }: { kind: string; namespace: string; name: string }) =>
    name === 'gone' ? undefined : makeObject(kind, `${namespace}/${name}`),
  list: async ({ plural, labelSelector }: { plural: string; labelSelector?: string | undefined }) => ({
    items: [makeObject('Bucket', `${plural}/${labelSelector ?? 'all'}`)],
    resourceVersion: '1',
  }),
  discovery: {
    resolve: async ({ kind }: { kind: string }) => (kind === 'Bucket' ? { plural: 'buckets' } : undefined),
  },
} as unknown as ResourceLookup['client'];

const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io/v1';

interface Case {
  readonly name: string;
  readonly given: Partial<ReceiverResource>;
  readonly lookup?: Partial<ResourceLookup>;
  readonly want: readonly string[] | string;
}

const CASES: readonly Case[] = [
  { name: 'a name', given: { name: 'app' }, want: ['own apps/app'] },
  { name: 'a name that nothing has', given: { name: 'missing' }, want: [] },
  { name: 'a name in another namespace', given: { name: 'app', namespace: 'infra' }, want: ['own infra/app'] },
  {
    name: 'a name in another namespace, where that is forbidden',
    given: { name: 'app', namespace: 'infra' },
    lookup: { allowCrossNamespaceRefs: false },
    want: 'cross-namespace references are not allowed',
  },
  {
    name: 'a name in its own namespace, spelt out, where others are forbidden',
    given: { name: 'app', namespace: 'apps' },
    lookup: { allowCrossNamespaceRefs: false },
    want: ['own apps/app'],
  },
  { name: 'labels', given: { name: '*', matchLabels: { team: 'acme' } }, want: ['own apps/app', 'own apps/other'] },
  { name: 'several labels', given: { name: '*', matchLabels: { team: 'acme', tier: 'web' } }, want: ['own apps/app'] },
  { name: 'labels that nothing carries', given: { name: '*', matchLabels: { team: 'none' } }, want: [] },
  { name: 'no labels at all', given: { name: '*', matchLabels: {} }, want: ['own apps/app', 'own apps/other'] },
  {
    name: 'a star without labels',
    given: { name: '*' },
    want: "matchLabels field not set when using wildcard '*' as name",
  },
  {
    name: 'labels beside a name, which are not looked at',
    given: { name: 'app', matchLabels: { team: 'x' } },
    want: ['own apps/app'],
  },
  {
    name: 'an older version of a kind of ours',
    given: { name: 'app', apiVersion: 'source.toolkit.fluxcd.io/v1beta2' },
    want: ['own apps/app'],
  },
  {
    name: 'a Kustomization',
    given: { kind: 'Kustomization', name: 'app', apiVersion: KUSTOMIZE },
    want: ['own apps/app'],
  },
  {
    name: 'a Kustomization without apiVersion',
    given: { kind: 'Kustomization', name: 'app' },
    want: "apiVersion must be specified for kind 'Kustomization'",
  },
  { name: 'a kind of others', given: { kind: 'Bucket', name: 'files' }, want: ['apps/files'] },
  { name: 'one of others that is gone', given: { kind: 'Bucket', name: 'gone' }, want: [] },
  {
    name: 'a kind of others by labels',
    given: { kind: 'Bucket', name: '*', matchLabels: { a: 'b', c: 'd' } },
    want: ['buckets/a=b,c=d'],
  },
  {
    name: 'a kind that is not served',
    given: { kind: 'HelmRelease', name: '*', apiVersion: 'helm.toolkit.fluxcd.io/v2', matchLabels: { a: 'b' } },
    want: 'the API server does not serve HelmRelease in helm.toolkit.fluxcd.io/v2',
  },
  { name: 'a kind of ours in another group', given: { name: 'app', apiVersion: 'example.com/v1' }, want: ['apps/app'] },
  {
    name: 'a kind of ours in a namespace that Hawser does not watch',
    given: { name: 'app', namespace: 'infra' },
    lookup: { namespace: 'apps' },
    want: ['infra/app'],
  },
];

for (const { name, given, lookup, want } of CASES) {
  test(`an entry with ${name} finds ${want.length === 0 ? 'nothing' : String(want)}`, async () => {
    const deps = {
      client,
      gitRepositories: toCache(SOURCES),
      kustomizations: toCache(KUSTOMIZATIONS),
      namespace: undefined,
      allowCrossNamespaceRefs: true,
      ...lookup,
    };

    const found = await findResources(deps, { kind: 'GitRepository', name: 'app', ...given }, 'apps').then(
      (resources) =>
        resources.map(({ object: { metadata }, syncKind }) =>
          [...(syncKind ? ['own'] : []), `${metadata.namespace}/${metadata.name}`].join(' '),
        ),
      messageOf,
    );

    assert.deepEqual(found, want);
  });
}
