import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { deployedStory, followedStory, hasCondition, hasEvent } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { forbidDeletion } from '../support/forbid-deletion.ts';
import { makeConfigMap, makeKustomization } from '../support/make-kustomization.ts';
import type { FileChanges } from '../support/make-repository.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { type ApiRequest, startApiGate } from '../support/start-api-gate.ts';
import type { Story } from '../support/use-story.ts';

const KEEP = '  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n';

describe('an object that left Git', () => {
  test('is kept where its annotation says so, and is Hawser’s no more', async (t) => {
    const { story, push } = await deployedStory(t, {
      'data.yaml': makeConfigMap('data', { a: 'b' }).replace('\ndata:\n', `\n${KEEP}data:\n`),
      'stays.yaml': makeConfigMap('stays', {}),
    });

    const kustomization = await story.applied(await push({ 'data.yaml': null }));

    assert.deepEqual((await story.get('v1', 'ConfigMap', 'data'))?.data, { a: 'b' });
    assert.deepEqual(inventoryOf(kustomization), [`${story.namespace}_stays__ConfigMap`]);
  });

  test('is kept where another Kustomization has taken it over, which goes on correcting its drift', async (t) => {
    const { story, push } = await followedStory(t, {
      'from/moved.yaml': makeConfigMap('moved', { colour: 'red' }),
      'to/stays.yaml': makeConfigMap('stays', {}),
    });
    const { namespace } = story;
    await story.create(
      makeKustomization({ name: 'from', namespace }, { path: './from' }),
      makeKustomization({ name: 'to', namespace }, { path: './to' }),
    );
    await hasCondition(story, READY, 'from');
    await hasCondition(story, READY, 'to');
    const before = await story.get('v1', 'ConfigMap', 'moved');
    await suspend(story, 'from', true);
    const sha = await push({
      'from/other.yaml': makeConfigMap('other', {}),
      'to/moved.yaml': makeConfigMap('moved', { colour: 'red' }),
      'from/moved.yaml': null,
    });
    await story.applied(sha, 'to');

    await suspend(story, 'from', false);
    const from = await story.applied(sha, 'from');

    assert.deepEqual(inventoryOf(from), [`${namespace}_other__ConfigMap`]);
    assert.equal((await story.get('v1', 'ConfigMap', 'moved'))?.metadata.uid, before?.metadata.uid);
    await story.kubectl('patch', 'configmap', 'moved', '--type=merge', '-p', '{"data":{"colour":"blue"}}');
    await eventually(async () =>
      assert.deepEqual((await story.get('v1', 'ConfigMap', 'moved'))?.data, { colour: 'red' }),
    );
  });

  test('stays in the inventory while its deletion is refused, is named, and is gone once it is allowed', async (t) => {
    const { story, push } = await deployedStory(t, {
      'settings.yaml': makeConfigMap('settings', {}),
      'stays.yaml': makeConfigMap('stays', {}),
    });
    const allow = await forbidDeletion(t, story);
    const sha = await push({ 'settings.yaml': null });

    const refused = await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      reason: 'PruneFailed',
      message: new RegExp(`^ConfigMap/${story.namespace}/settings delete failed: .*settings must stay`),
    });
    assert.ok(inventoryOf(refused).includes(`${story.namespace}_settings__ConfigMap`));
    assert.notEqual(refused.status?.lastAppliedRevision, `main@sha1:${sha}`);
    await hasEvent(story, 'PruneFailed', `ConfigMap/${story.namespace}/settings delete failed`);
    await allow();

    const applied = await story.applied(sha);
    assert.equal(await story.get('v1', 'ConfigMap', 'settings'), undefined);
    assert.deepEqual(inventoryOf(applied), [`${story.namespace}_stays__ConfigMap`]);
  });

  test('that finalizers hold is told with them, and is asked for only once, whatever becomes of it', async (t) => {
    const { story, push, requests } = await deployedThroughGate(t, {
      'held.yaml': makeConfigMap('held', {}).replace('name: held', 'name: held\n  finalizers: [example.com/hold]'),
      'stays.yaml': makeConfigMap('stays', {}),
    });
    const release = () => story.client.mergePatch(heldIn(story), { metadata: { finalizers: null } });
    t.after(() =>
      story.kubectl('patch', 'cm', 'held', '-p', '{"metadata":{"finalizers":null}}').catch(() => undefined),
    );
    requests.length = 0;

    const kustomization = await story.applied(await push({ 'held.yaml': null }));

    assert.deepEqual(inventoryOf(kustomization), [`${story.namespace}_stays__ConfigMap`]);
    await hasCondition(story, READY);
    await hasEvent(story, 'Progressing', `ConfigMap/${story.namespace}/held: is being deleted`);
    for (let edit = 0; edit < 20; edit++) await story.kubectl('annotate', 'cm', 'held', '--overwrite', `edit=${edit}`);
    await release();
    await story.applied(await push({ 'stays.yaml': makeConfigMap('stays', { a: 'later push' }) }));
    assert.equal(await story.get('v1', 'ConfigMap', 'held'), undefined);
    const ofHeld = requests.filter(({ path }) => path.includes('/configmaps/held'));
    assert.deepEqual(
      ofHeld.map(({ method }) => method),
      ['GET', 'DELETE'],
    );
    const ofStatus = requests.filter(
      ({ method, path }) => method === 'PATCH' && /kustomizations\/app\/status/.test(path),
    );
    assert.equal(ofStatus.length, 4, 'two status writes for each of the two pushes');
  });
});

