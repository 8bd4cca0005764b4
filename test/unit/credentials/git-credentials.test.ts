import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createCredentials } from '../../../src/credentials/git-credentials.ts';
import type { CloudLogins } from '../../../src/credentials/workload-identity.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { redact } from '../../../src/errors/redact.ts';
import { Secret } from '../../../src/errors/secret.ts';
import { APP, BASIC, describe, encode, OWNER, SSH, SSH_URL, TLS } from './make-secrets.ts';

test('a source without secretRef is read anonymously, and no Secret is looked up', async () => {
  const credentials = createCredentials({ readSecret: () => assert.fail('looked up') });

  assert.equal(await credentials.forGitRepository({ namespace: 'default' }), undefined);
});

test('a source with a proxy and no secretRef is read anonymously through the proxy', async () => {
  const credentials = createCredentials({ readSecret: async () => encode({ address: 'http://proxy:3128' }) });

  const found = await credentials.forGitRepository({ namespace: 'default', proxySecretRef: { name: 'proxy' } });

  assert.equal(describe(found), 'proxy http://proxy:3128 :');
});

const REASONS = [
  { name: 'a wrong form', owner: { url: SSH_URL }, reason: 'AuthenticationFailed', disposition: 'retry' },
  {
    name: 'a GitHub App missing in the Secret',
    owner: { ...OWNER, provider: 'github' },
    reason: 'InvalidProviderConfiguration',
    disposition: 'retry',
  },
  {
    name: 'no Secret for the provider github',
    owner: { provider: 'github' },
    reason: 'InvalidProviderConfiguration',
    disposition: 'stalled',
  },
] as const;

for (const { name, owner, reason, disposition } of REASONS) {
  test(`${name} is an error with Flux's reason ${reason} that is ${disposition === 'retry' ? 'retried' : 'final'}`, async () => {
    const credentials = createCredentials({ readSecret: async () => encode(BASIC) });

    await assert.rejects(credentials.forGitRepository({ namespace: 'default', ...owner }), { reason, disposition });
  });
}

test('when GitHub gives no token, the error says why and when to ask again', async () => {
  const retryAt = new Date('2040-01-01T00:00:00Z');
  const credentials = createCredentials({
    readSecret: async () => encode(APP),
    appTokens: {
      token: () => Promise.reject(new HawserError('CREDENTIALS_UNAVAILABLE', 'GitHub asks to wait', { retryAt })),
    },
  });

  await assert.rejects(credentials.forGitRepository({ ...OWNER, provider: 'github' }), {
    code: 'CREDENTIALS_UNAVAILABLE',
    message: 'failed to configure authentication options: GitHub asks to wait',
    retryAt,
  });
});

const AZURE = { namespace: 'team', url: 'https://dev.azure.com/acme/web/_git/app', provider: 'azure' };

/** One cloud; whoever asks the other one fails. */
function only(cloud: 'azure' | 'aws', logins: CloudLogins): Record<'azure' | 'aws', CloudLogins> {
  const other = { token: () => assert.fail('asked another cloud') };
  return { azure: other, aws: other, [cloud]: logins };
}

for (const cloud of ['azure', 'aws'] as const)
  test(`an identity of ${cloud} logs in where a source asks for it, reached as the source says`, async () => {
    const asked: unknown[] = [];
    const ca = TLS['tls.crt'].trim();
    const credentials = createCredentials({
      readSecret: async (_, name) =>
        encode(name === 'proxy' ? { address: 'http://proxy:3128' } : { ...BASIC, 'ca.crt': ca }),
      cloudLogins: only(cloud, {
        token: async ({ namespace, serviceAccountName, url }, via) => {
          asked.push([namespace, serviceAccountName, url, via?.ca, via?.proxy?.url]);
          return new Secret('issued-token');
        },
      }),
    });
    const more = { serviceAccountName: 'reader', secretRef: { name: 'git' }, proxySecretRef: { name: 'proxy' } };

    const bare = await credentials.forGitRepository({ ...AZURE, provider: cloud });
    const full = await credentials.forGitRepository({ ...AZURE, ...more, provider: cloud });

    assert.deepEqual([bare, full].map(describe), [
      `${cloud} issued-token`,
      `${cloud} issued-token, ca, proxy http://proxy:3128 :`,
    ]);
    assert.deepEqual(asked, [
      ['team', undefined, AZURE.url, undefined, undefined],
      ['team', 'reader', AZURE.url, ca, 'http://proxy:3128'],
    ]);
  });

