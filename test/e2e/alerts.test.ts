import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployedStory } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { startNotificationServer } from '../support/start-notification-server.ts';
import { startProviderApi } from '../support/start-provider-api.ts';
import { makeAlerts, serveAlerts } from '../support/use-alerts.ts';
import { useStory } from '../support/use-story.ts';

const TOKEN = 'canary-gitea-token-0123456789';
const BROKEN = 'kind: ConfigMap\napiVersion: v1\nmetadata: {}\n';

test('Alerts and Providers of Flux', async (t) => {
  const gitea = await startProviderApi({ provider: 'gitea', tokens: [TOKEN], repositories: ['acme/app'] });
  t.after(() => gitea.stop());
  const alerts = { address: `${gitea.url}/acme/app`, token: TOKEN };
  const say = (sha: string) =>
    gitea.statuses.filter((status) => status.sha === sha).map(({ context, state }) => `${context} ${state}`);

  const setUp = await useStory(t, { started: false });
  await serveAlerts(t, setUp);

  await t.test('say where commit statuses go, and which of them, from the first push on', async (t) => {
    const story = await useStory(t, { started: false });
    const { namespace, repository, github } = story;
    await story.create(...makeAlerts(story, alerts));
    const first = await repository.commitAndPush({ 'a.yaml': makeConfigMap('a', { colour: 'blue' }) });
    await story.create(makeGitRepository({ namespace }, { url: repository.url }));
    await story.create(makeKustomization({ name: 'web', namespace }));
    await story.start();

    await story.applied(first, 'web');
    const second = await repository.commitAndPush({ 'a.yaml': makeConfigMap('a', { colour: 'red' }) });
    await story.hook({ before: first, after: second });
    await gitea.waitFor(({ sha, state, context }) => sha === second && state === 'success' && context.endsWith('/web'));
    await gitea.waitFor(({ sha, state, context }) => sha === second && state === 'success' && context.endsWith('/app'));
    assert.deepEqual(
      say(second)
        .filter((each) => each.endsWith('success'))
        .sort(),
      [`hawser/${namespace}/app success`, `hawser/${namespace}/web success`],
    );

    await story.kubectl('patch', 'alerts', 'git', '--type=merge', '-p', '{"spec":{"eventSeverity":"error"}}');
    const third = await repository.commitAndPush({ 'a.yaml': BROKEN });
    await story.hook({ before: second, after: third });
    await gitea.waitFor(({ sha, state, context }) => sha === third && state === 'failure' && context.endsWith('/web'));
    assert.ok(!say(third).some((each) => each.endsWith('success')));

    assert.deepEqual(github.statuses, [], 'what an Alert sends to its Provider goes nowhere else');
  });

  await t.test('name the contexts of statuses by an expression, and never lose one by it', async (t) => {
    const story = await useStory(t, { started: false });
    const { namespace, repository } = story;
    const commitStatusExpr =
      "event.metadata.cluster + '/' + event.involvedObject.kind + '/' + event.involvedObject.name";
    await story.create(...makeAlerts(story, { ...alerts, commitStatusExpr }));
    const first = await repository.commitAndPush({ 'a.yaml': makeConfigMap('a', { colour: 'blue' }) });
    await story.create(makeGitRepository({ namespace }, { url: repository.url }));
    const web = makeKustomization({ name: 'web', namespace });
    const annotations = { 'event.toolkit.fluxcd.io/cluster': 'prod-1' };
    await story.create({ ...web, metadata: { ...web.metadata, annotations } });
    const hawser = await story.start();
    await story.applied(first, 'web');

    const second = await repository.commitAndPush({ 'a.yaml': makeConfigMap('a', { colour: 'red' }) });
    await story.hook({ before: first, after: second });

    await gitea.waitFor(({ sha, state, context }) => sha === second && state === 'success' && context.endsWith('/web'));
    await gitea.waitFor(({ sha, state, context }) => sha === second && state === 'success' && context.endsWith('/app'));
    assert.deepEqual(
      [...new Set(say(second))].filter((each) => each.endsWith('success')).sort(),
      [`hawser/${namespace}/app success`, 'prod-1/Kustomization/web success'],
      'the GitRepository has no such annotation',
    );
    assert.ok(!say(second).some((each) => each.startsWith(`hawser/${namespace}/web`)));
    const warnings = hawser.log.filter(({ msg }) => msg === 'a Provider lacks something');
    assert.deepEqual(
      warnings.map(({ object }) => object),
      [`Provider/${namespace}/git`],
      'told once',
    );
  });

  await t.test('are left to notification-controller where there is one', async (t) => {
    const controller = await startNotificationServer();
    t.after(() => controller.stop());
    const env = { HAWSER_EVENTS_ADDR: controller.url };
    const files = { 'a.yaml': makeConfigMap('a', { colour: 'blue' }) };
    const { story, push } = await deployedStory(t, files, {}, { env });
    await story.create(...makeAlerts(story, alerts));

    const sha = await push({ 'a.yaml': makeConfigMap('a', { colour: 'green' }) });

    await story.github.waitFor((status) => status.sha === sha && status.state === 'success');
    await eventually(() => assert.ok(controller.events.some(({ metadata }) => JSON.stringify(metadata).includes(sha))));
    assert.deepEqual(say(sha), []);
  });
});
