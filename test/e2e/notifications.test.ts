import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployedStory } from '../support/deploy-story.ts';
import { makeConfigMap } from '../support/make-kustomization.ts';
import { startNotificationServer } from '../support/start-notification-server.ts';

const [REVISION, COMMIT_STATUS] = ['kustomize.toolkit.fluxcd.io/revision', 'kustomize.toolkit.fluxcd.io/commit_status'];

test('notification-controller is sent what Flux’s controllers would send, so that its Alerts go on working', async (t) => {
  const server = await startNotificationServer();
  t.after(() => server.stop());
  const files = { 'a.yaml': makeConfigMap('a', { colour: 'blue' }) };
  const { story, first, push } = await deployedStory(t, files, {}, { env: { HAWSER_EVENTS_ADDR: server.url } });
  const { namespace } = story;
  const isAbout = (kind: string, sha: string) => (event: (typeof server.events)[number]) =>
    event.involvedObject.kind === kind && JSON.stringify(event.metadata ?? {}).includes(`main@sha1:${sha}`);

  const artifact = await server.waitFor(isAbout('GitRepository', first));
  const finished = await server.waitFor(({ reason }) => reason === 'ReconciliationSucceeded');
  const broken = await push({ 'a.yaml': 'kind: ConfigMap\napiVersion: v1\nmetadata: {}\n' });
  const failed = await server.waitFor(({ severity }) => severity === 'error');

  assert.equal(artifact.reason, 'NewArtifact');
  assert.match(artifact.message, /^stored artifact for commit '/);
  assert.equal(artifact.reportingController, 'source-controller');
  assert.deepEqual(Object.keys(artifact.metadata ?? {}).sort(), [
    'source.toolkit.fluxcd.io/digest',
    'source.toolkit.fluxcd.io/revision',
  ]);
  const changed = server.events.find(({ reason }) => reason === 'Progressing');
  assert.equal(changed?.message, `ConfigMap/${namespace}/a created`);
  assert.deepEqual(changed?.metadata, { [REVISION]: `main@sha1:${first}` });
  assert.match(finished.message, /^Reconciliation finished in .*, next run in /);
  assert.deepEqual(finished.metadata, { [REVISION]: `main@sha1:${first}`, [COMMIT_STATUS]: 'update' });
  assert.deepEqual(
    [
      failed.involvedObject.kind,
      failed.involvedObject.name,
      failed.involvedObject.namespace,
      failed.reportingController,
    ],
    ['Kustomization', 'app', namespace, 'kustomize-controller'],
  );
  assert.ok(isAbout('Kustomization', broken)(failed), JSON.stringify(failed));
  assert.deepEqual(server.problems, []);
});
