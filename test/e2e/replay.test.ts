import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployedStory } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap } from '../support/make-kustomization.ts';
import { readPush } from '../support/read-push.ts';
import { callApi, readError, TRIGGER_TOKEN } from '../support/trigger.ts';

const OPTIONS = { env: { HAWSER_TRIGGER_TOKEN: TRIGGER_TOKEN } };
const colour = (value: string) => ({ 'settings.yaml': makeConfigMap('settings', { colour: value }) });

interface Answer {
  readonly id: string;
  readonly outcome: string;
  readonly matched: readonly string[];
  readonly outcomes: Readonly<Record<string, { kind: string; message?: string }>>;
  readonly steps: readonly { step: string; by?: string; detail?: string }[];
}

describe('the record of a push', () => {
  test('says who was changed and who was not, and can be asked for again, which never brings an older commit back', async (t) => {
    const { story, first, push } = await deployedStory(t, colour('blue'), {}, OPTIONS);
    const { hawser, namespace } = story;
    const read = async (id: string) => (await (await callApi(hawser, `/api/pushes/${id}`)).json()) as Answer;
    const list = async (query: string) => {
      const answer = await callApi(hawser, `/api/pushes?${query}`);
      assert.equal(answer.status, 200, await answer.clone().text());
      return (await answer.json()) as { pushes: Answer[]; next?: string };
    };
    const replay = async (id: string) => {
      const answer = await callApi(hawser, `/api/pushes/${id}/replay`, { method: 'POST' });
      assert.equal(answer.status, 202, await answer.clone().text());
    };
    const endsAs = (id: string, outcome: string) =>
      eventually(async () => {
        const record = await read(id);
        assert.equal(record.outcome, outcome, JSON.stringify(record));
        return record;
      });
    const second = await push(colour('red'));
    await story.applied(second);
    const found = (await list(`commit=${second.slice(0, 7)}&provider=github`)).pushes;
    const id = found[0]?.id ?? '';
    const deployed = await endsAs(id, 'deployed');

    assert.equal(found.length, 1);
    assert.equal(deployed.outcomes[`GitRepository/${namespace}/app`]?.kind, 'done');

    await t.test('asked for again it is looked at anew, and says by whom', async () => {
      await replay(id);

      const record = await eventually(async () => {
        const again = await endsAs(id, 'unchanged');
        assert.ok(again.steps.some(({ step }) => step === 'replayed'));
        return again;
      });
      assert.equal(record.steps.find(({ step }) => step === 'replayed')?.by, 'static token');
    });

    await t.test('after a rollback it deploys nothing, and says why', async () => {
      await story.repository.resetHard(first);
      await story.repository.push({ force: true });
      await story.hook({ before: second, after: first });
      await story.applied(first);

      await replay(id);

      const { outcomes } = await endsAs(id, 'superseded');
      const { message = '' } = outcomes[`GitRepository/${namespace}/app`] ?? {};
      assert.equal(message, `the remote names main@sha1:${first}, not ${second}`);
      assert.equal((await story.kustomization()).status?.lastAppliedRevision, `main@sha1:${first}`);
    });

    await t.test('is found by what it is about, page by page', async () => {
      const all = (await list('limit=100')).pushes.map((record) => record.id);
      const paged: string[] = [];
      for (let query = 'limit=1', next: string | undefined = ''; next !== undefined; query = `limit=1&before=${next}`) {
        const page = await list(query);
        paged.push(...page.pushes.map((record) => record.id));
        next = page.next;
      }

      assert.deepEqual(paged, all);
      assert.ok((await list('heard=poll')).pushes.every((record) => record.id !== id));
      assert.deepEqual(
        (await list('outcome=superseded')).pushes.map((record) => record.id),
        [id],
      );
      assert.ok((await list(`source=${namespace}/app`)).pushes.some((record) => record.id === id));
      assert.deepEqual((await list('source=other/app')).pushes, []);
      const bad = await callApi(hawser, '/api/pushes?commit=zz&colour=red');
      assert.match(await readError(bad), /^400 TRIGGER_INVALID .*commit: must be 7 to 40 hex digits/);
    });

    await t.test('is the same one when its delivery comes again, and the remote is asked again', async () => {
      const asked = () => story.gitServer.requests.filter(({ service }) => service === 'ls-refs').length;
      const delivery = { before: second, after: first, deliveryId: 'delivered-twice' };
      const answers = [await story.hook(delivery)];
      await eventually(async () => {
        const { outcomes } = await readPush(hawser, answers[0] as Response);
        assert.equal(outcomes[`GitRepository/${namespace}/app`]?.kind, 'unchanged');
      });
      const before = asked();

      answers.push(await story.hook(delivery));

      await eventually(() => assert.equal(asked(), before + 1));
      const links = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { push: string }).push));
      assert.equal(links[0], links[1]);
    });

    await t.test('that nobody knows is told to be missing', async () => {
      assert.match(await readError(await callApi(hawser, `/api/pushes/${'0'.repeat(32)}`)), /^404 /);
    });
  });

  test('names the Kustomizations whose path the push did not change, what is waited for, and the source that failed', async (t) => {
    const files = { 'a/settings.yaml': makeConfigMap('a', { colour: 'blue' }), 'b/x.yaml': makeConfigMap('b', {}) };
    const { story, first } = await deployedStory(t, files, { path: './a' }, OPTIONS);
    const { namespace, hawser } = story;
    const second = await story.repository.commitAndPush({ 'b/x.yaml': makeConfigMap('b', { colour: 'red' }) });

    const answer = await story.hook({ before: first, after: second });

    await eventually(async () => {
      const { outcomes } = await readPush(hawser, answer);
      const { kind, message } = outcomes[`Kustomization/${namespace}/app`] ?? {};
      assert.deepEqual({ kind, message }, { kind: 'unchanged', message: 'the push changed nothing below spec.path' });
    });
    const early = await story.hook({ before: second, after: 'd'.repeat(40) });
    await eventually(async () => {
      const { steps } = await readPush(hawser, early);
      const waiting = steps.filter(({ step }) => step === 'waiting').map(({ detail }) => detail);
      assert.deepEqual(waiting, [`the ref does not name ${'d'.repeat(40)} yet, which a hook announced`]);
    });
    await story.gitServer.stop();
    const failed = await story.hook({ before: second, after: 'c'.repeat(40) });
    await eventually(async () => {
      const { outcomes, steps } = await readPush(hawser, failed);
      assert.equal(outcomes[`GitRepository/${namespace}/app`]?.kind, 'failed');
      assert.ok(steps.some(({ step, detail }) => step === 'failed' && detail !== ''));
    });
  });
});
