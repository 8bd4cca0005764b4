import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GitCredentials } from '../../../src/credentials/git-credentials.ts';
import { Secret } from '../../../src/errors/secret.ts';
import { connectionIdentity, remoteIdentity, toPlainUrl } from '../../../src/git/git-remote.ts';

const secret = (value: string) => new Secret(value);
const basic = (username: string, password: string): GitCredentials => ({
  login: { kind: 'basic', username, password: secret(password) },
});
const ssh = (identity: string, knownHosts: string): GitCredentials => ({
  login: { kind: 'ssh', identity: secret(identity), passphrase: undefined, knownHosts },
});
const proxy = (password: string): GitCredentials => ({
  proxy: { url: 'http://proxy', username: 'u', password: secret(password) },
});
const certificate = (key: string): GitCredentials => ({ clientCertificate: { certificate: 'c', key: secret(key) } });
const HTTP = 'https://git.example.com/app.git';
const SSH = 'ssh://git@git.example.com/app.git';

interface Reach {
  readonly url: string;
  readonly credentials?: GitCredentials;
}

const CASES: readonly { name: string; a: Reach; b: Reach; same: boolean }[] = [
  { name: 'the same URL without credentials', a: { url: HTTP }, b: { url: `${HTTP}/` }, same: true },
  { name: 'another URL', a: { url: HTTP }, b: { url: `${HTTP}x` }, same: false },
  {
    name: 'equal logins',
    a: { url: HTTP, credentials: basic('u', 'p') },
    b: { url: HTTP, credentials: basic('u', 'p') },
    same: true,
  },
  { name: 'a login and none', a: { url: HTTP, credentials: basic('u', 'p') }, b: { url: HTTP }, same: false },
  {
    name: 'another password',
    a: { url: HTTP, credentials: basic('u', 'p') },
    b: { url: HTTP, credentials: basic('u', 'q') },
    same: false,
  },
  {
    name: 'a login cut elsewhere',
    a: { url: HTTP, credentials: basic('ab', 'c') },
    b: { url: HTTP, credentials: basic('a', 'bc') },
    same: false,
  },
  {
    name: 'a token of another kind',
    a: { url: HTTP, credentials: { login: { kind: 'bearer', token: secret('t') } } },
    b: { url: HTTP, credentials: { login: { kind: 'github-app', token: secret('t') } } },
    same: false,
  },
  {
    name: 'an identity of Azure with another token',
    a: { url: HTTP, credentials: { login: { kind: 'azure', token: secret('t') } } },
    b: { url: HTTP, credentials: { login: { kind: 'azure', token: secret('u') } } },
    same: false,
  },
  {
    name: 'another authority',
    a: { url: HTTP, credentials: { ca: 'a' } },
    b: { url: HTTP, credentials: { ca: 'b' } },
    same: false,
  },
  {
    name: 'another client certificate',
    a: { url: HTTP, credentials: certificate('a') },
    b: { url: HTTP, credentials: certificate('b') },
    same: false,
  },
  {
    name: 'another password of the proxy',
    a: { url: HTTP, credentials: proxy('a') },
    b: { url: HTTP, credentials: proxy('b') },
    same: false,
  },
  {
    name: 'equal SSH keys',
    a: { url: SSH, credentials: ssh('k', 'h') },
    b: { url: SSH, credentials: ssh('k', 'h') },
    same: true,
  },
  {
    name: 'other known hosts',
    a: { url: SSH, credentials: ssh('k', 'h') },
    b: { url: SSH, credentials: ssh('k', 'i') },
    same: false,
  },
  {
    name: 'another SSH user',
    a: { url: SSH, credentials: ssh('k', 'h') },
    b: { url: SSH.replace('git@', 'hg@'), credentials: ssh('k', 'h') },
    same: false,
  },
];

for (const { name, a, b, same } of CASES) {
  test(`remotes with ${name} are reached ${same ? 'in the same way' : 'in different ways'}`, () => {
    assert.equal(remoteIdentity(a) === remoteIdentity(b), same);
  });
}

test('an identity shows nothing of what it was made from', () => {
  assert.match(remoteIdentity({ url: HTTP, credentials: basic('u', 'p') }), /^[0-9a-f]{64}$/);
});

test('connections are shared across logins, and not across authorities, client certificates and proxies', () => {
  const kinds = [{ ca: 'a' }, { ca: 'b' }, certificate('a'), certificate('b'), proxy('a'), proxy('b'), undefined];

  assert.equal(new Set(kinds.map(connectionIdentity)).size, kinds.length);
  assert.equal(connectionIdentity(basic('u', 'p')), connectionIdentity(undefined));
});

const PLAIN = [
  { given: 'https://u:p@git.example.com/app.git/?q#f', want: HTTP },
  { given: 'ssh://git:secret@git.example.com:22/app.git/', want: 'ssh://git@git.example.com:22/app.git' },
  { given: 'ssh://git.example.com/app.git?q', want: 'ssh://git.example.com/app.git' },
] as const;

for (const { given, want } of PLAIN) {
  test(`${given} is shown as ${want}`, () => assert.equal(toPlainUrl(given), want));
}