describe('an empty result', () => {
  test('deletes everything where it is meant, and what is put back into Git is deployed again', async (t) => {
    const { story, push } = await deployedStory(t, { 'app/settings.yaml': makeConfigMap('settings', {}) }, IN_APP);

    const emptied = await story.applied(await push({ 'app/settings.yaml': null, 'app/kustomization.yaml': EMPTY }));

    assert.deepEqual(inventoryOf(emptied), []);
    assert.equal(await story.get('v1', 'ConfigMap', 'settings'), undefined);
    await hasCondition(story, READY);
    const back = { 'app/settings.yaml': makeConfigMap('settings', {}), 'app/kustomization.yaml': null };
    const restored = await story.applied(await push(back));
    assert.deepEqual(inventoryOf(restored), [`${story.namespace}_settings__ConfigMap`]);
  });

  test('deletes nothing where the path has vanished from Git', async (t) => {
    const files = { 'app/settings.yaml': makeConfigMap('settings', {}), 'README.md': 'about' };
    const { story, push } = await deployedStory(t, files, IN_APP);

    await push({ 'app/settings.yaml': null });

    const message = /kustomization path not found/;
    const refused = await hasCondition(story, { type: 'Ready', status: 'False', reason: 'ArtifactFailed', message });
    assert.ok(await story.get('v1', 'ConfigMap', 'settings'));
    assert.deepEqual(inventoryOf(refused), [`${story.namespace}_settings__ConfigMap`]);
  });
});

describe('a CustomResourceDefinition that left Git', () => {
  test('is kept while objects would be lost with it, the condition says how to go on, and that works', async (t) => {
    const group = `prune-${Date.now().toString(36)}.example.com`;
    const name = `widgets.${group}`;
    const crd = JSON.stringify(makeWidgetCrd(group));
    const { story, push } = await deployedStory(t, { 'crd.yaml': crd, 'stays.yaml': makeConfigMap('stays', {}) });
    t.after(() => story.kubectl('delete', 'crd', name, '--ignore-not-found', '--wait=false'));
    const metadata = { name: 'of-a-team', namespace: story.namespace };
    await eventually(() => story.client.create({ apiVersion: `${group}/v1`, kind: 'Widget', metadata }));

    const sha = await push({ 'crd.yaml': null });
    const refused = await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      reason: 'PruneFailed',
      message: new RegExp(`Widget/${story.namespace}/of-a-team would be lost with it`),
    });

    const ready = refused.status?.conditions?.find(({ type }) => type === 'Ready');
    const [, wayOut = ''] = /: kubectl (annotate .*)$/.exec(ready?.message ?? '') ?? [];
    assert.ok(await story.get(`${group}/v1`, 'Widget', 'of-a-team'));
    await story.kubectl(...wayOut.split(' '));
    await story.applied(sha);
    await eventually(async () =>
      assert.doesNotMatch(await story.kubectl('get', 'crd', '-o', 'name'), new RegExp(name)),
    );
  });
});

const READY = { type: 'Ready', status: 'True', message: /^Applied revision/ } as const;
const IN_APP = { path: './app' };
const EMPTY = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n';

function inventoryOf({ status }: Kustomization): string[] {
  return (status?.inventory?.entries ?? []).map(({ id }) => id);
}

function heldIn({ namespace }: Story) {
  return { group: '', version: 'v1', kind: 'ConfigMap', namespace, name: 'held' };
}

async function suspend({ kubectl }: Story, name: string, value: boolean): Promise<void> {
  await kubectl('patch', 'kustomization', name, '--type=merge', '-p', JSON.stringify({ spec: { suspend: value } }));
}

/** A story whose Hawser reaches its cluster through a gate that notes every request. */
async function deployedThroughGate(t: TestContext, files: FileChanges) {
  const { story, first, push } = await followedStory(t, files, { started: false });
  const gate = await startApiGate(t, story.kubeconfig);
  const requests: ApiRequest[] = [];
  gate.hold((request) => {
    requests.push(request);
    return false;
  });
  await story.start({ kubeconfig: gate.kubeconfig });
  await story.create(makeKustomization({ namespace: story.namespace }));
  await story.applied(first);
  return { story, push, requests };
}
