import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { prune } from '../../src/apply/prune.ts';
import type { KubeObject, ObjectRef } from '../../src/model/kube-object.ts';
import { annotate, configMap, linesOf, toManifests } from '../support/apply-manifests.ts';
import { eventually } from '../support/eventually.ts';
import { forbidDeletion } from '../support/forbid-deletion.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const OWNER = { name: 'app', namespace: 'flux' };

describe('a namespace that has left the set', () => {
  test('is deleted after the objects in it', async (t) => {
    const { bench, namespace, settings } = await applyNamespace(t);

    const { changes, survivors } = await pruneAll(bench, [settings, namespace]);

    assert.deepEqual(linesOf({ changes }), ['ConfigMap settings deleted', `Namespace ${namespace.name} deleted`]);
    assert.deepEqual(survivors, []);
  });

  test('is kept while it holds an object of the set, which is named, and stays in the inventory', async (t) => {
    const { bench, namespace, settings } = await applyNamespace(t);

    const held = await pruneAll(bench, [namespace], [settings]);

    assert.deepEqual(linesOf(held), [`Namespace ${namespace.name} skipped`]);
    assert.deepEqual([held.survivors, held.failures], [[namespace], []]);
    assert.deepEqual(held.changes[0]?.warnings, [
      `left Git, but still holds ConfigMap/${namespace.name}/settings: it is deleted once that is gone`,
    ]);
    assert.equal((await bench.client.get(namespace))?.metadata.deletionTimestamp, undefined);
    const freed = await pruneAll(bench, [settings, namespace]);
    assert.deepEqual(linesOf(freed), ['ConfigMap settings deleted', `Namespace ${namespace.name} deleted`]);
  });

  test('is kept with the object in it that is kept on purpose, and neither is managed any more', async (t) => {
    const { bench, namespace, settings } = await applyNamespace(t, { prune: 'disabled' });

    const { changes, survivors } = await pruneAll(bench, [settings, namespace]);

    assert.deepEqual(linesOf({ changes }), ['ConfigMap settings skipped', `Namespace ${namespace.name} skipped`]);
    assert.match(changes[1]?.warnings?.join() ?? '', /holds ConfigMap\/.*\/settings, which is to be kept/);
    assert.deepEqual(survivors, []);
    assert.equal((await bench.client.get(namespace))?.metadata.deletionTimestamp, undefined);
    assert.ok(await bench.client.get(settings));
  });

  test('is kept, and tried again, while an object in it cannot be deleted', async (t) => {
    const { bench, namespace, settings } = await applyNamespace(t);
    const allow = await forbidDeletion(t, { ...bench, namespace: namespace.name });

    const refused = await pruneAll(bench, [settings, namespace]);

    assert.deepEqual(refused.survivors, [settings, namespace]);
    assert.equal(refused.failures.length, 1);
    assert.equal((await bench.client.get(namespace))?.metadata.deletionTimestamp, undefined);
    await allow();
    const freed = await eventually(async () => {
      const result = await pruneAll(bench, [settings, namespace]);
      assert.deepEqual(result.failures, []);
      return result;
    });
    assert.ok(linesOf(freed).includes(`Namespace ${namespace.name} deleted`));
  });

  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    test(`is never deleted if it is ${name}`, async (t) => {
      const bench = await useApply(t);
      const manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      const ref = namespaceRef(name);
      const before = (await bench.client.get(ref))?.metadata.labels;
      const applied = await bench.apply(toManifests(manifest));
      bench.calls();

      const { pruned } = await bench.apply('', { inventory: applied.plan.desired.map((desired) => desired.ref) });
      const after = await bench.client.get(ref);
      await bench.client.mergePatch(ref, { metadata: { labels: unset(after, before) } });

      assert.deepEqual(linesOf(pruned), [`Namespace ${name} skipped`]);
      assert.match(pruned.changes[0]?.warnings?.join() ?? '', /every cluster needs it/);
      assert.deepEqual([pruned.survivors, pruned.failures, bench.calls()], [[], [], {}]);
      assert.equal(after?.metadata.deletionTimestamp, undefined);
    });
  }
});

async function applyNamespace(t: Parameters<typeof useApply>[0], switches: Readonly<Record<string, string>> = {}) {
  const bench = await useApply(t);
  const name = `${bench.namespace}-set`;
  const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  bench.deleteAfter(object);
  const member = annotate(configMap('settings', {}), switches);
  const { failures } = await bench.apply(
    toManifests(object, { ...member, metadata: { ...member.metadata, namespace: name } }),
    { owner: OWNER },
  );
  assert.deepEqual(failures, []);
  const settings = { group: '', version: 'v1', kind: 'ConfigMap', namespace: name, name: 'settings' };
  return { bench, namespace: namespaceRef(name), settings };
}

function pruneAll({ client, live }: ApplyBench, objects: readonly ObjectRef[], staying: readonly ObjectRef[] = []) {
  const { signal } = new AbortController();
  return prune({ client, live, signal, beforeWrite: () => {}, staying }, OWNER, objects);
}

function namespaceRef(name: string): ObjectRef {
  return { group: '', version: 'v1', kind: 'Namespace', namespace: '', name };
}

/** A merge patch that takes the labels away that an object did not have before. */
function unset(object: KubeObject | undefined, before: Readonly<Record<string, string>> = {}): Record<string, null> {
  const added = Object.keys(object?.metadata.labels ?? {}).filter((name) => !(name in before));
  return Object.fromEntries(added.map((name) => [name, null]));
}
