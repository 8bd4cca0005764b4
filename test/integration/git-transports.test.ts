import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { GitCredentials } from '../../src/credentials/git-credentials.ts';
import { Secret } from '../../src/errors/secret.ts';
import { type Certificates, makeCertificates } from '../support/make-certificates.ts';
import { makeRepository } from '../support/make-repository.ts';
import { type ForwardProxy, startForwardProxy, startSocksProxy } from '../support/start-forward-proxy.ts';
import { type GitBench, SOURCE_UID, startGitBench } from '../support/start-git-client.ts';

const never = new AbortController().signal;
const MAIN = ['refs/heads/main'];
const BASIC = { kind: 'basic' as const, username: 'git', password: new Secret('correct-horse') };

let made: Promise<Certificates> | undefined;
const certificates = () => (made ??= makeCertificates());

/** A server that speaks HTTPS with a certificate of an authority of its own, and a commit to be asked for. */
async function startSecureBench(t: TestContext, { demandsCertificate = false } = {}) {
  const { ca, server, client } = await certificates();
  const bench = await startGitBench(t, { tls: { ...server, ...(demandsCertificate && { clientCa: ca }) } });
  const sha = await bench.repository.commitAndPush({ a: '1' });
  const clientCertificate = { certificate: client.cert, key: new Secret(client.key) };
  return { bench, sha, ca, clientCertificate };
}

/** What the remote says its branch names, reached so. */
async function tip(bench: GitBench, credentials: GitCredentials | undefined): Promise<string | undefined> {
  return (await bench.client.listRefs({ ...bench.remote, credentials }, MAIN, never))[0]?.sha;
}

async function started(t: TestContext, proxy: Promise<ForwardProxy>): Promise<ForwardProxy> {
  const running = await proxy;
  t.after(() => running.stop());
  return running;
}

test('an authority of its own is trusted by the source that names it, and by no other', async (t) => {
  const { bench, sha, ca } = await startSecureBench(t);

  await bench.client.ensure({ sourceUid: SOURCE_UID, remote: { ...bench.remote, credentials: { ca } }, sha }, never);

  assert.equal(await bench.readFile(sha, 'a'), '1');
  await assert.rejects(tip(bench, undefined), {
    code: 'GIT_UNREACHABLE',
    message:
      /^unable to clone '.*': tls: failed to verify certificate: .*; put the authority's certificate into ca\.crt/,
  });
});

test('a server that demands a client certificate gets the one of the source that has it', async (t) => {
  const { bench, sha, ca, clientCertificate } = await startSecureBench(t, { demandsCertificate: true });

  assert.equal(await tip(bench, { ca, clientCertificate }), sha);
  await assert.rejects(tip(bench, { ca }), { code: 'GIT_UNREACHABLE', message: /unable to clone/ });
});

const LOGINS = [
  {
    name: 'a bearer token',
    switches: { bearer: 'ey.x.y' },
    login: { kind: 'bearer' as const, token: new Secret('ey.x.y') },
    wrong: { kind: 'bearer' as const, token: new Secret('ey.x.z') },
    wayOut: /correct bearerToken in the Secret that spec\.secretRef names$/,
  },
  {
    name: "a GitHub App's token",
    switches: { auth: { username: 'x-access-token', password: 'ghs_1' } },
    login: { kind: 'github-app' as const, token: new Secret('ghs_1') },
    wrong: { kind: 'github-app' as const, token: new Secret('ghs_2') },
    wayOut: /let the installation of the GitHub App read the repository$/,
  },
  {
    name: 'a token of an identity in Azure',
    switches: { bearer: 'ey.x.y' },
    login: { kind: 'azure' as const, token: new Secret('ey.x.y') },
    wrong: { kind: 'azure' as const, token: new Secret('ey.x.z') },
    wayOut: /let the identity .* join the organisation .* and read the repository$/,
  },
  {
    name: 'a signature by a role of AWS',
    switches: { auth: { username: 'ASIA%session', password: '20260101T000000Zabc' } },
    login: { kind: 'aws' as const, token: new Secret('ASIA%session:20260101T000000Zabc') },
    wrong: { kind: 'aws' as const, token: new Secret('ASIA%session:20260101T000000Zabd') },
    wayOut: /permit the role of the service account codecommit:GitPull on the repository$/,
  },
];

