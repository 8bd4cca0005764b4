import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageOf } from '../../src/errors/hawser-error.ts';
import { type KubeObject, type ObjectRef, refOf } from '../../src/model/kube-object.ts';
import { annotate, configMap, configRef, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { eventually } from '../support/eventually.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const OTHER = { name: 'other', namespace: 'flux' };

describe('an object that has left the set', () => {
  test('is deleted, in the reverse of the order that they are applied in, at one read and one delete each', async (t) => {
    const bench = await useApply(t);
    const set = toManifests(account(), role(), configMap('settings', {}), service());
    const applied = await bench.apply(toManifests(set, configMap('stays', {})));
    const before = await readObject(bench, configRef(bench, 'stays'));
    bench.calls();

    const { pruned } = await bench.apply(toManifests(configMap('stays', {})), { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), [
      'Service web deleted',
      'ConfigMap settings deleted',
      'Role reader deleted',
      'ServiceAccount runner deleted',
    ]);
    assert.deepEqual(bench.calls(), { get: 4, delete: 4 });
    assert.deepEqual([pruned.survivors, pruned.failures], [[], []]);
    assert.deepEqual((await readObject(bench, configRef(bench, 'stays'))).metadata, before.metadata);
    assert.equal(await bench.client.get(configRef(bench, 'settings')), undefined);
  });

  test('under a new name is created before the old one is deleted', async (t) => {
    const bench = await useApply(t);
    const applied = await bench.apply(toManifests(configMap('old', { x: '1' })));

    const result = await bench.apply(toManifests(configMap('new', { x: '1' })), { inventory: refsOf(applied) });

    assert.deepEqual(
      [...linesOf(result), ...linesOf(result.pruned)],
      ['ConfigMap new created', 'ConfigMap old deleted'],
    );
    assert.deepEqual((await readObject(bench, configRef(bench, 'new'))).data, { x: '1' });
  });

  for (const [name, value] of [
    ['prune', 'disabled'],
    ['reconcile', 'disabled'],
    ['ssa', 'Ignore'],
  ] as const) {
    test(`is kept, and leaves the inventory, where ${name} says ${value}`, async (t) => {
      const bench = await useApply(t);
      const applied = await bench.apply(toManifests(configMap('data', {})));
      const { annotations } = annotate(configMap('data', {}), { [name]: value }).metadata;
      await bench.client.mergePatch(configRef(bench, 'data'), { metadata: { annotations } });

      const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

      assert.deepEqual(linesOf(pruned), ['ConfigMap data skipped']);
      assert.deepEqual(pruned.survivors, []);
      assert.ok(await bench.client.get(configRef(bench, 'data')));
    });
  }

  test('is kept, and stays on record, where another Kustomization has taken it over', async (t) => {
    const bench = await useApply(t);
    const manifests = toManifests(configMap('moved', { x: '1' }));
    const applied = await bench.apply(manifests);
    await bench.apply(manifests, { owner: OTHER });

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), ['ConfigMap moved skipped']);
    assert.ok(await bench.client.get(configRef(bench, 'moved')));
    assert.equal(bench.live.record(configRef(bench, 'moved'))?.owner?.name, OTHER.name);
  });

  test('is kept where somebody has deleted it and made another one while it was being pruned', async (t) => {
    const bench = await useApply(t);
    const applied = await bench.apply(toManifests(configMap('a', { by: 'us' })));
    bench.interfere('delete', async () => {
      await bench.client.delete(configRef(bench, 'a'));
      await bench.client.create(inBench(bench, configMap('a', { by: 'somebody else' })));
    });

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), ['ConfigMap a skipped']);
    assert.deepEqual(pruned.failures, []);
    assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { by: 'somebody else' });
  });

  test('is looked at again where it was changed while it was being pruned, and deleted if it is still ours', async (t) => {
    const bench = await useApply(t);
    const applied = await bench.apply(toManifests(configMap('a', {})));
    const patch = { metadata: { annotations: { note: 'changed' } } };
    bench.interfere('delete', () => bench.client.mergePatch(configRef(bench, 'a'), patch));

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), ['ConfigMap a deleted']);
    assert.equal(await bench.client.get(configRef(bench, 'a')), undefined);
  });

  test('is deleted although its status changes all the time', async (t) => {
    const bench = await useApply(t);
    const applied = await bench.apply(toManifests(configMap('busy', {})));
    let changes = 0;
    const change = async () => {
      if (++changes < 5) bench.interfere('delete', change);
      await bench.client.mergePatch(configRef(bench, 'busy'), { data: { changes: `${changes}` } });
    };
    bench.interfere('delete', change);

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual([linesOf(pruned), changes], [['ConfigMap busy deleted'], 5]);
  });

  test('is not pruned where it was protected a moment before its deletion', async (t) => {
    const bench = await useApply(t);
    const applied = await bench.apply(toManifests(configMap('a', {})));
    const { annotations } = annotate(configMap('a', {}), { prune: 'disabled' }).metadata;
    bench.interfere('delete', () => bench.client.mergePatch(configRef(bench, 'a'), { metadata: { annotations } }));

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), ['ConfigMap a skipped']);
    assert.ok(await bench.client.get(configRef(bench, 'a')));
  });

  test('by its old API group only is one object still, and never deleted', async (t) => {
    const bench = await useApply(t);
    const applied = await bench.apply(toManifests(newEvent(bench)));
    const { uid } = (await readObject(bench, refOf(newEvent(bench)))).metadata;

    const result = await bench.apply(toManifests(coreEvent(bench)), { inventory: refsOf(applied) });

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.deepEqual(linesOf(result.pruned), ['Event moved skipped']);
    assert.equal((await readObject(bench, refOf(coreEvent(bench)))).metadata.uid, uid);
    const { pruned } = await bench.apply('', { inventory: refsOf(result) });
    assert.deepEqual(linesOf(pruned), ['Event moved deleted']);
  });

  test('that finalizers hold is told with them, leaves the inventory, and is not deleted twice', async (t) => {
    const bench = await useApply(t);
    const applied = await bench.apply(toManifests(configMap('held', {})));
    const ref = configRef(bench, 'held');
    await bench.client.mergePatch(ref, { metadata: { finalizers: ['example.com/hold'] } });
    bench.calls();

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });
    const calls = bench.calls();
    const again = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), ['ConfigMap held deleted']);
    assert.match(pruned.changes[0]?.notes?.join() ?? '', /finalizers.*example\.com\/hold/);
    assert.deepEqual([pruned.survivors, calls], [[], { get: 1, delete: 1 }]);
    assert.deepEqual([linesOf(again.pruned), bench.calls()], [['ConfigMap held skipped'], { get: 1 }]);
    await bench.client.mergePatch(ref, { metadata: { finalizers: null } });
  });
});

