import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { assertOneRunAtATime, listRuns } from '../support/sync-runs.ts';
import { useStory } from '../support/use-story.ts';

const PUSHES = 10;

describe('ten pushes in a burst', () => {
  test('end at the newest, with never two syncs of a key at once', async (t) => {
    const story = await useStory(t);
    const { namespace, repository } = story;
    const first = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { push: '0' }) });
    await story.create(makeGitRepository({ namespace }, { url: repository.url }), makeKustomization({ namespace }));
    await story.applied(first);

    const answers: Promise<Response>[] = [];
    let before = first;
    for (let push = 1; push <= PUSHES; push++) {
      const changes = { 'config.yaml': makeConfigMap('settings', { push: String(push) }) };
      const after = await repository.commitAndPush(changes, `Push ${push}`);
      answers.push(story.hook({ before, after }));
      before = after;
    }
    const newest = before;

    for (const answer of await Promise.all(answers)) assert.equal(answer.status, 202);
    await story.applied(newest);
    const settings = await story.get('v1', 'ConfigMap', 'settings');
    assert.deepEqual(settings?.data, { push: String(PUSHES) });
    const context = `hawser/${namespace}/app`;
    await story.github.waitFor(
      (status) => status.sha === newest && status.state === 'success' && status.context === context,
    );
    await eventually(() => assert.ok(listRuns(story.hawser).every(({ outcome }) => outcome !== undefined)));
    assertOneRunAtATime(story.hawser);
  });
});
