import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Agent } from 'undici';
import type { CommitState, CommitStatus, StatusProvider } from '../../src/commit-status/commit-status.ts';
import { createReporters } from '../../src/commit-status/create-reporters.ts';
import { Secret } from '../../src/errors/secret.ts';
import type { ProviderKind } from '../support/provider-rules.ts';
import { type Mood, startProviderApi } from '../support/start-provider-api.ts';

const TOKEN = 'canary-token-0123456789';
const SHA = 'b'.repeat(40);
const LINK = 'https://hawser.example.com/pushes/1';

interface Host {
  readonly provider: StatusProvider;
  readonly kind: ProviderKind;
  readonly root: string;
  readonly url: string;
  readonly repository: string;
  readonly states: Readonly<Record<CommitState, string>>;
}

const BUILDS = { pending: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED', error: 'FAILED' };

const HOSTS: readonly Host[] = [
  {
    provider: 'github',
    kind: 'github',
    root: '',
    url: 'https://github.com/acme/app.git',
    repository: 'acme/app',
    states: { pending: 'pending', success: 'success', failure: 'failure', error: 'error' },
  },
  {
    provider: 'gitlab',
    kind: 'gitlab',
    root: '/api/v4',
    url: 'https://gitlab.com/acme/team/app.git',
    repository: 'acme/team/app',
    states: { pending: 'running', success: 'success', failure: 'failed', error: 'failed' },
  },
  {
    provider: 'gitea',
    kind: 'gitea',
    root: '/api/v1',
    url: 'ssh://git@git.example:2222/acme/app.git',
    repository: 'acme/app',
    states: { pending: 'pending', success: 'success', failure: 'failure', error: 'error' },
  },
  {
    provider: 'bitbucket',
    kind: 'bitbucket-cloud',
    root: '/2.0',
    url: 'git@bitbucket.org:acme/app.git',
    repository: 'acme/app',
    states: BUILDS,
  },
  {
    provider: 'bitbucket',
    kind: 'bitbucket-data-center',
    root: '/rest',
    url: 'https://bitbucket.example/scm/~jane/app.git',
    repository: '~jane/app',
    states: BUILDS,
  },
  {
    provider: 'azure-devops',
    kind: 'azure-devops',
    root: '',
    url: 'https://dev.azure.com/acme/my%20web/_git/app',
    repository: 'acme/my web/app',
    states: { pending: 'pending', success: 'succeeded', failure: 'failed', error: 'error' },
  },
];

async function start(t: TestContext, { kind, provider, root, url, repository }: Host, timeoutMs = 30_000) {
  const api = await startProviderApi({ provider: kind, tokens: [TOKEN], repositories: [repository] });
  const dispatcher = new Agent();
  t.after(async () => {
    await dispatcher.destroy();
    await api.stop();
  });
  const createReporter = createReporters(() => dispatcher);
  const reporter = createReporter(provider, { apiUrl: `${api.url}${root}/`, via: undefined, timeoutMs });
  const post = (status: Partial<CommitStatus> = {}, credential: { token?: string; username?: string } = {}) =>
    reporter.post(
      {
        repositoryUrl: url,
        sha: SHA,
        state: 'success',
        context: 'hawser/default/app',
        description: 'deployed',
        targetUrl: LINK,
        ...status,
      },
      { id: 'test', token: new Secret(credential.token ?? TOKEN), username: credential.username },
    );
  return { api, post };
}

const TROUBLES: readonly (readonly [name: string, mood: Mood, want: string])[] = [
  ['a broken host', { kind: 'error' }, 'retry'],
  ['a cut connection', { kind: 'nothing' }, 'retry'],
  ['no answer', { kind: 'hang' }, 'retry'],
  ['a limit', { kind: 'tooManyRequests', retryAfterS: 7 }, 'rateLimited'],
  ['a lack of permission', { kind: 'forbidden' }, 'failed'],
];

for (const host of HOSTS) {
  describe(`commit statuses on ${host.kind}`, () => {
    test('every state is said in the host’s own words', async (t) => {
      const { api, post } = await start(t, host);

      for (const state of ['pending', 'success', 'failure', 'error'] as const) {
        assert.deepEqual(await post({ state, context: `hawser/default/${state}` }), { kind: 'posted' });
      }

      const posted = api.statuses.map(({ context, state, repository }) => [context, state, repository]);
      const wanted = Object.entries(host.states).map(([state, said]) => [
        `hawser/default/${state}`,
        said,
        host.repository,
      ]);
      assert.deepEqual(posted, wanted);
    });

    test('the whole status arrives, its text cut to what every host takes, and without secrets', async (t) => {
      const { api, post } = await start(t, host);

      assert.deepEqual(await post({ description: `${TOKEN} ${'🚀'.repeat(300)}` }), { kind: 'posted' });

      const { at: _, ...recorded } = api.statuses[0] ?? {};
      assert.deepEqual(recorded, {
        repository: host.repository,
        sha: SHA,
        state: host.states.success,
        context: 'hawser/default/app',
        description: `[redacted] ${'🚀'.repeat(128)}…`,
        targetUrl: LINK,
      });
    });

    test('saying the same twice is no failure', async (t) => {
      const { post } = await start(t, host);

      for (const state of ['pending', 'pending', 'success', 'success'] as const) {
        assert.deepEqual(await post({ state }), { kind: 'posted' });
      }
    });

    test('a status without a link is posted', async (t) => {
      const { api, post } = await start(t, host);

      assert.deepEqual(await post({ targetUrl: undefined }), { kind: 'posted' });
      assert.equal(api.statuses.length, 1);
    });

    test('a wrong token is a lasting failure that another credential might mend', async (t) => {
      const { api, post } = await start(t, host);

      const result = await post({}, { token: 'wrong-token-0123456789' });

      assert.deepEqual({ ...result, message: '' }, { kind: 'failed', message: '', byCredential: true });
      assert.match(result.kind === 'failed' ? result.message : '', /set another one/);
      assert.doesNotMatch(JSON.stringify(result), /wrong-token/);
      assert.equal(api.requests.length, 1);
    });

    test('a URL that names no repository of the host asks nobody', async (t) => {
      const { api, post } = await start(t, host);

      const result = await post({ repositoryUrl: 'https://host.example/app' });

      assert.equal(result.kind, 'failed');
      assert.equal(api.requests.length, 0);
    });

    for (const [name, mood, want] of TROUBLES) {
      test(`${name} leads to ${want} after one attempt`, async (t) => {
        const { api, post } = await start(t, host, mood.kind === 'hang' ? 300 : undefined);
        api.setMood(mood);

        assert.equal((await post()).kind, want);
        assert.equal(api.requests.length, 1);
      });
    }
  });
}

const PASSWORDS: readonly (readonly [kind: ProviderKind, username: string, wanted: RegExp])[] = [
  ['gitlab', 'oauth2', /^Bearer /],
  ['gitea', 'jane', /^Basic /],
  ['bitbucket-cloud', 'jane@acme.example', /^Basic /],
  ['bitbucket-cloud', 'x-token-auth', /^Bearer /],
  ['azure-devops', 'jane', /^Basic /],
];

for (const [kind, username, wanted] of PASSWORDS) {
  test(`the password of ${username} for Git is shown to ${kind} as it wants it`, async (t) => {
    const host = HOSTS.find((candidate) => candidate.kind === kind);
    assert.ok(host);
    const { api, post } = await start(t, host);

    assert.deepEqual(await post({}, { username }), { kind: 'posted' });
    assert.match(api.requests[0]?.authorization ?? '', wanted);
  });
}

test('GitLab is told the ref, and gets the state without a link that it does not take', async (t) => {
  const host = HOSTS.find(({ kind }) => kind === 'gitlab');
  assert.ok(host);
  const { api, post } = await start(t, host);

  assert.deepEqual(await post({ ref: 'main', targetUrl: 'ftp://nowhere' }), { kind: 'posted' });

  assert.deepEqual(
    api.requests.map(({ body }) => [body.ref, body.target_url]),
    [
      ['main', 'ftp://nowhere'],
      ['main', undefined],
    ],
  );
});

const AZURE_URLS: readonly (readonly [url: string, repository: string])[] = [
  ['https://dev.azure.com/acme/_git/app', 'acme/app/app'],
  ['https://acme.visualstudio.com/DefaultCollection/web/_git/app', 'acme/web/app'],
  ['git@ssh.dev.azure.com:v3/acme/web/app', 'acme/web/app'],
  ['acme@vs-ssh.visualstudio.com:v3/acme/web/app', 'acme/web/app'],
];

for (const [url, repository] of AZURE_URLS) {
  test(`Azure DevOps: ${url} is ${repository}`, async (t) => {
    const { api, post } = await start(t, { ...(HOSTS.at(-1) as Host), repository });

    assert.deepEqual(await post({ repositoryUrl: url }), { kind: 'posted' });
    assert.equal(api.statuses[0]?.repository, repository);
  });
}
