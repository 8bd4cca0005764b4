import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createCredentials } from '../../../src/credentials/git-credentials.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';

type Data = Readonly<Record<string, string>>;

function encode(data: Data): Data {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}

const BASIC = { username: 'octo', password: 'correct horse' };
const ONLY = 'supported are the keys username and password';
const REFUSED = "failed to configure authentication options: secret 'default/git':";

const CASES: readonly { name: string; given: Data | undefined; want: string }[] = [
  { name: 'username and password', given: encode(BASIC), want: 'octo:correct horse' },
  { name: 'characters beyond ASCII', given: encode({ ...BASIC, password: 'pässwörd' }), want: 'octo:pässwörd' },
  { name: 'a key that means nothing', given: encode({ ...BASIC, note: 'x' }), want: 'octo:correct horse' },
  { name: 'no such Secret', given: undefined, want: `failed to get secret 'default/git': secrets "git" not found` },
  { name: 'an empty Secret', given: {}, want: `${REFUSED} the key 'username' is missing or empty; ${ONLY}` },
  {
    name: 'no password',
    given: encode({ username: 'octo' }),
    want: `${REFUSED} the key 'password' is missing or empty; ${ONLY}`,
  },
  {
    name: 'a password with a line break',
    given: encode({ ...BASIC, password: 'correct horse\n' }),
    want: `${REFUSED} the value of 'password' holds a line break (was it encoded by echo without -n?); ${ONLY}`,
  },
  {
    name: 'a bearer token',
    given: encode({ bearerToken: 'x' }),
    want: `${REFUSED} the key 'bearerToken' (a bearer token) is not supported; ${ONLY}`,
  },
  {
    name: 'an SSH key with its passphrase',
    given: encode({ identity: 'x', known_hosts: 'y', password: 'z' }),
    want: `${REFUSED} the key 'identity' (an SSH key) is not supported; ${ONLY}`,
  },
  {
    name: 'a GitHub App',
    given: encode({ githubAppID: '1' }),
    want: `${REFUSED} the key 'githubAppID' (a GitHub App) is not supported; ${ONLY}`,
  },
  {
    name: 'a client certificate beside a password',
    given: encode({ ...BASIC, 'tls.crt': 'x', 'tls.key': 'y' }),
    want: `${REFUSED} the key 'tls.crt' (a client certificate) is not supported; ${ONLY}`,
  },
];

for (const { name, given, want } of CASES) {
  test(`credentials from a Secret with ${name}`, async () => {
    const credentials = createCredentials({ readSecret: async () => given });

    const text = await credentials.forGitRepository({ namespace: 'default', secretRef: { name: 'git' } }).then(
      (found) => `${found?.username}:${found?.password.reveal()}`,
      (error) => (error instanceof HawserError && error.reason === 'AuthenticationFailed' ? error.message : error),
    );

    assert.equal(text, want);
  });
}

test('a source without secretRef is read anonymously, and no Secret is looked up', async () => {
  const credentials = createCredentials({ readSecret: () => assert.fail('looked up') });

  assert.equal(await credentials.forGitRepository({ namespace: 'default' }), undefined);
});

test('a Secret is looked up in the namespace of its source, anew each time', async () => {
  const passwords = ['before rotation', 'after rotation'];
  const readSecret = async (namespace: string, name: string) =>
    namespace === 'team' && name === 'git' ? encode({ ...BASIC, password: passwords.shift() ?? '' }) : undefined;
  const credentials = createCredentials({ readSecret });
  const owner = { namespace: 'team', secretRef: { name: 'git' } };

  assert.equal((await credentials.forGitRepository(owner))?.password.reveal(), 'before rotation');
  assert.equal((await credentials.forGitRepository(owner))?.password.reveal(), 'after rotation');
});

test('when Secrets cannot be read, the error says which and why, and asks for a retry', async () => {
  const credentials = createCredentials({ readSecret: () => Promise.reject(new Error('secrets is forbidden')) });

  await assert.rejects(credentials.forGitRepository({ namespace: 'default', secretRef: { name: 'git' } }), {
    code: 'CREDENTIALS_UNAVAILABLE',
    disposition: 'retry',
    message: "failed to get secret 'default/git': secrets is forbidden",
  });
});

test('credentials print without their password', async () => {
  const credentials = createCredentials({ readSecret: async () => encode(BASIC) });

  const found = await credentials.forGitRepository({ namespace: 'default', secretRef: { name: 'git' } });

  assert.doesNotMatch(inspect(found, { depth: 5 }) + JSON.stringify(found) + String(found?.password), /correct horse/);
});
