import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { deployedStory, hasEvent, makeNeverReady } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeDeployment } from '../support/make-kustomization.ts';

const BROKEN = makeDeployment('web', 'web:v2').replace('replicas: 2', 'replicas: many');

describe('what a push changes in the cluster', () => {
  test('an object that left Git is deleted, the others are not touched', async (t) => {
    const { story, push } = await deployedStory(t, {
      'web.yaml': makeDeployment('web', 'web:v1'),
      'old.yaml': makeConfigMap('old', { a: 'b' }),
    });
    const before = await story.get('apps/v1', 'Deployment', 'web');

    const sha = await push({ 'old.yaml': null });
    const kustomization = await story.applied(sha);

    assert.equal(await story.get('v1', 'ConfigMap', 'old'), undefined);
    const after = await story.get('apps/v1', 'Deployment', 'web');
    assert.deepEqual(after?.spec, before?.spec);
    assert.equal(after?.metadata.uid, before?.metadata.uid);
    const inventory = kustomization.status?.inventory?.entries.map(({ id }) => id);
    assert.deepEqual(inventory, [`${story.namespace}_web_apps_Deployment`]);
    await hasEvent(story, 'Progressing', `ConfigMap/${story.namespace}/old deleted`);
  });

  test('a broken manifest changes nothing, names the object and reports failure; a fixed one recovers', async (t) => {
    const { story, push } = await deployedStory(t, {
      'web.yaml': makeDeployment('web', 'web:v1'),
      'settings.yaml': makeConfigMap('settings', { colour: 'blue' }),
    });

    const broken = await push({ 'web.yaml': BROKEN, 'settings.yaml': makeConfigMap('settings', { colour: 'red' }) });
    const failure = await story.github.waitFor(({ sha, state }) => sha === broken && state === 'failure');

    assert.match(failure.description ?? '', new RegExp(`^Deployment/${story.namespace}/web dry-run failed`));
    const kustomization = await eventually(async () => {
      const found = await story.kustomization();
      assert.equal(findCondition(found.status?.conditions, 'Ready')?.status, 'False');
      return found;
    });
    const ready = findCondition(kustomization.status?.conditions, 'Ready');
    assert.equal(ready?.reason, 'ReconciliationFailed');
    assert.match(ready?.message ?? '', new RegExp(`^Deployment/${story.namespace}/web dry-run failed.*replicas`, 's'));
    assert.equal(findCondition(kustomization.status?.conditions, 'Stalled')?.status, 'True');
    assert.equal(findCondition(kustomization.status?.conditions, 'Reconciling'), undefined);
    assert.equal(kustomization.status?.observedGeneration, kustomization.metadata.generation);
    assert.equal(kustomization.status?.lastAttemptedRevision, `main@sha1:${broken}`);
    assert.deepEqual((await story.get('v1', 'ConfigMap', 'settings'))?.data, { colour: 'blue' });
    await hasEvent(story, 'ReconciliationFailed', `Deployment/${story.namespace}/web dry-run failed`);

    const fixed = await push({ 'web.yaml': makeDeployment('web', 'web:v3') });
    const recovered = await story.applied(fixed);

    assert.equal(findCondition(recovered.status?.conditions, 'Ready')?.status, 'True');
    assert.equal(findCondition(recovered.status?.conditions, 'Stalled'), undefined);
    assert.deepEqual((await story.get('v1', 'ConfigMap', 'settings'))?.data, { colour: 'red' });
    await story.github.waitFor(({ sha, state }) => sha === fixed && state === 'success');
  });

  test('a CustomResourceDefinition and its object are deployed by one push', async (t) => {
    const group = `e2e-${Date.now().toString(36)}.example.com`;
    const { story } = await deployedStory(t, {
      'crd.yaml': makeCrd(group),
      'widget.yaml': `apiVersion: ${group}/v1\nkind: Widget\nmetadata:\n  name: w\nspec:\n  size: 3\n`,
    });
    t.after(() => story.kubectl('delete', 'crd', `widgets.${group}`, '--ignore-not-found', '--wait=false'));

    const widget = await story.get(`${group}/v1`, 'Widget', 'w');

    assert.deepEqual(widget?.spec, { size: 3 });
  });

  test('a Kustomization that is deleted takes its objects with it', async (t) => {
    const { story } = await deployedStory(t, { 'web.yaml': makeDeployment('web', 'web:v1') });

    await story.kubectl('delete', 'kustomization', 'app', '--timeout=20s');

    const web = await story.get('apps/v1', 'Deployment', 'web');
    assert.ok(web === undefined || web.metadata.deletionTimestamp !== undefined);
  });

  test('a suspended Kustomization does nothing until it is resumed', async (t) => {
    const { story, push, first } = await deployedStory(t, { 'web.yaml': makeDeployment('web', 'web:v1') });
    await story.kubectl('patch', 'kustomization', 'app', '--type=merge', '-p', '{"spec":{"suspend":true}}');

    const sha = await push({ 'web.yaml': makeDeployment('web', 'web:v2') });
    await eventually(async () =>
      assert.match((await story.gitRepository()).status?.artifact?.revision ?? '', new RegExp(sha)),
    );
    await eventually(() => {
      const suspended = story.hawser.log.filter(
        (line) => line.object === `Kustomization/${story.namespace}/app` && line.outcome === 'suspended',
      );
      assert.ok(suspended.length > 0);
    });
    assert.equal((await story.kustomization()).status?.lastAppliedRevision, `main@sha1:${first}`);

    await story.kubectl('patch', 'kustomization', 'app', '--type=merge', '-p', '{"spec":{"suspend":false}}');
    await story.applied(sha);
  });
});

