import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { diffSnapshots } from '../../../src/kube/create-cache.ts';
import { parseDiscovery } from '../../../src/kube/create-discovery.ts';
import { createEventLimits } from '../../../src/kube/event-limits.ts';
import { parseKubeJson, stringifyKubeJson } from '../../../src/kube/kube-json.ts';
import { parseWarnings } from '../../../src/kube/parse-warnings.ts';
import { toMergePatch } from '../../../src/kube/patch-status.ts';
import { readLines } from '../../../src/kube/read-lines.ts';
import { toQuery, toResourcePath } from '../../../src/kube/resource-path.ts';
import { toEventMessage } from '../../../src/kube/to-event-object.ts';
import { KubeError } from '../../../src/kube/to-kube-error.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

interface Case {
  readonly name: string;
  readonly given: () => unknown;
  readonly want: unknown;
}

const makeObject = (name: string, uid: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, uid, resourceVersion },
});
const snapshotOf = (...objects: KubeObject[]) => new Map(objects.map((object) => [object.metadata.name, object]));
const changesOf = (before: KubeObject[], after: KubeObject[]) =>
  diffSnapshots(snapshotOf(...before), snapshotOf(...after)).map(([type, object]) => `${type} ${object.metadata.uid}`);
const resources = [
  { resource: 'deployments', responseKind: { group: '', version: '', kind: 'Deployment' }, scope: 'Namespaced' },
  { resource: 'nothing', scope: 'Cluster' },
];

const CASES: readonly Case[] = [
  {
    name: 'the core group has a path of its own',
    given: () =>
      toResourcePath({ group: '', version: 'v1', plural: 'pods', namespace: 'a', name: 'b', subresource: 'status' }),
    want: '/api/v1/namespaces/a/pods/b/status',
  },
  {
    name: 'what is special in a URL is escaped, capitals stay',
    given: () => toResourcePath({ group: 'g.io', version: 'v1', plural: 'roles', name: 'My:Role/../x?y' }),
    want: '/apis/g.io/v1/roles/My%3ARole%2F..%2Fx%3Fy',
  },
  {
    name: 'only parameters with a value are sent',
    given: () => toQuery({ a: undefined, b: true, c: 'x=y' }),
    want: '?b=true&c=x%3Dy',
  },
  { name: 'no parameters, no question mark', given: () => toQuery({ a: undefined }), want: '' },
  {
    name: 'a BigInt is written as its digits',
    given: () => stringifyKubeJson({ a: [9007199254740993n] }),
    want: '{"a":[9007199254740993]}',
  },
  {
    name: 'several warnings may share a header',
    given: () => parseWarnings('299 - "unknown field \\"a\\"", 299 - "b, c"'),
    want: ['unknown field "a"', 'b, c'],
  },
  { name: 'no warning header, no warnings', given: () => parseWarnings(undefined), want: [] },
  {
    name: 'equal values need no patch',
    given: () => toMergePatch({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }),
    want: undefined,
  },
  {
    name: 'what is gone is nulled, at any depth',
    given: () => toMergePatch({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1 } }),
    want: { a: { c: null }, d: null },
  },
  {
    name: 'what is undefined counts as gone',
    given: () => toMergePatch({ a: 1 }, { a: undefined, b: undefined }),
    want: { a: null },
  },
  { name: 'lists are replaced whole', given: () => toMergePatch({ a: [1, 2] }, { a: [1] }), want: { a: [1] } },
  { name: 'a scalar may become a map', given: () => toMergePatch({ a: 1 }, { a: { b: {} } }), want: { a: { b: {} } } },
  { name: 'a new object is an addition', given: () => changesOf([], [makeObject('a', 'u1', '1')]), want: ['ADDED u1'] },
  {
    name: 'a newer version is a modification',
    given: () => changesOf([makeObject('a', 'u1', '1')], [makeObject('a', 'u1', '2')]),
    want: ['MODIFIED u1'],
  },
  {
    name: 'the same version is no change',
    given: () => changesOf([makeObject('a', 'u1', '1')], [makeObject('a', 'u1', '1')]),
    want: [],
  },
  {
    name: 'another object of the same name is a deletion and an addition',
    given: () => changesOf([makeObject('a', 'u1', '1')], [makeObject('a', 'u2', '2')]),
    want: ['DELETED u1', 'ADDED u2'],
  },
  {
    name: 'discovery keeps the order of versions, leaves out what has no kind and tells whose server is silent',
    given: () =>
      parseDiscovery(
        JSON.stringify({
          kind: 'APIGroupDiscoveryList',
          items: [
            { metadata: { name: 'apps' }, versions: [{ version: 'v2', resources }, { version: 'v1' }] },
            { metadata: { name: 'metrics' }, versions: [{ version: 'v1', freshness: 'Stale' }] },
          ],
        }),
      ),
    want: {
      resources: [{ group: 'apps', version: 'v2', kind: 'Deployment', plural: 'deployments', namespaced: true }],
      unavailable: [{ group: 'metrics', version: 'v1' }],
    },
  },
  { name: 'a short message stays', given: () => toEventMessage('ü'), want: 'ü' },
  {
    name: 'a long message is cut without splitting a character',
    given: () => toEventMessage(`a${'ü'.repeat(600)}`),
    want: `a${'ü'.repeat(511)}`,
  },
];

for (const { name, given, want } of CASES) {
  test(name, () => assert.deepEqual(given(), want));
}

test('an API server without aggregated discovery is called too old', () => {
  assert.throws(() => parseDiscovery('{"kind":"APIGroupList"}'), /Kubernetes 1.30 or newer is needed/);
});

test('lines are put together again however the bytes were split', async () => {
  const bytes = Buffer.from('{"a":"ü"}\n\n{"b":1}\nhalf');
  for (let size = 1; size <= bytes.length; size += 1) {
    const chunks = (async function* () {
      for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
    })();

    const lines: string[] = [];
    for await (const line of readLines(chunks)) lines.push(line);

    assert.deepEqual(lines, ['{"a":"ü"}', '', '{"b":1}']);
  }
});

test('a line without end is given up before it fills the memory', async () => {
  const chunk = Buffer.alloc(8 * 1024 * 1024, 'x');
  let chunks = 0;
  const endless = (async function* () {
    for (; chunks < 100; chunks += 1) yield chunk;
  })();

  await assert.rejects(readLines(endless).next(), { message: 'a line is longer than 64 MiB' });
  assert.equal(chunks, 8);
});

test('an answer that is not JSON is refused without quoting it', () => {
  assert.throws(
    () => parseKubeJson('<html>canary</html>'),
    (error) => error instanceof KubeError && error.code === 'KUBE_UNREACHABLE' && !inspect(error).includes('canary'),
  );
});

test('events of one kind are admitted in a burst of 25, then one in 300 s', () => {
  const limits = createEventLimits();
  const admitted = (at: number) => limits.admit('key', at);

  const burst = Array.from({ length: 30 }, () => admitted(0)).filter(Boolean).length;

  assert.equal(burst, 25);
  assert.deepEqual([admitted(299_000), admitted(301_000), admitted(302_000)], [false, true, false]);
  assert.equal(limits.admit('another', 0), true);
});