for (const { name, switches, login, wrong, wayOut } of LOGINS) {
  test(`${name} lets in, and a wrong one is an error that says what to correct`, async (t) => {
    const bench = await startGitBench(t);
    const sha = await bench.repository.commitAndPush({ a: '1' });
    bench.server.set(switches);

    assert.equal(await tip(bench, { login }), sha);
    await assert.rejects(tip(bench, { login: wrong }), { code: 'GIT_AUTHENTICATION_FAILED', message: wayOut });
  });
}

const PROXY_LOGIN = { username: 'porter', password: 'let-me-out' };
const PROXIES = [
  { name: 'an HTTP proxy', start: () => startForwardProxy(PROXY_LOGIN) },
  { name: 'a SOCKS5 proxy', start: () => startSocksProxy(PROXY_LOGIN) },
];

for (const { name, start } of PROXIES) {
  test(`${name} with a login leads to HTTPS, and sees neither URL nor login of the repository`, async (t) => {
    const { bench, sha, ca } = await startSecureBench(t);
    bench.server.set({ auth: { username: 'git', password: 'correct-horse' } });
    const { url, requests } = await started(t, start());
    const password = new Secret(PROXY_LOGIN.password);

    const found = await tip(bench, { ca, login: BASIC, proxy: { url, username: PROXY_LOGIN.username, password } });

    assert.equal(found, sha);
    assert.deepEqual(
      requests.map(({ line, headers }) => [line, headers.authorization]),
      [[`CONNECT ${new URL(bench.server.url).host}`, undefined]],
    );
  });

  test(`${name} with a login leads to HTTP`, async (t) => {
    const bench = await startGitBench(t);
    const sha = await bench.repository.commitAndPush({ a: '1' });
    const { url, requests } = await started(t, start());
    const password = new Secret(PROXY_LOGIN.password);
    const remote = { ...bench.remote, credentials: { proxy: { url, username: PROXY_LOGIN.username, password } } };

    await bench.client.ensure({ sourceUid: SOURCE_UID, remote, sha }, never);

    assert.equal(await bench.readFile(sha, 'a'), '1');
    assert.equal(requests.length, 1);
  });

  test(`${name} that refuses the login is named as the one who does`, async (t) => {
    const { bench, ca } = await startSecureBench(t);
    const { url } = await started(t, start());
    const proxy = { url, username: PROXY_LOGIN.username, password: new Secret('let-me-in') };

    await assert.rejects(tip(bench, { ca, proxy }), { code: 'GIT_UNREACHABLE', message: /[Pp]roxy/ });
    assert.equal(bench.server.requests.length, 0);
  });
}

test('a proxy that is away is an error, and the server is not reached around it', async (t) => {
  const bench = await startGitBench(t);

  for (const url of ['http://127.0.0.1:1', 'socks5://127.0.0.1:1']) {
    await assert.rejects(tip(bench, { proxy: { url } }), { code: 'GIT_UNREACHABLE', message: /ECONNREFUSED/ });
  }
  assert.equal(bench.server.requests.length, 0);
});

test('what a server says to one source, through its proxy, does not lead another source astray', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  const { url } = await started(t, startForwardProxy());
  const evil = await makeRepository(bench.server, 'acme/evil');
  const evilSha = await evil.commitAndPush({ a: 'evil' });
  bench.server.set({ redirectTo: evil.url }, 'acme/app');
  assert.equal(await tip(bench, { proxy: { url } }), evilSha);
  bench.server.set({ redirectTo: undefined }, 'acme/app');

  assert.equal(await tip(bench, undefined), sha);
  assert.equal(bench.server.requests.at(-1)?.path, '/acme/app.git/git-upload-pack');
});
