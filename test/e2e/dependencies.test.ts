import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployedStory, followedStory, hasCondition, hasEvent, makeNeverReady } from '../support/deploy-story.ts';
import { makeConfigMap, makeDeployment, makeKustomization } from '../support/make-kustomization.ts';

const FILES = {
  'base/settings.yaml': makeConfigMap('settings', { colour: 'blue' }),
  'app/web.yaml': makeConfigMap('web', { colour: 'blue' }),
};

describe('a Kustomization that depends on another', () => {
  test('is applied the moment the other is ready, and says what it waits for before', async (t) => {
    const { story, push } = await followedStory(t, { ...FILES, 'base/slow.yaml': makeNeverReady('slow') });
    const { namespace } = story;
    await story.create(
      makeKustomization({ name: 'base', namespace }, { path: './base', wait: true }),
      makeKustomization(
        { name: 'app', namespace },
        { path: './app', dependsOn: [{ name: 'base' }], retryInterval: '1h' },
      ),
    );

    await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      reason: 'DependencyNotReady',
      message: new RegExp(`^dependency '${namespace}/base' is not ready$`),
    });
    await hasEvent(
      story,
      'DependencyNotReady',
      `Dependencies do not meet ready condition: dependency '${namespace}/base'`,
    );
    assert.equal(await story.get('v1', 'ConfigMap', 'web'), undefined);
    const sha = await push({ 'base/slow.yaml': null });

    await story.applied(sha, 'app');
    assert.ok(await story.get('v1', 'ConfigMap', 'web'));
  });

  test('of the same source never runs ahead of it: the other has applied the revision first', async (t) => {
    const { story, push } = await followedStory(t, FILES);
    const { namespace } = story;
    await story.create(
      makeKustomization({ name: 'base', namespace }, { path: './base' }),
      makeKustomization(
        { name: 'app', namespace },
        { path: './app', dependsOn: [{ name: 'base' }], retryInterval: '1h' },
      ),
    );
    const sha = await push({
      'base/settings.yaml': makeConfigMap('settings', { colour: 'red' }),
      'app/web.yaml': makeConfigMap('web', { colour: 'red' }),
    });

    await story.applied(sha, 'app');

    const [base, web] = await Promise.all([
      story.get('v1', 'ConfigMap', 'settings'),
      story.get('v1', 'ConfigMap', 'web'),
    ]);
    assert.ok(BigInt(base?.metadata.resourceVersion ?? 0) < BigInt(web?.metadata.resourceVersion ?? 0));
    await story.applied(sha, 'base');
  });

  test('waits for one that does not exist yet, and goes on as soon as it is there', async (t) => {
    const { story, first } = await followedStory(t, FILES);
    const { namespace } = story;
    await story.create(
      makeKustomization({ namespace }, { path: './app', dependsOn: [{ name: 'base' }], retryInterval: '1h' }),
    );
    await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      message: /dependency '.*\/base' not found: kustomizations\.kustomize\.toolkit\.fluxcd\.io "base" not found/,
    });

    await story.create(makeKustomization({ name: 'base', namespace }, { path: './base' }));

    await story.applied(first, 'app');
  });

  test('by an expression waits for what the expression says, and a change of the other is enough', async (t) => {
    const { story, first } = await followedStory(t, FILES);
    const { namespace } = story;
    const readyExpr = `dep.metadata.labels['stage'] == self.metadata.labels['stage'] && dep.status.lastAppliedRevision != ''`;
    const app = makeKustomization(
      { namespace },
      { path: './app', dependsOn: [{ name: 'base', readyExpr }], retryInterval: '1h' },
    );
    await story.create(makeKustomization({ name: 'base', namespace }, { path: './base' }), {
      ...app,
      metadata: { ...app.metadata, labels: { stage: 'two' } },
    });
    await hasCondition(story, { type: 'Ready', status: 'False', message: /is not ready according to readyExpr eval/ });

    await story.kubectl('label', 'kustomization', 'base', 'stage=two');

    await story.applied(first, 'app');
  });

  test('in a circle is told the circle, at once and for good; when the circle is broken all go on', async (t) => {
    const { story, first } = await followedStory(t, FILES);
    const { namespace } = story;
    await story.create(
      makeKustomization(
        { name: 'base', namespace },
        { path: './base', dependsOn: [{ name: 'app' }], retryInterval: '1h' },
      ),
      makeKustomization(
        { name: 'app', namespace },
        { path: './app', dependsOn: [{ name: 'base' }], retryInterval: '1h' },
      ),
    );

    await hasCondition(story, {
      type: 'Stalled',
      status: 'True',
      message: new RegExp(`dependency cycle detected: ${namespace}/app -> ${namespace}/base -> ${namespace}/app`),
    });
    await story.kubectl('patch', 'kustomization', 'base', '--type=merge', '-p', '{"spec":{"dependsOn":null}}');

    await story.applied(first, 'app');
  });

  test('that is deleted is cleaned up although the other fails', async (t) => {
    const { story, push } = await deployedStory(t, FILES, { path: './app' });
    const { namespace } = story;
    await story.create(makeKustomization({ name: 'base', namespace }, { path: './nowhere' }));
    await story.kubectl(
      'patch',
      'kustomization',
      'app',
      '--type=merge',
      '-p',
      '{"spec":{"dependsOn":[{"name":"base"}]}}',
    );
    await push({ 'app/web.yaml': makeDeployment('web', 'web:v1') });
    await hasCondition(story, { type: 'Ready', status: 'False', message: /base' is not ready/ });

    await story.kubectl('delete', 'kustomization', 'app', '--timeout=20s');

    assert.equal(await story.get('v1', 'ConfigMap', 'web'), undefined);
  });
});
