import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushView } from '../../src/http/push-view.ts';
import type { Receiver } from '../../src/model/receiver.ts';
import { REQUESTED_AT } from '../../src/model/request-annotation.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makePush } from '../support/make-push.ts';
import { hookPath, makeReceiver, makeTokenSecret, RECEIVER_TOKEN } from '../support/make-receiver.ts';
import { readPush } from '../support/read-push.ts';
import { startApiGate } from '../support/start-api-gate.ts';
import { makeArtifactSource, serveArtifactKind } from '../support/use-artifact-kind.ts';
import { type Story, useStory } from '../support/use-story.ts';

interface Call {
  readonly before?: string;
  readonly after: string;
  readonly path?: string;
  readonly token?: string;
  readonly ref?: string;
}

/** Calls a Receiver as GitHub does for a push of the story's repository. */
function call({ hawser, repository, namespace }: Story, { path, token = RECEIVER_TOKEN, ...push }: Call) {
  const { headers, body } = makePush({ secret: token, repository: repository.name, url: repository.url, ...push });
  const url = new URL(path ?? hookPath({ namespace }, token), hawser.publicUrl);
  return fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
}

async function receiver(story: Story, name = 'receiver'): Promise<Receiver> {
  return (await story.get('notification.toolkit.fluxcd.io/v1', 'Receiver', name)) as Receiver;
}

/** Waits until a Receiver's Ready condition has this status and reason; answers its message. */
function isReady(story: Story, want: string, name?: string): Promise<string> {
  return eventually(async () => {
    const { status, metadata } = await receiver(story, name);
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    assert.equal(`${ready?.status} ${ready?.reason}`, want, ready?.message);
    assert.equal(ready?.observedGeneration, metadata.generation);
    return ready?.message ?? '';
  });
}

/** Waits until the events of a Receiver are these, by type and reason, in the order in which they were first written. */
function hasEvents(story: Story, want: readonly string[], name = 'receiver'): Promise<void> {
  return eventually(async () => {
    const selector = `involvedObject.kind=Receiver,involvedObject.name=${name}`;
    const { items } = JSON.parse(await story.kubectl('get', 'events', '--field-selector', selector, '-o', 'json')) as {
      items: { metadata: { name: string }; type: string; reason: string; source: { component: string } }[];
    };
    const events = items.sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
    assert.deepEqual(
      events.map(({ type, reason, source }) => `${source.component}: ${type} ${reason}`),
      want.map((each) => `notification-controller: ${each}`),
    );
  });
}

/** The record of a call, once its job is done. */
function recordOf(story: Story, answer: Response): Promise<PushView> {
  return eventually(async () => {
    const record = await readPush(story.hawser, answer);
    assert.ok(record.matched.length + record.unmatched.length > 0 || record.reason, JSON.stringify(record));
    return record;
  });
}

test("a Receiver's hook deploys a push, also with a token that has just changed", async (t) => {
  const story = await useStory(t);
  const { namespace, repository } = story;
  const first = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'blue' }) });
  await story.create(makeGitRepository({ namespace }, { url: repository.url }), makeKustomization({ namespace }));
  await story.create(makeReceiver({ namespace }));
  await story.applied(first);
  assert.match(await isReady(story, 'False TokenNotFound'), /error: Secret "receiver-token" not found$/);

  await story.create(makeTokenSecret(namespace));

  const path = hookPath({ namespace });
  assert.equal(await isReady(story, 'True Succeeded'), `Receiver initialized for path: ${path}`);
  await hasEvents(story, ['Warning Failed', 'Normal Succeeded']);
  const { status, metadata } = await receiver(story);
  assert.deepEqual([status?.webhookPath, status?.observedGeneration], [path, metadata.generation]);
  assert.equal(metadata.finalizers, undefined);
  const second = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'red' }) });
  const answer = await call(story, { before: first, after: second });
  assert.equal(answer.status, 202);
  await story.applied(second);
  const record = await recordOf(story, answer);
  assert.deepEqual(record.matched, [`GitRepository/${namespace}/app`]);
  assert.equal(record.after, second);
  assert.ok(record.steps.some(({ object, step }) => object === `Receiver/${namespace}/receiver` && step === 'called'));

  const patch = JSON.stringify({ stringData: { token: 'another-canary-token' } });
  await story.kubectl('patch', 'secret', 'receiver-token', '-p', patch);
  const third = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'green' }) });
  const rotated = { before: second, after: third, token: 'another-canary-token' };
  await eventually(async () => assert.equal((await call(story, rotated)).status, 202));

  await story.applied(third);
  const old = await call(story, { before: second, after: third });
  assert.equal(old.status, 404);
  await eventually(async () =>
    assert.equal((await receiver(story)).status?.webhookPath, hookPath({ namespace }, 'another-canary-token')),
  );
  assert.doesNotMatch(JSON.stringify(story.hawser.log), /canary-(?:receiver-)?token|\/hook\/[0-9a-f]{64}/);
});

