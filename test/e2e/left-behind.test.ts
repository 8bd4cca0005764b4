import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followedStory, makeNeverReady } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeKustomization } from '../support/make-kustomization.ts';

test('a Kustomization that is suspended or deleted while it waits leaves no status pending', async (t) => {
  const files = {
    'web/a.yaml': makeConfigMap('a', { colour: 'blue' }),
    'api/b.yaml': makeConfigMap('b', { colour: 'blue' }),
  };
  const { story, first, push } = await followedStory(t, files);
  const { namespace, github } = story;
  for (const name of ['web', 'api']) {
    await story.create(makeKustomization({ name, namespace }, { path: `./${name}`, wait: true, timeout: '1h' }));
    await story.applied(first, name);
  }
  const sha = await push({ 'web/c.yaml': makeNeverReady('web'), 'api/c.yaml': makeNeverReady('api') });
  const says = (name: string, state: string, description: RegExp) =>
    github.waitFor(
      (status) =>
        status.sha === sha &&
        status.context === `hawser/${namespace}/${name}` &&
        status.state === state &&
        description.test(status.description ?? ''),
    );
  for (const name of ['web', 'api']) {
    await says(name, 'pending', /^deploying$/);
    await eventually(async () => assert.ok(await story.get('apps/v1', 'Deployment', name)));
  }

  await story.kubectl('patch', 'kustomization', 'web', '--type=merge', '-p', '{"spec":{"suspend":true}}');
  await says('web', 'error', /^not deployed: the Kustomization is suspended$/);
  await story.kubectl('delete', 'kustomization', 'api');
  await says('api', 'error', /^not deployed: the Kustomization was deleted$/);

  const summary = await says('app', 'error', /^1 not deployed, 1 suspended: /);
  assert.match(summary.description ?? '', /api: not deployed: the Kustomization was deleted$/);
});
