import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concerns, type StatusObject } from '../../../src/commit-status/match-alerts.ts';
import type { Alert } from '../../../src/model/alert.ts';

type Source = NonNullable<Alert['spec']['eventSources']>[number];

const WEB: StatusObject = {
  kind: 'Kustomization',
  namespace: 'shop',
  name: 'web',
  object: { apiVersion: 'v1', kind: 'Kustomization', metadata: { name: 'web', labels: { team: 'a', tier: 'web' } } },
};

const CASES: readonly (readonly [name: string, source: Source, object: StatusObject, want: boolean])[] = [
  ['the one of this name', { kind: 'Kustomization', name: 'web', namespace: 'shop' }, WEB, true],
  ['not the one of another name', { kind: 'Kustomization', name: 'api', namespace: 'shop' }, WEB, false],
  ['all of a namespace', { kind: 'Kustomization', name: '*', namespace: 'shop' }, WEB, true],
  ['its own namespace where none is named', { kind: 'Kustomization', name: '*' }, WEB, false],
  ['its own namespace', { kind: 'Kustomization', name: '*' }, { ...WEB, namespace: 'flux-system' }, true],
  ['not another kind', { kind: 'HelmRelease', name: '*', namespace: 'shop' }, WEB, false],
  ['by labels', { kind: 'Kustomization', name: '*', namespace: 'shop', matchLabels: { team: 'a' } }, WEB, true],
  [
    'by all labels',
    { kind: 'Kustomization', name: '*', namespace: 'shop', matchLabels: { team: 'a', tier: 'db' } },
    WEB,
    false,
  ],
];

for (const [name, source, object, want] of CASES) {
  test(`an Alert concerns ${name}`, () => {
    const alert: Alert = {
      metadata: { namespace: 'flux-system', name: 'git' },
      spec: { providerRef: { name: 'git' }, eventSources: [source] },
    };

    assert.equal(concerns(alert, object, { allowCrossNamespaceRefs: true }), want);
    const isOwn = object.namespace === 'flux-system';
    assert.equal(concerns(alert, object, { allowCrossNamespaceRefs: false }), want && isOwn);
    assert.equal(
      concerns({ ...alert, spec: { ...alert.spec, suspend: true } }, object, { allowCrossNamespaceRefs: true }),
      false,
    );
  });
}
