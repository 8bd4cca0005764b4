import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployedStory, followedStory } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeKustomization } from '../support/make-kustomization.ts';
import { readPush } from '../support/read-push.ts';
import { callTrigger, TRIGGER_TOKEN, triggerAndWait } from '../support/trigger.ts';
import type { Story } from '../support/use-story.ts';

const OPTIONS = { env: { HAWSER_TRIGGER_TOKEN: TRIGGER_TOKEN } };
const colour = (value: string) => ({ 'settings.yaml': makeConfigMap('settings', { colour: value }) });

async function colourOf(story: Story): Promise<string | undefined> {
  const found = await story.get('v1', 'ConfigMap', 'settings');
  return (found?.data as Record<string, string> | undefined)?.colour;
}

describe('a trigger', () => {
  test('deploys what was pushed without a webhook, and its stream ends with the verdict', async (t) => {
    const { story } = await deployedStory(t, colour('blue'), {}, OPTIONS);
    const second = await story.repository.commitAndPush(colour('red'));
    const target = `gitrepository/${story.namespace}/app`;

    const { lines, verdict } = await triggerAndWait(story.hawser, { target });

    assert.deepEqual(
      { verdict: verdict.verdict, ok: verdict.ok, revision: verdict.revision },
      { verdict: 'deployed', ok: true, revision: `main@sha1:${second}` },
    );
    assert.equal(await colourOf(story), 'red');
    const steps = lines.map(({ step, object }) => `${step} ${object}`);
    assert.ok(steps.includes(`fetched GitRepository/${story.namespace}/app`), steps.join('\n'));
    assert.ok(steps.includes(`done Kustomization/${story.namespace}/app`), steps.join('\n'));
  });
});
