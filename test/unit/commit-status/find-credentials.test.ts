import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusProvider } from '../../../src/commit-status/commit-status.ts';
import { createStatusCredentials } from '../../../src/commit-status/find-credentials.ts';
import { Secret } from '../../../src/errors/secret.ts';

const APP = { githubAppID: '1', githubAppInstallationID: '2', githubAppPrivateKey: 'key' };

const CASES: readonly {
  name: string;
  secret?: Record<string, string> | undefined;
  token?: string;
  provider?: StatusProvider;
  want: readonly string[];
}[] = [
  { name: 'the configured token', token: 'configured', want: ['configured'] },
  { name: 'none', want: [] },
  {
    name: 'the source’s own before the configured',
    secret: { username: 'git', password: 'own' },
    token: 'configured',
    want: ['git own', 'configured'],
  },
  { name: 'a bearer token of the source', secret: { bearerToken: 'own' }, want: ['own'] },
  { name: 'a GitHub App of the source', secret: APP, want: ['token of 1 at 2'] },
  { name: 'a GitHub App is nothing to another host', secret: APP, provider: 'gitlab', want: [] },
  {
    name: 'a passphrase is no token',
    secret: { identity: 'key', username: 'x', password: 'phrase' },
    token: 'configured',
    want: ['configured'],
  },
  {
    name: 'a token that names its user',
    token: 'me@acme.example:configured',
    provider: 'bitbucket',
    want: ['me@acme.example configured'],
  },
];

const base64 = (text: string) => Buffer.from(text).toString('base64');

for (const { name, secret, token, provider = 'github', want } of CASES) {
  test(`who may write: ${name}`, async () => {
    const credentials = createStatusCredentials({
      readSecret: async () =>
        secret && Object.fromEntries(Object.entries(secret).map(([key, text]) => [key, base64(text)])),
      gitHubApps: { token: async ({ appId, installationId }) => new Secret(`token of ${appId} at ${installationId}`) },
      tokens: token === undefined ? {} : { [provider]: new Secret(token) },
    });

    const found = await credentials.find({ namespace: 'default', secretRef: secret && { name: 'own' } }, provider);

    assert.deepEqual(
      found.map((credential) => [credential.username, credential.token.reveal()].filter(Boolean).join(' ')),
      want,
    );
  });
}

test('a Secret that cannot be read is no obstacle to the configured token, and an error without one', async () => {
  const readSecret = () => Promise.reject(new Error('forbidden'));
  const gitHubApps = { token: () => Promise.reject(new Error('not asked')) };
  const source = { namespace: 'default', secretRef: { name: 'own' } };
  const withToken = createStatusCredentials({ readSecret, gitHubApps, tokens: { gitlab: new Secret('configured') } });
  const without = createStatusCredentials({ readSecret, gitHubApps, tokens: {} });

  assert.equal((await withToken.find(source, 'gitlab')).length, 1);
  await assert.rejects(without.find(source, 'gitlab'), /forbidden/);
});