describe('an object of a kind that is not served as it was', () => {
  test('is gone where its definition is gone', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = widgets(bench);
    const applied = await bench.apply(toManifests(crd, widget));
    await bench.client.delete(refOf(crd));
    await eventually(async () => assert.equal(await bench.client.get(refOf(crd)), undefined));

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), ['Widget one skipped', `CustomResourceDefinition ${crd.metadata.name} skipped`]);
    assert.deepEqual([pruned.survivors, pruned.failures], [[], []]);
  });

  test('is found, and deleted, by the version that is served now', async (t) => {
    const bench = await useApply(t);
    const { crd, widget, ref } = widgets(bench, ['v1', 'v1beta1']);
    await bench.apply(toManifests(crd, { ...widget, apiVersion: widget.apiVersion.replace('v1', 'v1beta1') }));
    const definition = widgets(bench, ['v1']).crd;
    await bench.client.mergePatch(refOf(crd), { spec: definition.spec });
    await eventually(async () => {
      bench.client.discovery.invalidate();
      assert.equal(await bench.client.discovery.resolve({ ...ref, version: 'v1beta1' }), undefined);
    });

    const { pruned } = await bench.apply(toManifests(definition), { inventory: [{ ...ref, version: 'v1beta1' }] });

    assert.deepEqual([linesOf(pruned), pruned.failures.map(messageOf)], [['Widget one deleted'], []]);
    assert.equal(await bench.client.get(ref), undefined);
  });
});