test('a Receiver asks by labels and filter, and annotates what others sync', async (t) => {
  const story = await useStory(t);
  const { namespace, repository } = story;
  await serveArtifactKind(t, story, 'Bucket');
  const first = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'blue' }) });
  const labelled = (name: string, team: string) => {
    const source = makeGitRepository({ name, namespace }, { url: repository.url });
    return { ...source, metadata: { ...source.metadata, labels: { team, watched: 'yes' } } };
  };
  const bucket = makeArtifactSource({ namespace }, 'Bucket');
  const resources = [
    { kind: 'GitRepository', name: '*', matchLabels: { watched: 'yes' } },
    { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'Bucket', name: 'app', filter: "req.ref == 'refs/heads/main'" },
    { kind: 'Kustomization', name: 'app' },
    { kind: 'GitRepository', name: 'missing' },
  ];
  const resourceFilter =
    "res.kind == 'Bucket' || res.metadata.labels['team'] == req.repository.full_name.split('/')[0]";
  await story.create(labelled('app', 'acme'), labelled('other', 'umbrella'), makeKustomization({ namespace }), bucket);
  await story.create(makeTokenSecret(namespace), makeReceiver({ namespace }, { resources, resourceFilter }));
  await story.applied(first);
  await isReady(story, 'True Succeeded');
  const second = await repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour: 'red' }) });

  const answer = await call(story, { before: first, after: second });

  await story.applied(second);
  const { matched, unmatched } = await recordOf(story, answer);
  assert.deepEqual(matched, [`GitRepository/${namespace}/app`, `Bucket/${namespace}/app`]);
  assert.deepEqual(
    unmatched.map(({ key, reason }) => `${key}: ${reason}`),
    [
      `GitRepository/${namespace}/other: the filter is not true`,
      `Kustomization/${namespace}/app: apiVersion must be specified for kind 'Kustomization'`,
      `GitRepository/${namespace}/missing: there is no such object`,
    ],
  );
  const asked = await story.get('source.toolkit.fluxcd.io/v1', 'Bucket', 'app');
  assert.match(asked?.metadata.annotations?.[REQUESTED_AT] ?? '', /^\d{4}-\d\d-\d\dT/);
  const untouched = await story.gitRepository('app');
  assert.equal(untouched.metadata.annotations?.[REQUESTED_AT], undefined);
});

test('a Receiver that cannot work says why, and mends when it can', async (t) => {
  const story = await useStory(t);
  const { namespace } = story;
  const patch = (name: string, spec: object) =>
    story.kubectl('patch', 'receiver', name, '--type=merge', '-p', JSON.stringify({ spec }));
  await story.create(makeTokenSecret(namespace));
  await story.create(makeReceiver({ namespace }, { resourceFilter: 'req.ref.' }));
  await story.create(makeReceiver({ name: 'registry', namespace }, { type: 'dockerhub' }));

  const invalid = await isReady(story, 'False InvalidCELExpression');
  const refused = await isReady(story, 'False ValidationFailed', 'registry');
  assert.match(
    invalid,
    /^Reconciliation failed terminally due to configuration error: invalid resourceFilter expression: /,
  );
  assert.match(refused, /configuration error: the type dockerhub is not supported by Hawser/);
  const call = await fetch(new URL(hookPath({ name: 'registry', namespace }), story.hawser.publicUrl), {
    method: 'POST',
  });
  assert.equal(call.status, 404);

  await patch('receiver', { resourceFilter: 'true', suspend: false });
  await patch('registry', { type: 'generic' });
  await isReady(story, 'True Succeeded');
  await isReady(story, 'True Succeeded', 'registry');
  await hasEvents(story, ['Warning InvalidCELExpression', 'Normal Succeeded']);
  await hasEvents(story, ['Warning ValidationFailed', 'Normal Succeeded'], 'registry');

  const { metadata } = await receiver(story);
  await story.kubectl(
    'patch',
    'receiver',
    'receiver',
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":["finalizers.fluxcd.io"]}}',
  );
  await story.kubectl('annotate', 'receiver', 'receiver', `${REQUESTED_AT}=now`);
  await eventually(async () => {
    const { status } = await receiver(story);
    assert.equal(status?.lastHandledReconcileAt, 'now');
  });
  await story.kubectl('delete', 'receiver', 'receiver', '--timeout=20s');
  assert.equal(metadata.finalizers, undefined);
  assert.equal(await receiver(story), undefined);
});

test('a call that was accepted is carried out though the process is killed', async (t) => {
  const story = await useStory(t, { started: false });
  const gate = await startApiGate(t, story.kubeconfig);
  await story.start({ kubeconfig: gate.kubeconfig });
  const { namespace } = story;
  await serveArtifactKind(t, story, 'Bucket');
  const resources = [{ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'Bucket', name: 'app' }];
  await story.create(makeArtifactSource({ namespace }, 'Bucket'), makeTokenSecret(namespace));
  await story.create(makeReceiver({ namespace }, { resources }));
  await isReady(story, 'True Succeeded');
  const annotation = gate.hold(({ method, path }) => method === 'PATCH' && path.includes('/buckets/app'));
  const answer = await call(story, { after: 'b'.repeat(40) });
  assert.equal(answer.status, 202);
  await annotation.arrived();

  await story.hawser.end('SIGKILL');
  annotation.drop();
  await story.start({ kubeconfig: gate.kubeconfig });

  await eventually(
    async () => {
      const bucket = await story.get('source.toolkit.fluxcd.io/v1', 'Bucket', 'app');
      assert.ok(bucket?.metadata.annotations?.[REQUESTED_AT]);
    },
    { timeoutMs: 60_000 },
  );
  assert.deepEqual((await recordOf(story, answer)).matched, [`Bucket/${namespace}/app`]);
});
