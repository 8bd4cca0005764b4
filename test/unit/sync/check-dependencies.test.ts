import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { findUnreadyDependency } from '../../../src/sync/check-dependencies.ts';

const REVISION = 'main@sha1:new';

interface Given {
  readonly dependsOn?: { name: string; namespace?: string; readyExpr?: string }[];
  readonly source?: string;
  readonly ready?: boolean;
  readonly generation?: number;
  readonly applied?: string;
}

function make(
  name: string,
  { dependsOn, source = 'repo', ready = true, generation = 1, applied = REVISION }: Given = {},
) {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: 'flux', generation },
    spec: { interval: '1m', prune: true, sourceRef: { kind: 'GitRepository', name: source }, dependsOn },
    status: {
      observedGeneration: 1,
      lastAppliedRevision: applied,
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', reason: 'x', message: '', lastTransitionTime: '' },
      ],
    },
  } as Kustomization;
}

const cases: readonly { name: string; dep?: Given; readyExpr?: string; want: RegExp | undefined }[] = [
  { name: 'one that is ready at the same revision is enough', dep: {}, want: undefined },
  { name: 'one that is not ready', dep: { ready: false }, want: /^dependency 'flux\/base' is not ready$/ },
  { name: 'one whose newest spec was not seen yet', dep: { generation: 2 }, want: /is not ready$/ },
  {
    name: 'one of the same source that is behind',
    dep: { applied: 'main@sha1:old' },
    want: /^dependency 'flux\/base' revision is not up to date$/,
  },
  { name: 'one of another source may be at any revision', dep: { applied: 'v1', source: 'other' }, want: undefined },
  {
    name: 'one that does not exist',
    want: /^dependency 'flux\/base' not found: kustomizations\.kustomize\.toolkit\.fluxcd\.io "base" not found$/,
  },
  {
    name: 'an expression stands instead of the rule',
    dep: { ready: false },
    readyExpr: 'dep.metadata.generation == 1',
    want: undefined,
  },
  {
    name: 'an expression that is false',
    dep: {},
    readyExpr: 'dep.metadata.generation > self.metadata.generation',
    want: /^dependency 'flux\/base' is not ready according to readyExpr eval$/,
  },
  {
    name: 'an expression over a field that is not there yet',
    dep: {},
    readyExpr: 'dep.status.later == 1',
    want: /is not ready according to readyExpr eval: .*later/,
  },
];

describe('what a Kustomization waits for', () => {
  for (const { name, dep, readyExpr, want } of cases) {
    test(name, () => {
      const kustomization = make('app', { dependsOn: [{ name: 'base', ...(readyExpr ? { readyExpr } : {}) }] });
      const found = dep && make('base', dep);

      const problem = findUnreadyDependency({ kustomization: () => found }, { kustomization, revision: REVISION });

      if (want) assert.match(problem ?? '', want);
      else assert.equal(problem, undefined);
    });
  }

  test('a circle of any length is named from its start to its start', () => {
    const all = new Map(
      [
        make('app', { dependsOn: [{ name: 'base' }, { name: 'free' }] }),
        make('base', { dependsOn: [{ name: 'deep', namespace: 'flux' }], ready: false }),
        make('deep', { dependsOn: [{ name: 'free' }, { name: 'app' }] }),
        make('free'),
      ].map((object) => [object.metadata.name, object]),
    );
    const kustomization = all.get('app');
    assert.ok(kustomization);

    assert.throws(
      () =>
        findUnreadyDependency({ kustomization: ({ name }) => all.get(name) }, { kustomization, revision: REVISION }),
      /dependency cycle detected: flux\/app -> flux\/base -> flux\/deep -> flux\/app/,
    );
  });

  test('a circle that it only hangs on does not stop at it for ever', () => {
    const all = new Map(
      [
        make('app', { dependsOn: [{ name: 'a' }] }),
        make('a', { dependsOn: [{ name: 'b' }], ready: false }),
        make('b', { dependsOn: [{ name: 'a' }] }),
      ].map((object) => [object.metadata.name, object]),
    );
    const kustomization = all.get('app');
    assert.ok(kustomization);

    const problem = findUnreadyDependency(
      { kustomization: ({ name }) => all.get(name) },
      { kustomization, revision: REVISION },
    );

    assert.equal(problem, "dependency 'flux/a' is not ready");
  });

  test('an expression that cannot be compiled is refused before anything is looked at', () => {
    const kustomization = make('app', { dependsOn: [{ name: 'base', readyExpr: 'dep.(' }] });

    assert.throws(
      () => findUnreadyDependency({ kustomization: () => undefined }, { kustomization, revision: REVISION }),
      /spec\.dependsOn\[0\]\.readyExpr/,
    );
  });
});
