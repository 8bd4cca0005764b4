import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withNamespace, withOwnerLabels } from '../../../src/manifest/owner-labels.ts';

const CONFIG_MAP = Object.freeze({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: Object.freeze({ name: 'a', labels: { app: 'a' } }),
});

test("owner labels are added in Flux's form, beside the object's own", () => {
  const owned = withOwnerLabels(CONFIG_MAP, { name: 'app', namespace: 'default' });

  assert.deepEqual(owned.metadata.labels, {
    app: 'a',
    'kustomize.toolkit.fluxcd.io/name': 'app',
    'kustomize.toolkit.fluxcd.io/namespace': 'default',
  });
  assert.deepEqual(CONFIG_MAP.metadata.labels, { app: 'a' });
});

test('a namespace is set, replaced and taken away', () => {
  const there = withNamespace(CONFIG_MAP, 'team');

  assert.equal(there.metadata.namespace, 'team');
  assert.equal(withNamespace(there, 'other').metadata.namespace, 'other');
  assert.ok(!('namespace' in withNamespace(there, '').metadata));
});
