import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployedStory, hasCondition, makeNeverReady } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap } from '../support/make-kustomization.ts';
import { readPush } from '../support/read-push.ts';
import { callTrigger, readLines, TRIGGER_TOKEN, triggerAndWait } from '../support/trigger.ts';
import type { Story } from '../support/use-story.ts';

const OPTIONS = { env: { HAWSER_TRIGGER_TOKEN: `an-older-token-in-rotation,${TRIGGER_TOKEN}` } };
const colour = (value: string) => ({ 'settings.yaml': makeConfigMap('settings', { colour: value }) });

async function colourOf(story: Story): Promise<string | undefined> {
  const found = await story.get('v1', 'ConfigMap', 'settings');
  return (found?.data as Record<string, string> | undefined)?.colour;
}

function gist({ verdict, ok, revision }: Readonly<Record<string, unknown>>) {
  return { verdict, ok, revision };
}

/** How often the remote was asked so far. */
function asked({ gitServer }: Story): number {
  return gitServer.requests.filter(({ service }) => service === 'ls-refs').length;
}

describe('a trigger', () => {
  test('deploys what was pushed without a webhook, and its stream ends with the verdict', async (t) => {
    const { story, first } = await deployedStory(t, colour('blue'), {}, OPTIONS);
    const { namespace, hawser, repository } = story;
    const target = `gitrepository/${namespace}/app`;
    const second = await repository.commitAndPush(colour('red'));

    const { lines, verdict } = await triggerAndWait(hawser, { target });

    assert.deepEqual(gist(verdict), { verdict: 'deployed', ok: true, revision: `main@sha1:${second}` });
    assert.equal(await colourOf(story), 'red');
    const steps = lines.map(({ step, object }) => `${step} ${object}`);
    for (const step of ['requested GitRepository', 'fetched GitRepository', 'done Kustomization']) {
      assert.ok(steps.includes(`${step}/${namespace}/app`), `${step} is missing in:\n${steps.join('\n')}`);
    }

    await t.test('and of one that finds nothing new is unchanged', async () => {
      const again = await triggerAndWait(hawser, { target });

      assert.deepEqual(gist(again.verdict), { verdict: 'unchanged', ok: true, revision: `main@sha1:${second}` });
    });

    await t.test('of a Kustomization has its source look at the remote first', async () => {
      const third = await repository.commitAndPush(colour('green'));

      const { verdict } = await triggerAndWait(hawser, { target: `KUSTOMIZATION/${namespace}/app` });

      assert.deepEqual(gist(verdict), { verdict: 'deployed', ok: true, revision: `main@sha1:${third}` });
      assert.equal(await colourOf(story), 'green');
    });

    await t.test(
      'that expects another commit than the remote names is told so, and no Kustomization is asked',
      async () => {
        const { lines, verdict } = await triggerAndWait(hawser, { target, body: { revision: `main@sha1:${first}` } });

        assert.deepEqual([verdict.verdict, verdict.ok], ['mismatch', false]);
        assert.ok(!lines.some(({ step }) => step === 'waiting'), 'a commit that was deployed before is not waited for');
        assert.match(String(verdict.message), new RegExp(`the remote names main@sha1:[0-9a-f]{40}, not ${first}`));
        assert.deepEqual(
          lines.filter(({ object }) => String(object).startsWith('Kustomization')),
          [],
        );
        assert.equal(await colourOf(story), 'green');
      },
    );

    await t.test('that expects a commit which nobody has seen is given time before it is told so', async () => {
      const unseen = 'f'.repeat(40);

      const { lines, verdict } = await triggerAndWait(hawser, { target, body: { revision: unseen } });

      assert.equal(verdict.verdict, 'mismatch');
      const waiting = lines.filter(({ step }) => step === 'waiting').map(({ detail }) => detail);
      assert.deepEqual(waiting, ['the remote does not name yet what a trigger expects']);
    });

    await t.test('that expects what the remote names deploys it', async () => {
      const fourth = await repository.commitAndPush(colour('white'));

      const { verdict } = await triggerAndWait(hawser, { target, body: { revision: fourth } });

      assert.deepEqual(gist(verdict), { verdict: 'deployed', ok: true, revision: `main@sha1:${fourth}` });
    });

    await t.test('without waiting is answered with the record that tells how it went', async () => {
      const response = await callTrigger(hawser, { target });

      assert.equal(response.status, 202);
      await eventually(async () => {
        const { heard, outcomes, steps } = await readPush(hawser, response);
        assert.equal(heard, 'trigger');
        assert.equal(outcomes[`Kustomization/${namespace}/app`]?.kind, 'done');
        assert.doesNotMatch(JSON.stringify(steps), /static token/, 'the public record names who triggered');
      });
    });

    await t.test('of what is suspended says so at once, and asks nobody', async () => {
      await story.kubectl('patch', 'kustomization', 'app', '--type=merge', '-p', '{"spec":{"suspend":true}}');
      await eventually(async () => {
        const { verdict } = await triggerAndWait(hawser, { target: `kustomization/${namespace}/app` });
        assert.equal(verdict.verdict, 'suspended');
      });
      const before = asked(story);

      const { verdict } = await triggerAndWait(hawser, { target: `kustomization/${namespace}/app` });

      assert.match(String(verdict.message), /Kustomization\/.*\/app is suspended/);
      assert.deepEqual([verdict.ok, asked(story)], [false, before]);
    });
  });

  test('fails with the reason where the manifests are bad, and where the remote is away', async (t) => {
    const { story, first } = await deployedStory(t, colour('blue'), {}, OPTIONS);
    const target = `gitrepository/${story.namespace}/app`;
    const bad = await story.repository.commitAndPush({ 'settings.yaml': 'apiVersion: v1\nkind: ConfigMap\n' });

    const { verdict } = await triggerAndWait(story.hawser, { target });

    assert.deepEqual(gist(verdict), { verdict: 'failed', ok: false, revision: `main@sha1:${bad}` });
    assert.match(String(verdict.message), /Kustomization\/.*\/app: .*settings\.yaml/);
    await story.gitServer.stop();

    const away = await triggerAndWait(story.hawser, { target });

    assert.deepEqual([away.verdict.verdict, away.verdict.ok], ['failed', false]);
    assert.match(String(away.verdict.message), /GitRepository\/.*\/app: /);
    assert.equal((await story.kustomization()).status?.lastAppliedRevision, `main@sha1:${first}`);
  });

  test('is superseded by a push that comes while its revision is not healthy yet', async (t) => {
    const { story, push } = await deployedStory(t, colour('blue'), { wait: true, timeout: '5m' }, OPTIONS);
    await story.repository.commitAndPush({ 'web.yaml': makeNeverReady('web') });
    const waiting = triggerAndWait(story.hawser, { target: `gitrepository/${story.namespace}/app` });
    await hasCondition(story, { type: 'Reconciling', status: 'True', message: /Running health checks/ });

    const newer = await push({ 'web.yaml': makeConfigMap('web', {}) });

    const { verdict } = await waiting;
    assert.deepEqual([verdict.verdict, verdict.ok], ['superseded', false]);
    assert.match(String(verdict.message), new RegExp(newer));
    await story.applied(newer);
  });

  test('goes on when nobody listens any more; the same Idempotency-Key tells it from the start and asks nothing', async (t) => {
    const { story } = await deployedStory(t, colour('blue'), {}, OPTIONS);
    const { hawser, namespace } = story;
    const second = await story.repository.commitAndPush(colour('red'));
    const call = { target: `gitrepository/${namespace}/app`, idempotencyKey: 'run-4711', body: { revision: second } };
    const controller = new AbortController();
    const response = await callTrigger(hawser, { ...call, wait: true, signal: controller.signal });
    await readLines(response).next();

    controller.abort();

    await story.applied(second);
    await eventually(async () => {
      const { lines, verdict } = await triggerAndWait(hawser, call);
      assert.deepEqual(gist(verdict), { verdict: 'deployed', ok: true, revision: `main@sha1:${second}` });
      assert.ok(lines.some(({ step }) => step === 'requested'));
      assert.equal(lines[0]?.repeated, true);
    });

    await t.test('also for many at once', async () => {
      const before = asked(story);
      const several = Array.from({ length: 10 }, () => callTrigger(hawser, { ...call, idempotencyKey: 'run-4712' }));
      const answers = await Promise.all(
        several.map(async (one) => (await one).json() as Promise<{ id: string; repeated?: true }>),
      );

      assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
      assert.equal(answers.filter(({ repeated }) => !repeated).length, 1);
      await triggerAndWait(hawser, { ...call, idempotencyKey: 'run-4712' });
      assert.equal(asked(story), before + 1);
    });

    await t.test('but with another object or revision it is refused', async () => {
      for (const other of [{ target: `kustomization/${namespace}/app` }, { body: undefined }]) {
        const refused = await callTrigger(hawser, { ...call, ...other });

        assert.equal(refused.status, 422);
        assert.match(await refused.text(), /IDEMPOTENCY_KEY_REUSED.*use a new one/);
      }
    });
  });

  test('survives the kill of the process that took it', async (t) => {
    const { story } = await deployedStory(t, colour('blue'), { wait: true, timeout: '5m' }, OPTIONS);
    const target = `kustomization/${story.namespace}/app`;
    const second = await story.repository.commitAndPush({ 'web.yaml': makeNeverReady('web') });
    const call = { target, idempotencyKey: 'killed' };
    await callTrigger(story.hawser, call);
    await hasCondition(story, { type: 'Reconciling', status: 'True', message: /Running health checks/ });

    await story.hawser.end('SIGKILL');
    await story.start();

    const waiting = triggerAndWait(story.hawser, call);
    await story.kubectl('patch', 'kustomization', 'app', '--type=merge', '-p', '{"spec":{"wait":false}}');
    const { verdict } = await waiting;
    assert.deepEqual(gist(verdict), { verdict: 'deployed', ok: true, revision: `main@sha1:${second}` });
  });

  test('tells the waiting that Hawser stops, and those who ask for too long', async (t) => {
    const { story } = await deployedStory(t, colour('blue'), { wait: true, timeout: '5m' }, OPTIONS);
    await story.repository.commitAndPush({ 'web.yaml': makeNeverReady('web') });
    const target = `gitrepository/${story.namespace}/app`;

    const { verdict } = await triggerAndWait(story.hawser, { target, query: '?wait=true&timeout=1s' });

    assert.deepEqual([verdict.verdict, verdict.ok], ['timeout', false]);
    const waiting = triggerAndWait(story.hawser, { target });
    await eventually(async () => {
      const metrics = await (await fetch(new URL('/metrics', story.hawser.internalUrl))).text();
      assert.match(metrics, /^hawser_trigger_streams 1$/m);
    });

    await story.hawser.end();

    assert.equal((await waiting).verdict.verdict, 'interrupted');
  });
});
