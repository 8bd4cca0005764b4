import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeConfigMap, makeDeployment, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { useStory } from '../support/use-story.ts';

describe('a push', () => {
  test('deploys what it holds and reports success on the commit', async (t) => {
    const story = await useStory(t);
    const { namespace, repository } = story;
    const first = await repository.commitAndPush({ 'deployment.yaml': makeDeployment('web', 'web:v1') });
    await story.create(makeGitRepository({ namespace }, { url: repository.url }), makeKustomization({ namespace }));
    await story.applied(first);

    const second = await repository.commitAndPush({
      'deployment.yaml': makeDeployment('web', 'web:v2'),
      'config.yaml': makeConfigMap('settings', { colour: 'blue' }),
    });
    const answer = await story.hook({ before: first, after: second });

    assert.equal(answer.status, 202);
    await story.applied(second);
    assert.match(await story.kubectl('get', 'deployment', 'web', '-o', 'yaml'), /image: web:v2/);
    const context = `hawser/${namespace}/app`;
    const success = await story.github.waitFor(({ sha, state }) => sha === second && state === 'success');
    assert.equal(success.context, context);
    const states = story.github.statuses.filter(({ sha }) => sha === second).map(({ state }) => state);
    assert.deepEqual(states, ['pending', 'success']);
  });
});
