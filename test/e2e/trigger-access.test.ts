import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployedStory } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeAccount, makeServiceAccount } from '../support/make-account.ts';
import { makeConfigMap } from '../support/make-kustomization.ts';
import { callApi, callTrigger, readError, TRIGGER_TOKEN } from '../support/trigger.ts';

const FLUX = { sources: 'source.toolkit.fluxcd.io', kustomizations: 'kustomize.toolkit.fluxcd.io' };
const PATCH = { apiGroups: [FLUX.sources], resources: ['gitrepositories'], verbs: ['patch'] };
const LIST = { apiGroups: [FLUX.sources], resources: ['gitrepositories'], verbs: ['list'] };

describe('who may trigger and read, with no token configured,', () => {
  test('is decided by the rights in the cluster', async (t) => {
    const { story } = await deployedStory(t, { 'settings.yaml': makeConfigMap('settings', { colour: 'blue' }) });
    const { hawser, namespace } = story;
    await story.create(
      ...makeAccount(story, 'ci', [PATCH]),
      ...makeAccount(story, 'reader', [LIST]),
      makeServiceAccount(story, 'nobody'),
    );
    const tokenOf = async (name: string) => (await story.kubectl('create', 'token', name)).trim();
    const [ci, reader, nobody] = await Promise.all(['ci', 'reader', 'nobody'].map(tokenOf));
    const gitRepository = `gitrepository/${namespace}/app`;

    await t.test('who may patch an object may trigger it', async () => {
      const response = await callTrigger(hawser, { target: gitRepository, token: ci ?? '' });

      assert.equal(response.status, 202);
      await eventually(() => {
        const line = hawser.log.find(({ msg }) => msg === 'trigger answered');
        assert.equal(line?.by, `system:serviceaccount:${namespace}:ci`);
      });
    });

    const refused = [
      { name: 'no token', token: null, want: /^401 AUTH_MISSING / },
      { name: 'a made-up token', token: 'made-up-token-0123456789', want: /^401 AUTH_INVALID / },
      { name: 'a token that is not configured', token: TRIGGER_TOKEN, want: /^401 AUTH_INVALID / },
      {
        name: 'a token of somebody without the right',
        token: nobody ?? '',
        want: new RegExp(
          `^403 ACCESS_FORBIDDEN system:serviceaccount:${namespace}:nobody may not patch gitrepositories.source.toolkit.fluxcd.io "app" in the namespace "${namespace}"`,
        ),
      },
    ];
    for (const { name, token, want } of refused) {
      await t.test(`${name} is refused with the reason`, async () => {
        const response = await callTrigger(hawser, { target: gitRepository, token });

        assert.match(await readError(response.clone()), want);
        const asksForBearer = response.headers.get('www-authenticate') === 'Bearer realm="hawser"';
        assert.equal(asksForBearer, response.status === 401);
      });
    }

    await t.test('the right to one kind is none to another, and what is missing is not told to others', async () => {
      const targets = [
        `kustomization/${namespace}/app`,
        `kustomization/${namespace}/missing`,
        'gitrepository/other/app',
      ];
      for (const target of targets) {
        assert.match(await readError(await callTrigger(hawser, { target, token: ci ?? '' })), /^403 /, target);
      }
    });

    await t.test('what is not there, or no kind, or no name, is told to who may know', async () => {
      const call = (target: string) => callTrigger(hawser, { target, token: ci ?? '' });
      await story.create(...makeAccount(story, 'lead', [{ ...PATCH, resources: ['*'] }]));
      const lead = (await story.kubectl('create', 'token', 'lead')).trim();

      const missing = await callTrigger(hawser, { target: `gitrepository/${namespace}/missing`, token: lead });

      assert.match(await readError(missing), /^404 HTTP_NOT_FOUND there is no GitRepository/);
      assert.match(await readError(await call('deployment/default/app')), /^404 .*GitRepository or Kustomization/);
      assert.match(await readError(await call(`gitrepository/${namespace}/A_b`)), /^400 TRIGGER_INVALID the name/);
    });

    await t.test('who may list GitRepositories may read the records, but replay only what he may patch', async () => {
      const list = await callApi(hawser, '/api/pushes', { token: reader ?? '' });
      const { pushes } = (await list.json()) as { pushes: { id: string; heard: string; by?: string }[] };

      const found = pushes.find(({ heard }) => heard === 'trigger');
      assert.equal(found?.by, `system:serviceaccount:${namespace}:ci`);
      const replay = await callApi(hawser, `/api/pushes/${found?.id}/replay`, { token: reader ?? '', method: 'POST' });
      assert.match(await readError(replay), /^403 .* may not patch gitrepositories/);
      assert.match(await readError(await callApi(hawser, '/api/pushes', { token: ci ?? '' })), /^403 .* may not list /);
      assert.match(await readError(await callApi(hawser, '/api/pushes', { token: null })), /^401 /);
    });

    await t.test('a right that is granted holds within seconds', async () => {
      await story.create(...makeAccount(story, 'nobody', [PATCH]).slice(1));

      await eventually(
        async () => {
          const response = await callTrigger(hawser, { target: gitRepository, token: nobody ?? '' });
          assert.equal(response.status, 202);
        },
        { timeoutMs: 20_000 },
      );
    });

    await t.test('no token is ever written to the log', () => {
      for (const token of [ci, reader, nobody]) assert.ok(!hawser.output().includes(token ?? ''));
    });
  });
});