describe('a CustomResourceDefinition that has left the set', () => {
  test('is deleted after its objects', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = widgets(bench);
    const applied = await bench.apply(toManifests(crd, widget));

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), ['Widget one deleted', `CustomResourceDefinition ${crd.metadata.name} deleted`]);
    await eventually(async () => assert.equal(await bench.client.get(refOf(crd)), undefined));
  });

  test('stays while somebody’s custom resources would be lost with it, which are named, and goes once they are gone', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = widgets(bench);
    const applied = await bench.apply(toManifests(crd, widget));
    const foreign = { ...widget, metadata: { name: 'foreign', namespace: bench.namespace } };
    await eventually(() => bench.client.create(foreign));

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    const { name } = crd.metadata;
    assert.deepEqual(linesOf(pruned), ['Widget one deleted']);
    assert.deepEqual(pruned.survivors, [refOf(crd)]);
    assert.deepEqual(pruned.failures.map(messageOf), [
      `CustomResourceDefinition/${name} delete failed: Widget/${bench.namespace}/foreign would be lost with it: delete them first, or let them go: kubectl annotate crd ${name} kustomize.toolkit.fluxcd.io/prune=enabled`,
    ]);
    await bench.client.delete(refOf(foreign));
    const again = await bench.apply('', { inventory: pruned.survivors });
    assert.deepEqual(linesOf(again.pruned), [`CustomResourceDefinition ${name} deleted`]);
  });

  test('takes them with it where that is permitted on it', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = widgets(bench);
    const applied = await bench.apply(toManifests(annotate(crd, { prune: 'enabled' })));
    await eventually(() => bench.client.create(inBench(bench, widget)));

    const { pruned } = await bench.apply('', { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), [`CustomResourceDefinition ${crd.metadata.name} deleted`]);
  });

  test('is not held by what other objects own: that comes and goes with them', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = widgets(bench);
    const applied = await bench.apply(toManifests(crd, configMap('parent', {})));
    const { uid = '' } = (await readObject(bench, configRef(bench, 'parent'))).metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'parent', uid }];
    const metadata = { name: 'child', namespace: bench.namespace, ownerReferences };
    await eventually(() => bench.client.create({ ...widget, metadata }));

    const { pruned } = await bench.apply(toManifests(configMap('parent', {})), { inventory: refsOf(applied) });

    assert.deepEqual(linesOf(pruned), [`CustomResourceDefinition ${crd.metadata.name} deleted`]);
  });
});

function refsOf({
  plan,
}: {
  readonly plan: { readonly desired: readonly { readonly ref: ObjectRef }[] };
}): ObjectRef[] {
  return plan.desired.map(({ ref }) => ref);
}

function inBench({ namespace }: ApplyBench, object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function account(): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'runner' } };
}

function service(): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { ports: [{ port: 80, protocol: 'TCP' }] },
  };
}

function role(): KubeObject {
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'reader' }, rules };
}

/** One object, served in two groups as Ingresses once were. */
function newEvent({ namespace }: ApplyBench): KubeObject {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'moved', namespace },
    eventTime: '2026-01-02T03:04:05.000000Z',
    reportingController: 'example.com/tester',
    reportingInstance: 'tester-1',
    action: 'Testing',
    reason: 'Tested',
    type: 'Normal',
    regarding: { apiVersion: 'v1', kind: 'ConfigMap', name: 'any', namespace },
  };
}

function coreEvent(bench: ApplyBench): KubeObject {
  const { regarding, reportingController, apiVersion: _, ...common } = newEvent(bench);
  return {
    ...common,
    apiVersion: 'v1',
    involvedObject: regarding,
    reportingComponent: reportingController,
  } as KubeObject;
}

function widgets(bench: ApplyBench, versions: readonly string[] = ['v1']) {
  const group = `${bench.namespace}.example.com`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const crd: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: versions.map((name) => ({ name, served: true, storage: name === 'v1', schema })),
    },
  };
  bench.deleteAfter(crd);
  const widget: KubeObject = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'one' } };
  const ref = { group, version: 'v1', kind: 'Widget', namespace: bench.namespace, name: 'one' };
  return { crd, widget, ref };
}
