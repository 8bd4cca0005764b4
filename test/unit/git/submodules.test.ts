import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../../src/errors/secret.ts';
import { parseGitmodules } from '../../../src/git/parse-gitmodules.ts';
import { toSubmoduleRemote } from '../../../src/git/submodule-remote.ts';

describe('.gitmodules is read as git reads it', () => {
  const cases = [
    {
      name: 'sections, comments and spaces',
      text: '# a\n[core]\n\tpath = no\n[submodule "lib"]\n\tpath = lib ; here\n\tURL=https://h/x.git\n',
      want: [{ path: 'lib', url: 'https://h/x.git' }],
    },
    {
      name: 'quotes and escapes',
      text: '[submodule "a \\"b\\""]\r\npath = "x # y"\r\nurl = "https://h/\\"z"',
      want: [{ path: 'x # y', url: 'https://h/"z' }],
    },
    {
      name: 'an entry beside its section, and one in two parts',
      text: '[submodule "a"] path = a\n[submodule "b"]\npath=b\n[submodule "a"]\nurl = u\n',
      want: [{ path: 'a', url: 'u' }],
    },
    { name: 'the last of two', text: '[submodule "a"]\npath=a\nurl=u\nurl=v\n', want: [{ path: 'a', url: 'v' }] },
    { name: 'nothing', text: '\n[\n]\n=\npath = x\n', want: [] },
  ];
  for (const { name, text, want } of cases) {
    test(name, () => assert.deepEqual(parseGitmodules(text), want));
  }
});

const credentials = {
  login: { kind: 'bearer' as const, token: new Secret('token') },
  ca: 'authority',
  clientCertificate: { certificate: 'c', key: new Secret('key') },
};
const parent = { url: 'https://git.example/org/app.git', timeoutMs: 1, credentials };

describe('where a submodule is fetched from', () => {
  const cases = [
    { url: '../lib.git', want: 'https://git.example/org/lib.git', login: true },
    { url: './lib', want: 'https://git.example/org/app.git/lib', login: true },
    { url: '../../other/lib', want: 'https://git.example/other/lib', login: true },
    { url: 'https://GIT.example:443/x', want: 'https://GIT.example:443/x', login: true },
    { url: 'https://git.example:8443/x', want: 'https://git.example:8443/x', login: false },
    { url: 'http://git.example/x', want: 'http://git.example/x', login: false },
    { url: 'https://git.example.evil/x', want: 'https://git.example.evil/x', login: false },
    { url: 'git@git.example:org/x', want: 'ssh://git@git.example/org/x', login: false },
    { url: 'ssh://git@other/x', want: 'ssh://git@other/x', login: false },
  ];
  for (const { url, want, login } of cases) {
    test(`${url}: ${login ? 'with' : 'without'} the login`, () => {
      const remote = toSubmoduleRemote(parent, { path: 'lib', url });

      assert.equal(remote.url, want);
      assert.equal(remote.credentials?.login !== undefined, login);
      assert.equal(remote.credentials?.clientCertificate !== undefined, login);
      assert.equal(remote.credentials?.ca, 'authority');
    });
  }

  test('an SSH login goes along to the same host', () => {
    const login = { kind: 'ssh' as const, identity: new Secret('k'), passphrase: undefined, knownHosts: '' };
    const overSsh = { url: 'ssh://git@git.example/org/app', timeoutMs: 1, credentials: { login } };

    assert.equal(toSubmoduleRemote(overSsh, { path: 'l', url: '../lib' }).url, 'ssh://git@git.example/org/lib');
    assert.equal(toSubmoduleRemote(overSsh, { path: 'l', url: 'git.example:x' }).credentials?.login, login);
    assert.equal(toSubmoduleRemote(overSsh, { path: 'l', url: 'ssh://h/x' }).credentials?.login, undefined);
  });
});

describe('a URL that may be anything else than an address is refused', () => {
  const urls = [
    'file:///etc/passwd',
    '/etc/passwd',
    'ext::sh -c id',
    'ext::sh%20-c%20id',
    '-oProxyCommand=id',
    'ssh://-oProxyCommand=id/x',
    'ssh://-oProxyCommand/x',
    'ssh://git:secret@host/x',
    '-u:x',
    'git://host/x',
    'https://user:password@host/x',
    'https:///',
    '../../../x',
    '../../..',
    '../..',
    'https://host/\nx',
    `https://host/${'x'.repeat(3_000)}`,
  ];
  for (const url of urls) {
    test(JSON.stringify(url.slice(0, 40)), () => {
      assert.throws(() => toSubmoduleRemote(parent, { path: 'lib', url }), { code: 'GIT_SUBMODULE_INVALID' });
    });
  }
});
