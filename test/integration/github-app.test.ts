import assert from 'node:assert/strict';
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createGitHubAppTokens, type GitHubAppInstallation } from '../../src/credentials/github-app.ts';
import { HawserError } from '../../src/errors/hawser-error.ts';
import { Secret } from '../../src/errors/secret.ts';

const HOUR_MS = 3_600_000;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const APP: GitHubAppInstallation = { appId: '7', installationId: '42', privateKey: new Secret(PEM) };

/** GitHub's side: takes what is signed by App 7, for at most ten minutes, and gives out a new token each time. */
async function start(t: TestContext) {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const requests: string[] = [];
  let broken = false;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(`${request.method} ${path}`);
    const [status, body] = broken ? [502, {}] : answer(path, request.headers.authorization ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const answer = (path: string, authorization: string): [number, object] => {
    const [head, claims, signature] = authorization.replace('Bearer ', '').split('.');
    const isSigned = createVerify('RSA-SHA256')
      .update(`${head}.${claims}`)
      .verify(publicKey, signature ?? '', 'base64url');
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString('utf8'));
    const isTimely = iat * 1_000 <= now && exp * 1_000 > now && exp - iat <= 600;
    if (!isSigned || !isTimely || iss !== '7') return [401, { message: 'A JSON web token could not be decoded' }];
    if (path === '/users/jane/installation') return [200, { id: 42 }];
    if (path !== '/app/installations/42/access_tokens') return [404, { message: 'Not Found' }];
    return [201, { token: `ghs_token${requests.length}`, expires_at: new Date(now + HOUR_MS).toISOString() }];
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const tokens = createGitHubAppTokens({
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    now: () => now,
    fetchVia: () => fetch,
  });
  const ask = async (app: Partial<GitHubAppInstallation> = {}) => (await tokens.token({ ...APP, ...app })).reveal();
  const pass = (ms: number) => {
    now += ms;
  };
  const breakDown = () => {
    broken = true;
  };
  return { ask, requests, pass, breakDown };
}

test('a token of an installation is asked for once, whoever asks, until five minutes before its end', async (t) => {
  const { ask, requests, pass } = await start(t);

  const [first, second] = await Promise.all([ask(), ask()]);
  pass(54 * 60_000);
  const third = await ask();

  assert.deepEqual([first, second, third], ['ghs_token1', 'ghs_token1', 'ghs_token1']);
  assert.deepEqual(requests, ['POST /app/installations/42/access_tokens']);
  pass(2 * 60_000);
  assert.equal(await ask(), 'ghs_token2');
});

test('an installation is found by the user who installed it', async (t) => {
  const { ask, requests } = await start(t);

  await ask({ installationId: undefined, installationOwner: 'jane' });

  assert.deepEqual(requests, [
    'GET /orgs/jane/installation',
    'GET /users/jane/installation',
    'POST /app/installations/42/access_tokens',
  ]);
});

test('who knows the ids of an App but not its key gets none of its tokens', async (t) => {
  const { ask } = await start(t);
  await ask();
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });

  await assert.rejects(ask({ privateKey: new Secret(other.toString()) }), { code: 'CREDENTIALS_UNSUPPORTED' });
});

const REFUSALS: readonly [name: string, app: Partial<GitHubAppInstallation>, says: RegExp][] = [
  ['an unknown installation', { installationId: '43' }, /App 7, installation 43.*correct githubAppID/],
  ['what is no key', { privateKey: new Secret('not-a-key-at-all') }, /is not an RSA key in PEM form/],
];

for (const [name, app, says] of REFUSALS) {
  test(`${name} is an error that says what to correct, and quotes no key`, async (t) => {
    const { ask } = await start(t);

    const error = await ask(app).catch((thrown: unknown) => thrown);

    assert.ok(error instanceof HawserError && error.code === 'CREDENTIALS_UNSUPPORTED');
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /not-a-key-at-all|BEGIN/);
  });
}

test('a GitHub that is away is asked again the next time', async (t) => {
  const { ask, breakDown } = await start(t);
  breakDown();

  await assert.rejects(ask(), { code: 'CREDENTIALS_UNAVAILABLE' });
});
