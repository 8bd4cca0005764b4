import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArtifactKind } from '../../src/model/artifact-source.ts';
import { hasCondition, hasEvent } from '../support/deploy-story.ts';
import { makeConfigMap, makeKustomization } from '../support/make-kustomization.ts';
import { type ArtifactServer, startArtifactServer } from '../support/start-artifact-server.ts';
import { callTrigger, readError, TRIGGER_TOKEN, triggerAndWait } from '../support/trigger.ts';
import { announce, makeArtifactSource, serveArtifactKind } from '../support/use-artifact-kind.ts';
import { type Story, useStory } from '../support/use-story.ts';

const ORIGIN = 'org.opencontainers.image.revision';
const NOT_READY = { type: 'Ready', status: 'False', reason: 'ArtifactFailed' } as const;
const OCI = 'OCIRepository';

function publish(server: ArtifactServer, digit: string, colour: string) {
  return server.publish(`latest@sha256:${digit.repeat(64)}`, {
    'deploy/settings.yaml': makeConfigMap('settings', { colour }),
    'README.md': 'not a manifest',
  });
}

/** A Kustomization of the source; tried again so rarely that what happens at once is not a retry. */
function makeFollower({ namespace }: Story, kind: ArtifactKind, retryInterval = '1h') {
  return makeKustomization({ namespace }, { path: './deploy', retryInterval, sourceRef: { kind, name: 'app' } });
}

async function deployed(story: Story, revision: string, colour: string): Promise<void> {
  await hasCondition(story, { type: 'Ready', status: 'True', message: new RegExp(`^Applied revision: ${revision}$`) });
  assert.equal(await colourOf(story), colour);
}

async function colourOf(story: Story): Promise<string | undefined> {
  const found = await story.get('v1', 'ConfigMap', 'settings');
  return (found?.data as Record<string, string> | undefined)?.colour;
}

test('a source that another controller keeps', async (t) => {
  const server = await startArtifactServer(t);

  await t.test('is deployed as soon as it has published, and again at once when it publishes anew', async (t) => {
    const story = await useStory(t, { started: false, env: { HAWSER_TRIGGER_TOKEN: TRIGGER_TOKEN } });
    await serveArtifactKind(t, story, OCI);
    await story.start();
    await story.create(makeArtifactSource(story, OCI), makeFollower(story, OCI));
    await hasCondition(story, { ...NOT_READY, message: /^Source is not ready, artifact not found$/ });

    const first = await publish(server, '1', 'blue');
    await announce(story, OCI, { ...first, metadata: { [ORIGIN]: 'main@sha1:aaaa' } });
    await deployed(story, first.revision, 'blue');
    const second = await publish(server, '2', 'red');
    await announce(story, OCI, { ...second, metadata: { [ORIGIN]: 'main@sha1:bbbb' } });
    await deployed(story, second.revision, 'red');

    const target = `kustomization/${story.namespace}/app`;
    const { verdict } = await triggerAndWait(story.hawser, { target });
    assert.deepEqual([verdict.verdict, verdict.ok, verdict.revision], ['deployed', true, second.revision]);
    const expecting = await callTrigger(story.hawser, { target, body: { revision: 'a'.repeat(40) } });
    assert.match(await readError(expecting), /^400 TRIGGER_INVALID the source of .* is no GitRepository/);

    const { status } = await story.kustomization();
    assert.equal(status?.lastAppliedRevision, second.revision);
    assert.equal(status?.lastAppliedOriginRevision, 'main@sha1:bbbb');
    assert.deepEqual(
      status?.history?.map(({ metadata }) => metadata),
      [
        { revision: second.revision, originRevision: 'main@sha1:bbbb' },
        { revision: first.revision, originRevision: 'main@sha1:aaaa' },
      ],
    );
  });

  await t.test('may be of a kind that the cluster comes to serve only later', async (t) => {
    const story = await useStory(t);
    await story.create(makeFollower(story, 'ExternalArtifact', '1s'));
    await hasCondition(story, { ...NOT_READY, message: /no matches for kind "ExternalArtifact" in version "source/ });

    await serveArtifactKind(t, story, 'ExternalArtifact');
    await hasCondition(story, {
      ...NOT_READY,
      message: /^ExternalArtifact\.source\.toolkit\.fluxcd\.io "app" not found$/,
    });
    await story.create(makeArtifactSource(story, 'ExternalArtifact'));
    const first = await publish(server, '1', 'blue');
    await announce(story, 'ExternalArtifact', first);
    await deployed(story, first.revision, 'blue');

    await story.kubectl('patch', 'kustomization', 'app', '--type=merge', '-p', '{"spec":{"retryInterval":"1h"}}');
    const second = await publish(server, '2', 'red');
    await announce(story, 'ExternalArtifact', second);
    await deployed(story, second.revision, 'red');
  });

  await t.test(
    'is there at once after a restart: nothing is called missing meanwhile, and what is new is deployed',
    async (t) => {
      const story = await useStory(t, { started: false });
      await serveArtifactKind(t, story, 'Bucket');
      const first = await publish(server, '1', 'blue');
      await story.create(makeArtifactSource(story, 'Bucket'), makeFollower(story, 'Bucket'));
      await announce(story, 'Bucket', first);
      await story.start();
      await deployed(story, first.revision, 'blue');
      await story.hawser.end();
      const second = await publish(server, '2', 'red');
      await announce(story, 'Bucket', second);

      await story.start();

      await deployed(story, second.revision, 'red');
      const failed = story.hawser.log.filter(({ msg }) => msg === 'sync failed');
      assert.deepEqual(failed, []);
    },
  );

  await t.test(
    'whose artifact is not what it should be is told so, leaves what is deployed, and recovers',
    async (t) => {
      const story = await useStory(t, { started: false });
      await serveArtifactKind(t, story, OCI);
      await story.start();
      await story.create(makeArtifactSource(story, OCI), makeFollower(story, OCI, '1s'));
      const first = await publish(server, '1', 'blue');
      await announce(story, OCI, first);
      await deployed(story, first.revision, 'blue');
      const failing = async (words: string) => {
        const message = `failed to read the artifact of revision 'latest@sha256:`;
        await hasCondition(story, { ...NOT_READY, message: new RegExp(`^${message}.*${words}`) });
        await hasEvent(story, 'ArtifactFailed', message);
        assert.equal(await colourOf(story), 'blue');
      };

      const gone = await publish(server, '2', 'green');
      await server.withdraw(gone);
      await announce(story, OCI, gone);
      await failing('the server no longer has it; its source will publish it again');
      const other = await publish(server, '3', 'red');
      await announce(story, OCI, { ...other, digest: gone.digest });
      await failing('its digest is not the one that its source names');
      await story.kubectl('patch', 'kustomization', 'app', '--type=merge', '-p', '{"spec":{"retryInterval":"1h"}}');
      await failing('its digest is not the one that its source names');

      await announce(story, OCI, other);

      await deployed(story, other.revision, 'red');
    },
  );
});
