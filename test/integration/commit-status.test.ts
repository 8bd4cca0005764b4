import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Agent } from 'undici';
import type { CommitStatus, PostResult } from '../../src/commit-status/commit-status.ts';
import { toCredentialId } from '../../src/commit-status/credential-id.ts';
import { createGitHubReporter } from '../../src/commit-status/github-reporter.ts';
import { Secret } from '../../src/errors/secret.ts';
import { type Mood, startProviderApi } from '../support/start-provider-api.ts';

const TOKEN = 'ghp_canary0123456789canary0123456789canary';
const STATUS: CommitStatus = {
  repositoryUrl: 'https://github.com/acme/app.git',
  sha: 'b'.repeat(40),
  state: 'success',
  context: 'hawser/default/app',
  description: 'deployed',
  targetUrl: 'https://hawser.example.com/pushes/1',
};

async function start(t: TestContext, options: { timeoutMs?: number; now?: () => number } = {}) {
  const api = await startProviderApi({ tokens: [TOKEN], repositories: ['acme/app'] });
  const dispatcher = new Agent();
  t.after(async () => {
    await dispatcher.destroy();
    await api.stop();
  });
  const reporter = createGitHubReporter({ apiUrl: `${api.url}/`, dispatcher, ...options });
  const post = (status: Partial<CommitStatus> = {}, token = TOKEN) =>
    reporter.post({ ...STATUS, ...status }, { id: 'test', token: new Secret(token) });
  return { api, reporter, post };
}

test('a commit status is posted as GitHub wants it', async (t) => {
  const { api, post } = await start(t);

  assert.deepEqual(await post(), { kind: 'posted' });

  const { at, ...recorded } = await api.waitFor((status) => status.context === 'hawser/default/app');
  assert.ok(at > 0);
  assert.deepEqual(recorded, {
    repository: 'acme/app',
    sha: 'b'.repeat(40),
    state: 'success',
    context: 'hawser/default/app',
    description: 'deployed',
    targetUrl: 'https://hawser.example.com/pushes/1',
  });
});

test('a description that is too long or holds a secret is posted all the same, cut and redacted', async (t) => {
  const { api, post } = await start(t);

  assert.deepEqual(await post({ description: `${TOKEN} ${'🚀'.repeat(300)}` }), { kind: 'posted' });

  assert.equal(api.statuses[0]?.description, `[redacted] ${'🚀'.repeat(128)}…`);
});

test('a link is left out where there is none', async (t) => {
  const { api, post } = await start(t);

  assert.deepEqual(await post({ targetUrl: undefined }), { kind: 'posted' });

  assert.equal(api.statuses[0]?.targetUrl, null);
});

const REFUSALS: readonly { name: string; status?: Partial<CommitStatus>; token?: string; mood?: Mood; says: RegExp }[] =
  [
    { name: 'a wrong token', token: 'ghp_wrong0123456789', says: /401 .*Bad credentials.*set another one/ },
    {
      name: 'a repository that the token cannot see',
      status: { repositoryUrl: 'https://github.com/acme/ghost' },
      says: /404 .*repo:status/,
    },
    { name: 'a token without the permission', mood: { kind: 'forbidden' }, says: /403 .*Commit statuses: write/ },
    { name: 'what GitHub cannot process', status: { targetUrl: 'ftp://x' }, says: /422 .*target_url must use http/ },
    {
      name: 'a URL that names no repository',
      status: { repositoryUrl: 'https://github.com/app' },
      says: /owner\/name/,
    },
    { name: 'a short commit id', status: { sha: 'abc' }, says: /40 hex digits/ },
  ];

for (const { name, status, token, mood, says } of REFUSALS) {
  test(`${name} is a lasting failure that says what to do`, async (t) => {
    const { api, post } = await start(t);
    if (mood) api.setMood(mood);

    const result = await post(status, token);

    assert.equal(result.kind, 'failed');
    assert.match(result.kind === 'failed' ? result.message : '', says);
    assert.doesNotMatch(JSON.stringify(result), /ghp_/);
    assert.ok(api.requests.length <= 1, 'one attempt only');
  });
}

