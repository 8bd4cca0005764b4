import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageOf } from '../../src/errors/hawser-error.ts';
import { toInventoryEntry } from '../../src/model/inventory.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { configMap, readObject, toManifests } from '../support/apply-manifests.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';

describe('one object by several names', () => {
  test('a namespace on a kind that has none is taken away, and the inventory holds none', async (t) => {
    const bench = await useApply(t);
    const role = {
      apiVersion: RBAC,
      kind: 'ClusterRole',
      metadata: { name: bench.namespace, namespace: 'x' },
      rules: [],
    };
    bench.deleteAfter({ ...role, metadata: { name: bench.namespace } });

    const { plan, failures } = await bench.apply(toManifests(role));

    assert.deepEqual(failures.map(messageOf), []);
    assert.deepEqual(plan.inventoryAfter, [
      { id: `_${bench.namespace}_rbac.authorization.k8s.io_ClusterRole`, v: 'v1' },
    ]);
  });

  test('twice the same object, told apart only by such a namespace, is refused', async (t) => {
    const bench = await useApply(t);
    const role = (namespace: string) => ({
      apiVersion: RBAC,
      kind: 'ClusterRole',
      metadata: { name: 'twin', namespace },
    });

    await assert.rejects(
      bench.apply(toManifests(role('a'), role('b'))),
      /^HawserError: ClusterRole\/twin is there twice/,
    );
  });

  test('a custom resource that moves to another version is neither pruned nor created anew', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = makeTwoVersions(bench, {});
    const before = await bench.apply(toManifests(crd, widget('v1alpha1', { size: 1 })));
    const inventory = before.plan.desired.map(({ ref }) => ref);
    const ref = { ...refOf(widget('v1', {})), namespace: bench.namespace };
    const { uid } = (await readObject(bench, ref)).metadata;

    const after = await bench.apply(toManifests(crd, widget('v1', { size: 2 })), { inventory });

    assert.deepEqual(after.failures.map(messageOf), []);
    assert.deepEqual(after.plan.prune, []);
    const live = await readObject(bench, ref);
    assert.equal(live.metadata.uid, uid);
    assert.deepEqual(live.spec, { size: 2 });
    assert.deepEqual(
      after.plan.inventoryAfter.filter(({ id }) => id.endsWith('_Widget')),
      [toInventoryEntry(ref)],
    );
  });

  test('a custom resource can move to a version that brings a default of its own', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = makeTwoVersions(bench, { mode: { type: 'string', default: 'fast' } });
    await bench.apply(toManifests(crd, widget('v1alpha1', { size: 1 })));
    const ref = { ...refOf(widget('v1', {})), namespace: bench.namespace };

    const moved = widget('v1', { size: 2 });

    const alone = await bench.apply(toManifests(crd, moved));

    assert.deepEqual(alone.failures.map(messageOf), []);
    assert.deepEqual((await readObject(bench, ref)).spec, { size: 2, mode: 'fast' });
  });

  test('the same move in a set is not mistaken for a broken manifest', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = makeTwoVersions(bench, { mode: { type: 'string', default: 'fast' } });
    await bench.apply(toManifests(crd, widget('v1alpha1', { size: 1 })));

    const result = await bench.apply(toManifests(crd, widget('v1', { size: 2 }), configMap('a', {})));

    assert.deepEqual(result.failures.map(messageOf), []);
    const moved = result.changes.find(({ ref }) => ref.kind === 'Widget');
    assert.match(moved?.notes?.join() ?? '', /managedFields named another version/);
  });
});

/** A definition with an older version, and one that is stored and has more fields. */
function makeTwoVersions(bench: ApplyBench, more: Readonly<Record<string, unknown>>) {
  const group = `${bench.namespace}.example.com`;
  const base = makeWidgetCrd(group);
  const schemaOf = (properties: object) => ({
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } },
  });
  const size = { type: 'integer' };
  const versions = [
    { name: 'v1alpha1', served: true, storage: false, schema: schemaOf({ size }) },
    { name: 'v1', served: true, storage: true, schema: schemaOf({ size, ...more }) },
  ];
  const crd: KubeObject = { ...base, spec: { ...(base.spec as object), versions } };
  bench.deleteAfter(crd);
  const widget = (version: string, spec: object): KubeObject => ({
    apiVersion: `${group}/${version}`,
    kind: 'Widget',
    metadata: { name: 'w' },
    spec,
  });
  return { crd, widget };
}