test('when Entra ID gives no token, the error keeps its reason, its kind and when to ask again', async () => {
  const details = { reason: 'InvalidProviderConfiguration', disposition: 'stalled' } as const;
  const credentials = createCredentials({
    readSecret: () => assert.fail('looked up'),
    cloudLogins: only('azure', {
      token: () => Promise.reject(new HawserError('CREDENTIALS_UNSUPPORTED', 'not Azure DevOps', details)),
    }),
  });

  await assert.rejects(credentials.forGitRepository(AZURE), {
    code: 'CREDENTIALS_UNSUPPORTED',
    message: 'failed to configure authentication options: not Azure DevOps',
    ...details,
  });
});

for (const provider of [undefined, 'generic', 'github']) {
  test(`an account is refused where the provider is ${provider ?? 'not named'}, as Flux's definition refuses it`, async () => {
    const credentials = createCredentials({ readSecret: async () => encode(APP) });
    const owner = { ...OWNER, provider, serviceAccountName: 'reader' };

    await assert.rejects(credentials.forGitRepository(owner), {
      disposition: 'stalled',
      message: /^serviceAccountName can only be set when provider is 'azure' or 'aws': remove/,
    });
  });
}

test('a Secret is looked up in the namespace of its source, anew each time', async () => {
  const passwords = ['before rotation', 'after rotation'];
  const readSecret = async (namespace: string, name: string) =>
    namespace === 'team' && name === 'git' ? encode({ ...BASIC, password: passwords.shift() ?? '' }) : undefined;
  const credentials = createCredentials({ readSecret });
  const owner = { namespace: 'team', secretRef: { name: 'git' } };

  assert.equal(describe(await credentials.forGitRepository(owner)), 'octo:before rotation');
  assert.equal(describe(await credentials.forGitRepository(owner)), 'octo:after rotation');
});

test('when Secrets cannot be read, the error says which and why, and asks for a retry', async () => {
  const credentials = createCredentials({ readSecret: () => Promise.reject(new Error('secrets is forbidden')) });

  await assert.rejects(credentials.forGitRepository(OWNER), {
    code: 'CREDENTIALS_UNAVAILABLE',
    disposition: 'retry',
    message: "failed to get secret 'default/git': secrets is forbidden",
  });
});

const HIDDEN = [
  { name: 'a password', given: { username: 'octo', password: 'battery-staple-1' }, secret: 'battery-staple-1' },
  { name: 'a token for a user name', given: { username: 'T0ken-battery-2' }, secret: 'T0ken-battery-2' },
  { name: 'a bearer token', given: { bearerToken: 'ey.battery.3' }, secret: 'ey.battery.3' },
  { name: "a client certificate's key", given: TLS, secret: TLS['tls.key'].trim() },
  { name: 'an SSH key', given: SSH, url: SSH_URL, secret: SSH.identity.trim() },
  { name: 'a passphrase', given: { ...SSH, password: 'battery-staple-4' }, url: SSH_URL, secret: 'battery-staple-4' },
] as const;

for (const { name, given, secret, ...owner } of HIDDEN) {
  test(`${name} is neither printed nor let through in the words of others`, async () => {
    const credentials = createCredentials({ readSecret: async () => encode(given) });

    const found = await credentials.forGitRepository({ ...OWNER, ...owner });

    const isShownAsUser = found?.login?.kind === 'basic' && found.login.username === secret;
    if (!isShownAsUser) assert.ok(!`${inspect(found, { depth: 9 })}${JSON.stringify(found)}`.includes(secret));
    assert.ok(!redact(`the server says: ${secret}`).includes(secret));
  });
}