const NOW = 1_700_000_000_000;

const TROUBLES: readonly { name: string; mood: Mood; want: PostResult['kind']; more?: object }[] = [
  { name: 'a broken provider', mood: { kind: 'error' }, want: 'retry' },
  { name: 'a cut connection', mood: { kind: 'nothing' }, want: 'retry' },
  { name: 'no answer at all', mood: { kind: 'hang' }, want: 'retry' },
  {
    name: '429',
    mood: { kind: 'tooManyRequests', retryAfterS: 7 },
    want: 'rateLimited',
    more: { retryAfterMs: 7_000, told: true },
  },
  {
    name: 'the hourly limit',
    mood: { kind: 'primaryLimit', resetAtS: NOW / 1_000 + 120 },
    want: 'rateLimited',
    more: { retryAfterMs: 120_000, told: true },
  },
  {
    name: 'the secondary limit',
    mood: { kind: 'secondaryLimit' },
    want: 'rateLimited',
    more: { retryAfterMs: 60_000, told: true },
  },
  {
    name: 'the secondary limit without a header',
    mood: { kind: 'secondaryLimit', bare: true },
    want: 'rateLimited',
    more: { retryAfterMs: 60_000, told: false },
  },
];

for (const { name, mood, want, more } of TROUBLES) {
  test(`${name} leads to ${want} after one attempt, and the next status is posted`, async (t) => {
    const { api, post } = await start(t, { timeoutMs: 300, now: () => NOW });
    api.setMood(mood);

    const result = await post();

    assert.equal(result.kind, want);
    if (more) assert.deepEqual(result, { kind: want, ...more });
    assert.doesNotMatch(JSON.stringify(result), /ghp_/);
    assert.equal(api.requests.length, 1);
    api.setMood({ kind: 'normal' });
    assert.deepEqual(await post(), { kind: 'posted' });
  });
}

test('a provider that is down leads to a retry', async (t) => {
  const { api, post } = await start(t);
  await api.stop();

  const result = await post();

  assert.equal(result.kind, 'retry');
});

test('a repository that moved gets its status at its new place, and a stranger never sees the token', async (t) => {
  const { api, post } = await start(t);
  const renamed = await startProviderApi();
  t.after(() => renamed.stop());
  const path = `/repos/acme/renamed/statuses/${STATUS.sha}`;
  api.setMood({ kind: 'moved', to: renamed.url + path });

  const result = await post();

  assert.equal(result.kind, 'failed', 'the other origin answers 401: it got no token');
  assert.equal(renamed.requests[0]?.path, path);
  assert.equal(renamed.statuses.length, 0);
});

test('an aborted signal ends a post that gets no answer', async (t) => {
  const { api, reporter } = await start(t);
  api.setMood({ kind: 'hang' });
  const stopping = new AbortController();

  const posting = reporter.post(STATUS, { id: 'test', token: new Secret(TOKEN) }, stopping.signal);
  stopping.abort(new Error('stopping'));

  await assert.rejects(posting, /stopping/);
});

test('the thousandth and first status of a context is a lasting failure', async (t) => {
  const { api, post } = await start(t);
  for (let count = 0; count < 1_000; count++) {
    (api.statuses as unknown[]).push({ ...STATUS, repository: 'acme/app', targetUrl: null, at: 0 });
  }

  const result = await post();

  assert.equal(result.kind, 'failed');
});

test('a credential is named by a hash that does not tell it', () => {
  const id = toCredentialId(new Secret(TOKEN));

  assert.match(id, /^[0-9a-f]{16}$/);
  assert.equal(id, toCredentialId(new Secret(TOKEN)));
  assert.notEqual(id, toCredentialId(new Secret(`${TOKEN}x`)));
});
