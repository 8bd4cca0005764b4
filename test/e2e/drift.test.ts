import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { summarizeOwnership } from '../../src/apply/ownership.ts';
import { findCondition } from '../../src/model/conditions.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { deployedStory, hasCondition, hasEvent } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeDeployment } from '../support/make-kustomization.ts';
import type { Story } from '../support/use-story.ts';

const FILES = {
  'web.yaml': makeDeployment('web', 'web:v1'),
  'settings.yaml': makeConfigMap('settings', { colour: 'blue' }),
};
const settingsOf = ({ namespace }: Story) => ({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  namespace,
  name: 'settings',
});
const webOf = ({ namespace }: Story) => ({ group: 'apps', version: 'v1', kind: 'Deployment', namespace, name: 'web' });

async function colourOf(story: Story): Promise<unknown> {
  return ((await story.client.get(settingsOf(story)))?.data as Record<string, string> | undefined)?.colour;
}

async function replicasOf(story: Story): Promise<unknown> {
  return ((await story.client.get(webOf(story)))?.spec as { replicas?: number } | undefined)?.replicas;
}

async function isBlueAgain(story: Story): Promise<void> {
  await eventually(async () => assert.equal(await colourOf(story), 'blue'), { timeoutMs: 30_000 });
}

/** The lines of Hawser's log that tell of a sync that began. */
const syncsOf = (story: Story) =>
  story.hawser.log.filter(({ msg, object }) => msg === 'sync started' && String(object).startsWith('Kustomization/'));

describe('drift is put right when it is seen, whatever the interval', () => {
  test('an edited field is named with its object and who changed it', async (t) => {
    const { story } = await deployedStory(t, FILES);

    await story.client.mergePatch(webOf(story), { spec: { replicas: 5 } }, { fieldManager: 'scaler' });

    await hasEvent(
      story,
      'DriftCorrected',
      `Deployment/${story.namespace}/web: spec.replicas was changed by scaler, and was put back`,
    );
    assert.equal(await replicasOf(story), 2);
  });

  test('a deleted field is put back', async (t) => {
    const { story } = await deployedStory(t, FILES);

    await story.client.jsonPatch(settingsOf(story), [{ op: 'remove', path: '/data/colour' }], {
      fieldManager: 'eraser',
    });

    await isBlueAgain(story);
    await hasEvent(
      story,
      'DriftCorrected',
      `ConfigMap/${story.namespace}/settings: data.colour was changed, and was put back`,
    );
  });

  test('wiped managedFields are restored, and nothing else is lost', async (t) => {
    const { story } = await deployedStory(t, FILES);

    await story.client.jsonPatch(settingsOf(story), [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]);

    await eventually(
      async () => {
        const found = await story.client.get(settingsOf(story));
        assert.ok(found && summarizeOwnership(found).entryHash !== '');
      },
      { timeoutMs: 30_000 },
    );
    assert.equal(await colourOf(story), 'blue');
  });

  test('an edit by a client that uses our own field manager is put back', async (t) => {
    const { story } = await deployedStory(t, FILES);
    const settings = (await story.client.get(settingsOf(story))) as KubeObject;
    const labels = settings.metadata.labels ?? {};
    const { name, namespace } = settings.metadata;

    await story.client.apply(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: namespace ?? '', labels },
        data: { colour: 'red' },
      },
      { fieldManager: 'kustomize-controller' },
    );

    await isBlueAgain(story);
  });

  test('after a restart drift is seen as before', async (t) => {
    const { story } = await deployedStory(t, FILES);
    await story.hawser.end();
    await story.client.mergePatch(settingsOf(story), { data: { colour: 'red' } }, { fieldManager: 'painter' });

    await story.start();

    await isBlueAgain(story);
    await story.client.mergePatch(settingsOf(story), { data: { colour: 'green' } }, { fieldManager: 'painter' });
    await isBlueAgain(story);
  });
});

