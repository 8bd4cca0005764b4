import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCredentials } from '../../../src/credentials/git-credentials.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';
import {
  APP,
  BASIC,
  type Data,
  describe,
  encode,
  KEYS,
  LOCKED_PKCS8,
  OWNER,
  PROXY_REFUSED,
  REFUSED,
  SSH,
  SSH_URL,
} from './make-secrets.ts';

interface Case {
  readonly name: string;
  readonly given: Data | undefined;
  readonly url?: string;
  readonly provider?: string;
  readonly proxy?: Data;
  readonly want: string;
}

/** One line that says all of it. */ const keyBytes = (key: string) => `ssh key of ${key.trim().length + 1} bytes`;

const SSH_CASES: readonly Case[] = [
  { name: 'an SSH key', given: SSH, url: SSH_URL, want: `${keyBytes(KEYS.plain)}, hosts ${SSH.known_hosts}` },
  {
    name: 'an SSH key from Windows',
    given: { ...SSH, identity: KEYS.plain.trim().replaceAll('\n', '\r\n') },
    url: SSH_URL,
    want: `${keyBytes(KEYS.plain)}, hosts ${SSH.known_hosts}`,
  },
  {
    name: 'an SSH key with its passphrase',
    given: { ...SSH, identity: KEYS.locked, password: 'open sesame' },
    url: SSH_URL,
    want: `${keyBytes(KEYS.locked)}, passphrase open sesame, hosts ${SSH.known_hosts}`,
  },
  ...[KEYS.locked, KEYS.lockedPem, LOCKED_PKCS8].map((identity) => ({
    name: `an SSH key without its passphrase (${identity.split('\n', 1)[0]?.replaceAll('-', '')})`,
    given: { ...SSH, identity },
    url: SSH_URL,
    want: `${REFUSED} 'identity' is encrypted: put its passphrase into the key 'password'`,
  })),
  {
    name: 'no known hosts',
    given: { identity: KEYS.plain },
    url: SSH_URL,
    want: `${REFUSED} invalid 'ssh' auth option: 'known_hosts' is required (the lines that ssh-keyscan prints, once compared with what the host publishes)`,
  },
  {
    name: 'known hosts only',
    given: { known_hosts: 'x' },
    url: SSH_URL,
    want: `${REFUSED} invalid 'ssh' auth option: 'identity' is required`,
  },
  {
    name: 'a public key for an identity',
    given: { ...SSH, identity: 'ssh-ed25519 AAAA' },
    url: SSH_URL,
    want: `${REFUSED} the value of 'identity' is no private key in PEM or OpenSSH's form`,
  },
  {
    name: 'a user name for an SSH URL',
    given: BASIC,
    url: SSH_URL,
    want: `${REFUSED} invalid 'ssh' auth option: 'identity' is required`,
  },
  {
    name: 'an SSH key, and a proxy',
    given: SSH,
    url: SSH_URL,
    proxy: { address: 'http://proxy:3128' },
    want: `${PROXY_REFUSED} a proxy is used for http:// and https:// URLs only`,
  },
];

const APP_CASES: readonly Case[] = [
  { name: 'a GitHub App', given: APP, provider: 'github', want: 'github-app token of 12/34 by undefined' },
  {
    name: 'a GitHub App of an Enterprise Server',
    given: { ...APP, githubAppBaseURL: 'https://ghe.example.com/api/v3', 'ca.crt': KEYS.certificate },
    provider: 'github',
    want: 'github-app token of 12/34 by https://ghe.example.com/api/v3, ca',
  },
  {
    name: 'a GitHub App installed by an owner',
    given: { ...APP, githubAppInstallationID: '', githubAppInstallationOwner: 'acme' },
    provider: 'github',
    want: 'github-app token of 12/acme by undefined',
  },
  {
    name: 'a GitHub App installed twice',
    given: { ...APP, githubAppInstallationOwner: 'acme' },
    provider: 'github',
    want: `${REFUSED} exactly one of 'githubAppInstallationID' and 'githubAppInstallationOwner' must be given`,
  },
  {
    name: 'a GitHub App, but no provider',
    given: APP,
    want: `${REFUSED} it has github app data but provider is not set to github`,
  },
  {
    name: 'a password where the provider is github',
    given: BASIC,
    provider: 'github',
    want: `${REFUSED} secretRef with github app data must be specified when provider is set to github`,
  },
  {
    name: 'a GitHub App without an installation',
    given: { ...APP, githubAppInstallationID: '' },
    provider: 'github',
    want: `${REFUSED} exactly one of 'githubAppInstallationID' and 'githubAppInstallationOwner' must be given`,
  },
  {
    name: 'a GitHub App whose id is a name',
    given: { ...APP, githubAppID: 'my-app' },
    provider: 'github',
    want: `${REFUSED} the value of 'githubAppID' is no number`,
  },
  {
    name: 'a GitHub App without its key',
    given: { ...APP, githubAppPrivateKey: '' },
    provider: 'github',
    want: `${REFUSED} the key 'githubAppPrivateKey' is missing or empty`,
  },
  {
    name: 'a GitHub App whose key is none',
    given: { ...APP, githubAppPrivateKey: 'x' },
    provider: 'github',
    want: `${REFUSED} the value of 'githubAppPrivateKey' is no private key in PEM`,
  },
  {
    name: 'a GitHub App whose API is no URL',
    given: { ...APP, githubAppBaseURL: 'ghe' },
    provider: 'github',
    want: `${REFUSED} the value of 'githubAppBaseURL' is no URL such as https://github.example.com/api/v3`,
  },
];

for (const { name, given, want, proxy, ...owner } of [...SSH_CASES, ...APP_CASES]) {
  test(`credentials from a Secret with ${name}`, async () => {
    const credentials = createCredentials({
      readSecret: async (_, secret) => (secret === 'proxy' ? proxy && encode(proxy) : given && encode(given)),
      appTokens: {
        token: async ({ appId, installationId, installationOwner, apiUrl }) =>
          new Secret(`token of ${appId}/${installationId ?? installationOwner} by ${apiUrl}`),
      },
    });

    const text = await credentials
      .forGitRepository({ ...OWNER, ...owner, ...(proxy && { proxySecretRef: { name: 'proxy' } }) })
      .then(describe, (error) => (error instanceof HawserError ? error.message : error));

    assert.equal(text, want);
  });
}

test('GitHub is asked for an App’s token as the source’s repository is reached: by its authority and proxy', async () => {
  const ca = KEYS.certificate;
  const asked: unknown[] = [];
  const credentials = createCredentials({
    readSecret: async (_, name) =>
      encode(name === 'proxy' ? { address: 'http://proxy:3128' } : { ...APP, 'ca.crt': ca }),
    appTokens: {
      token: async ({ via }) => {
        asked.push([via?.ca, via?.proxy?.url]);
        return new Secret('ghs_token');
      },
    },
  });

  await credentials.forGitRepository({ ...OWNER, provider: 'github', proxySecretRef: { name: 'proxy' } });

  assert.deepEqual(asked, [[ca.trim(), 'http://proxy:3128']]);
});
