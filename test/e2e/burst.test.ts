import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { readPush } from '../support/read-push.ts';
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

    const hooks: Promise<Response>[] = [];
    let before = first;
    for (let push = 1; push <= PUSHES; push++) {
      const changes = { 'config.yaml': makeConfigMap('settings', { push: String(push) }) };
      const after = await repository.commitAndPush(changes, `Push ${push}`);
      hooks.push(story.hook({ before, after }));
      before = after;
    }
    const newest = before;

    const answers = await Promise.all(hooks);
    for (const answer of answers) assert.equal(answer.status, 202);
    await story.applied(newest);
    const settings = await story.get('v1', 'ConfigMap', 'settings');
    assert.deepEqual(settings?.data, { push: String(PUSHES) });
    const context = `hawser/${namespace}/app`;
    await story.github.waitFor(
      (status) => status.sha === newest && status.state === 'success' && status.context === context,
    );
    for (const answer of answers) {
      await eventually(async () => {
        const { outcomes, reason = '' } = await readPush(story.hawser, answer);
        assert.ok(Object.keys(outcomes).length > 0 || /^(stale|already known): /.test(reason), `no word: ${reason}`);
      });
    }
    await eventually(() => assert.ok(listRuns(story.hawser).every(({ outcome }) => outcome !== undefined)));
    const synced = listRuns(story.hawser).filter(({ object }) => object === `Kustomization/${namespace}/app`);
    assert.ok(synced.length >= 2, 'the log does not tell of the syncs');
    assertOneRunAtATime(story.hawser);
  });
});
