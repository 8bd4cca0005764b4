import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCredentials } from '../../../src/credentials/git-credentials.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';
import {
  APP_KEY,
  BASIC,
  type Data,
  describe,
  encode,
  KEYS,
  OWNER,
  PROXY_REFUSED,
  REFUSED,
  SSH,
  TLS,
} from './make-secrets.ts';

interface Case {
  readonly name: string;
  readonly given: Data | undefined;
  readonly url?: string;
  readonly provider?: string;
  readonly proxy?: Data;
  readonly want: string;
}

/** One line that says all of it. */ const _keyBytes = (key: string) => `ssh key of ${key.trim().length + 1} bytes`;

const HTTP_CASES: readonly Case[] = [
  { name: 'username and password', given: BASIC, want: 'octo:correct horse' },
  { name: 'characters beyond ASCII', given: { ...BASIC, password: 'pässwörd' }, want: 'octo:pässwörd' },
  { name: 'a key that means nothing', given: { ...BASIC, note: 'x' }, want: 'octo:correct horse' },
  {
    name: 'a token for a user name',
    given: { username: 'token-of-octo-99' },
    want: 'octo:'.replace('octo', 'token-of-octo-99'),
  },
  { name: 'a bearer token', given: { bearerToken: 'ey.x.y' }, want: 'bearer ey.x.y' },
  { name: 'a bearer token beside a password', given: { ...BASIC, bearerToken: 'ey.x.y' }, want: 'bearer ey.x.y' },
  { name: 'an authority only', given: { 'ca.crt': KEYS.certificate }, want: 'ca' },
  {
    name: 'an authority by its older name',
    given: { ...BASIC, caFile: KEYS.certificate },
    want: 'octo:correct horse, ca',
  },
  { name: 'a client certificate', given: TLS, want: 'client certificate' },
  {
    name: 'a client certificate by its older names',
    given: { certFile: TLS['tls.crt'], keyFile: TLS['tls.key'] },
    want: 'client certificate',
  },
  {
    name: 'a password, an authority and a client certificate',
    given: { ...BASIC, ...TLS, 'ca.crt': KEYS.certificate },
    want: 'octo:correct horse, ca, client certificate',
  },
  { name: 'an SSH key beside a password', given: { ...BASIC, ...SSH }, want: 'octo:correct horse' },
  { name: 'no such Secret', given: undefined, want: `failed to get secret 'default/git': secrets "git" not found` },
  {
    name: 'nothing in it',
    given: {},
    want: `${REFUSED} it holds no credentials: give it username and password, bearerToken, tls.crt and tls.key, or ca.crt`,
  },
  {
    name: 'an SSH key for a URL that is not SSH',
    given: SSH,
    want: `${REFUSED} the key 'identity' (an SSH key) demands an ssh:// URL in spec.url`,
  },
  {
    name: 'a password only',
    given: { password: 'correct horse' },
    want: `${REFUSED} invalid 'https' auth option: 'password' requires 'username' to be set`,
  },
  {
    name: 'a password with a line break',
    given: { ...BASIC, password: 'correct horse\n' },
    want: `${REFUSED} the value of 'password' holds a line break (was it encoded by echo without -n?)`,
  },
  { name: 'an empty bearer token', given: { bearerToken: '' }, want: `${REFUSED} the key 'bearerToken' is empty` },
  {
    name: 'a bearer token with a line break',
    given: { bearerToken: 'ey.x.y\r\n' },
    want: `${REFUSED} the value of 'bearerToken' holds a line break (was it encoded by echo without -n?)`,
  },
  {
    name: 'an authority that is none',
    given: { 'ca.crt': 'x' },
    want: `${REFUSED} the value of 'ca.crt' is no certificate in PEM`,
  },
  {
    name: 'a damaged authority',
    given: { 'ca.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
    want: `${REFUSED} the value of 'ca.crt' is no certificate in PEM`,
  },
  {
    name: 'a client certificate without its key',
    given: { 'tls.crt': TLS['tls.crt'] },
    want: `${REFUSED} the key 'tls.key' is missing or empty`,
  },
  {
    name: "a client certificate's key alone",
    given: { 'tls.key': TLS['tls.key'] },
    want: `${REFUSED} the key 'tls.crt' is missing or empty`,
  },
  {
    name: 'a client certificate and the key of another',
    given: { ...TLS, 'tls.key': APP_KEY },
    want: `${REFUSED} 'tls.key' is not the private key, in PEM without a passphrase, of 'tls.crt'`,
  },
];

const PROXY_CASES: readonly Case[] = [
  {
    name: 'a password, and a proxy',
    given: BASIC,
    proxy: { address: 'http://proxy:3128/' },
    want: 'octo:correct horse, proxy http://proxy:3128 :',
  },
  {
    name: 'a password, and a proxy with a login',
    given: BASIC,
    proxy: { address: 'socks5://proxy', username: 'u', password: 'pass-word' },
    want: 'octo:correct horse, proxy socks5://proxy u:pass-word',
  },
  {
    name: 'a password, and a proxy without address',
    given: BASIC,
    proxy: { username: 'u' },
    want: `${PROXY_REFUSED} the key 'address' is missing or empty`,
  },
  {
    name: 'a password, and a proxy that is no URL',
    given: BASIC,
    proxy: { address: 'proxy:3128' },
    want: `${PROXY_REFUSED} the value of 'address' is no URL such as http://proxy:3128, https://… or socks5://…`,
  },
  {
    name: 'a password, and a proxy whose URL shows a password',
    given: BASIC,
    proxy: { address: 'http://u:p@proxy' },
    want: `${PROXY_REFUSED} put user name and password of 'address' into the keys 'username' and 'password'`,
  },
  {
    name: 'a password, and a proxy with a password only',
    given: BASIC,
    proxy: { address: 'http://proxy', password: 'p' },
    want: `${PROXY_REFUSED} 'password' requires 'username' to be set`,
  },
];

for (const { name, given, want, proxy, ...owner } of [...HTTP_CASES, ...PROXY_CASES]) {
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