describe('what is not drift', () => {
  test('labels, annotations and fields that others add are left alone, and cost no sync', async (t) => {
    const { story } = await deployedStory(t, FILES);
    const before = syncsOf(story).length;

    await story.client.mergePatch(
      settingsOf(story),
      { metadata: { labels: { mine: 'yes' }, annotations: { note: 'kept' } }, data: { extra: 'kept' } },
      { fieldManager: 'someone' },
    );
    await story.client.mergePatch(
      webOf(story),
      { metadata: { annotations: { note: 'kept' } } },
      { fieldManager: 'someone' },
    );
    await settle(story);

    const settings = await story.client.get(settingsOf(story));
    assert.deepEqual(settings?.data, { colour: 'blue', extra: 'kept' });
    assert.equal(settings?.metadata.annotations?.note, 'kept');
    const added = syncsOf(story)
      .slice(before)
      .map(({ causes }) => String(causes));
    // A ConfigMap counts no generations: one look, at most, tells that nothing of ours was touched.
    assert.ok(added.length <= 2, JSON.stringify(added));
  });

  test('a thousand status updates cause no sync', async (t) => {
    const { story } = await deployedStory(t, FILES);
    await settle(story);
    const before = syncsOf(story).length;

    for (let batch = 0; batch < 50; batch++) {
      const updates = Array.from({ length: 20 }, (_, index) =>
        story.client.mergePatch(
          webOf(story),
          { status: { observedGeneration: 1000 + batch * 20 + index } },
          { subresource: 'status', fieldManager: 'status-writer' },
        ),
      );
      await Promise.all(updates);
    }
    await settle(story);

    assert.equal(syncsOf(story).length, before + 1, 'one more sync than before is that of the marker');
  });

  test('an object that is marked in the cluster to be left alone is left alone until the mark is gone', async (t) => {
    const { story } = await deployedStory(t, FILES);
    const mark = {
      metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' } },
      data: { colour: 'red' },
    };

    await story.client.mergePatch(settingsOf(story), mark, { fieldManager: 'oncall' });
    await settle(story);

    assert.equal(await colourOf(story), 'red');
    await story.client.mergePatch(
      settingsOf(story),
      { metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': null } } },
      { fieldManager: 'oncall' },
    );
    await isBlueAgain(story);
  });
});

describe('a fight with another writer', () => {
  test('is slowed down, and named in a condition with object, field and other writer', async (t) => {
    const { story } = await deployedStory(t, FILES);
    const fight = new AbortController();
    const painting = paint(story, fight.signal);
    t.after(() => fight.abort());

    const contested = await hasCondition(story, {
      type: 'Contested',
      status: 'True',
      message: new RegExp(`ConfigMap/${story.namespace}/settings \\(data\\.colour was changed by painter\\)`),
    });
    fight.abort();
    await painting;

    assert.equal(findCondition(contested.status?.conditions, 'Ready')?.status, 'True');
    await isBlueAgain(story);
  });
});

/** Paints it red again whenever it is blue, as another controller would, by a watch. */
async function paint(story: Story, signal: AbortSignal): Promise<void> {
  const { client, namespace } = story;
  const query = { group: '', version: 'v1', plural: 'configmaps', namespace, fieldSelector: 'metadata.name=settings' };
  const answer = (object: KubeObject) => {
    if (signal.aborted || (object.data as Record<string, string>).colour !== 'blue') return;
    client
      .mergePatch(settingsOf(story), { data: { colour: 'red' } }, { fieldManager: 'painter' })
      .catch(() => undefined);
  };
  const watch = client.watch(query, {
    onSnapshot: (items) => items.forEach(answer),
    onEvent: (_type, object) => answer(object),
  });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await watch.stop();
}

let marks = 0;

/** Edits a field of ours and waits until it is put back: what was seen before it has been dealt with by then. */
async function settle(story: Story): Promise<void> {
  marks += 1;
  await story.client.mergePatch(webOf(story), { spec: { replicas: 2 + (marks % 7) + 1 } }, { fieldManager: 'marker' });
  await eventually(async () => assert.equal(await replicasOf(story), 2), { timeoutMs: 30_000 });
}