describe('drift', () => {
  test('an edit, a deletion and a removed label are put back by watch; what others add stays', async (t) => {
    const { story } = await deployedStory(t, {
      'web.yaml': makeDeployment('web', 'web:v1'),
      'settings.yaml': makeConfigMap('settings', { colour: 'blue' }),
    });
    const { kubectl } = story;
    const image = () => kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
    const labels = async () => (await story.get('apps/v1', 'Deployment', 'web'))?.metadata.labels ?? {};

    await kubectl('annotate', 'configmap', 'settings', 'note=kept');
    await kubectl('set', 'image', 'deployment/web', 'web=intruder:v9');
    await eventually(async () => assert.equal(await image(), 'web:v1'));
    await hasEvent(story, 'Progressing', `Deployment/${story.namespace}/web configured`);

    await kubectl('delete', 'configmap', 'settings');
    const restored = await eventually(async () => {
      const found = await story.get('v1', 'ConfigMap', 'settings');
      assert.ok(found);
      return found;
    });
    assert.deepEqual(restored.data, { colour: 'blue' });

    await kubectl('label', 'deployment', 'web', 'kustomize.toolkit.fluxcd.io/name-');
    await eventually(async () => assert.equal((await labels())['kustomize.toolkit.fluxcd.io/name'], 'app'));

    await kubectl('annotate', 'deployment', 'web', 'note=kept');
    await kubectl('set', 'env', 'deployment/web', 'ADDED=by-hand');
    await eventually(async () => assert.doesNotMatch(await kubectl('get', 'deployment', 'web', '-o', 'yaml'), /ADDED/));
  });
});

describe('waiting for health', () => {
  test('a Kustomization with wait is Ready once its Deployment is rolled out, and says what it waits for before', async (t) => {
    const { story } = await deployedStory(t, { 'web.yaml': makeDeployment('web', 'web:v1') }, { wait: true });

    const kustomization = await story.kustomization();

    assert.equal(findCondition(kustomization.status?.conditions, 'Healthy')?.status, 'True');
    assert.match(
      await story.kubectl('rollout', 'status', 'deployment', 'web', '--timeout=1s'),
      /successfully rolled out/,
    );
  });

  test('a newer push ends the wait for an older one that never becomes healthy', async (t) => {
    const { story, push } = await deployedStory(t, { 'web.yaml': makeDeployment('web', 'web:v1') }, { wait: true });
    const sha = await push({ 'slow.yaml': makeNeverReady('slow') });

    await eventually(async () => {
      const ready = findCondition((await story.kustomization()).status?.conditions, 'Ready');
      assert.match(
        ready?.message ?? '',
        new RegExp(`waiting for: \\[Deployment/${story.namespace}/slow status: 'InProgress'`),
      );
    });
    const superseding = await push({ 'slow.yaml': null });

    await story.applied(superseding);
    await story.github.waitFor(({ sha: posted, state }) => posted === superseding && state === 'success');
    assert.equal(
      story.github.statuses.some(({ sha: posted, state }) => posted === sha && state === 'success'),
      false,
    );
  });
});

function makeCrd(group: string): string {
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.${group}
spec:
  group: ${group}
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
`;
}
