import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageOf } from '../../src/errors/hawser-error.ts';
import { annotate, configMap, configRef, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { createKubectl } from '../support/kubectl.ts';
import { makeConfigMap } from '../support/make-kustomization.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const both = (value: string) => toManifests(configMap('a', { x: value }), configMap('b', { x: value }));

describe('an object that is to be left alone', () => {
  for (const switches of [{ reconcile: 'Disabled' }, { ssa: 'IGNORE' }]) {
    const name = Object.entries(switches).join().replace(',', ': ');
    test(`is not even created where Git says ${name}`, async (t) => {
      const bench = await useApply(t);

      const result = await bench.apply(toManifests(annotate(configMap('a', {}), switches)));

      assert.deepEqual(linesOf(result), []);
      assert.deepEqual(bench.calls(), {});
      assert.equal(await bench.client.get(configRef(bench, 'a')), undefined);
    });

    test(`keeps what a person put there where only the cluster says ${name}`, async (t) => {
      const bench = await useApply(t);
      await bench.apply(both('1'));
      await takeAway(bench, 'a', switches);

      const result = await bench.apply(both('2'));

      assert.deepEqual(linesOf(result).sort(), ['ConfigMap a skipped', 'ConfigMap b configured']);
      assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { x: 'by hand' });
    });
  }

  test('is looked at before it is written where nothing is known of it, as after a restart', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeConfigMap('a', { x: '1' }));
    await takeAway(bench, 'a', { reconcile: 'disabled' });
    bench.forgetAll();
    bench.calls();

    const result = await bench.apply(makeConfigMap('a', { x: '1' }));

    assert.deepEqual(linesOf(result), ['ConfigMap a skipped']);
    assert.deepEqual(bench.calls(), { get: 1 });
    assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { x: 'by hand' });
  });

  test('costs nothing while a watch shows it', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeConfigMap('a', { x: '1' }));
    await takeAway(bench, 'a', { reconcile: 'disabled' });
    bench.see(await bench.client.get(configRef(bench, 'a')));
    bench.calls();

    const { plan } = await bench.apply(makeConfigMap('a', { x: '2' }));

    assert.deepEqual(plan.stages, []);
    assert.deepEqual(bench.calls(), {});
  });

  test('is no reason to fail, whatever Git holds for it', async (t) => {
    const bench = await useApply(t);
    const key = (value: string) => ({ ...configMap('a', { x: value }), immutable: true });
    await bench.apply(toManifests(key('1'), configMap('b', {})));
    const annotations = { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' };
    await bench.client.mergePatch(configRef(bench, 'a'), { metadata: { annotations } });

    const result = await bench.apply(toManifests(key('2'), configMap('b', { x: '2' })));

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.deepEqual(linesOf(result).sort(), ['ConfigMap a skipped', 'ConfigMap b configured']);
  });

  test('is applied again once the annotation is gone', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeConfigMap('a', { x: '1' }));
    await takeAway(bench, 'a', { reconcile: 'disabled' });
    bench.see(await bench.client.get(configRef(bench, 'a')));
    await bench.apply(makeConfigMap('a', { x: '2' }));
    const annotations = { 'kustomize.toolkit.fluxcd.io/reconcile': null };
    bench.see(await bench.client.mergePatch(configRef(bench, 'a'), { metadata: { annotations } }));

    await bench.apply(makeConfigMap('a', { x: '2' }));

    assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { x: '2' });
  });
});

describe('an object that Git only wants to be there', () => {
  const once = (value: string) => toManifests(annotate(configMap('a', { x: value }), { ssa: 'IfNotPresent' }));

  test('is created, and then left to others at no cost', async (t) => {
    const bench = await useApply(t);
    const created = await bench.apply(once('1'));
    bench.calls();

    const { plan } = await bench.apply(once('2'));

    assert.deepEqual(linesOf(created), ['ConfigMap a created']);
    assert.deepEqual(plan.stages, []);
    assert.deepEqual(bench.calls(), {});
  });

  test('is left as somebody else has made it', async (t) => {
    const bench = await useApply(t);
    const found = configMap('a', { theirs: '1' });
    await bench.client.create({ ...found, metadata: { name: 'a', namespace: bench.namespace } });

    const alone = await bench.apply(once('1'));
    bench.forgetAll();
    const inSet = await bench.apply(toManifests(once('1'), configMap('b', {})));

    assert.deepEqual(linesOf(alone), ['ConfigMap a skipped']);
    assert.deepEqual(linesOf(inSet).sort(), ['ConfigMap a skipped', 'ConfigMap b created']);
    assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { theirs: '1' });
  });
});

describe('an object whose fields kubectl may share', () => {
  for (const where of ['in Git', 'in the cluster'] as const) {
    test(`keeps kubectl's fields where ssa: Merge is set ${where}`, async (t) => {
      const bench = await useApply(t);
      const kubectl = createKubectl(bench.kubeconfig, bench.namespace);
      await kubectl('create', 'configmap', 'a', '--from-literal=theirs=1', '--save-config');
      const merged = annotate(configMap('a', { x: '1' }), { ssa: 'merge' });
      if (where === 'in the cluster')
        await kubectl('annotate', 'configmap', 'a', 'kustomize.toolkit.fluxcd.io/ssa=Merge');

      await bench.apply(toManifests(where === 'in Git' ? merged : configMap('a', { x: '1' })));

      assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { theirs: '1', x: '1' });
    });
  }

  test('a switch may be a label as well', async (t) => {
    const bench = await useApply(t);
    const labels = { 'kustomize.toolkit.fluxcd.io/ssa': 'Ignore' };
    const labelled = { ...configMap('a', {}), metadata: { name: 'a', labels } };

    const { plan } = await bench.apply(toManifests(labelled));

    assert.deepEqual(plan.stages, []);
  });
});

/** A person takes an object over in an emergency. */
async function takeAway(bench: ApplyBench, name: string, switches: Readonly<Record<string, string>>): Promise<void> {
  const { metadata } = annotate(configMap(name, {}), switches);
  const edit = { metadata: { annotations: metadata.annotations }, data: { x: 'by hand' } };
  await bench.client.mergePatch(configRef(bench, name), edit, { fieldManager: 'kubectl-edit' });
}
