import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Secret } from '../../src/errors/secret.ts';
import type { GitRemote } from '../../src/git/git-remote.ts';
import type { GitLimits } from '../../src/git/limits.ts';
import { makeRepository } from '../support/make-repository.ts';
import { type GitBench, SOURCE_UID, startGitBench } from '../support/start-git-client.ts';
import { makeIdentity, type SshServer, startSshServer } from '../support/start-ssh-server.ts';

const never = new AbortController().signal;
const MAIN = ['refs/heads/main'];

interface SshBench {
  readonly bench: GitBench;
  readonly ssh: SshServer;
  /** Reaches the repository with the key that is let in. */
  readonly remote: GitRemote;
  /** The same remote, but for parts of its login. */
  with(login: { identity?: string; passphrase?: string; knownHosts?: string }): GitRemote;
  ensure(sha: string): Promise<void>;
}

type KeyOptions = NonNullable<Parameters<typeof makeIdentity>[0]>;

async function startSshBench(
  t: TestContext,
  options: { protocol?: 'v1' | 'v2'; key?: KeyOptions; limits?: Partial<GitLimits> } = {},
): Promise<SshBench> {
  const bench = await startGitBench(t, options.limits ? { limits: options.limits } : {});
  const { identity, publicKey } = await makeIdentity(options.key);
  const ssh = await startSshServer({
    publicKeys: [publicKey],
    ...(options.protocol && { protocol: options.protocol }),
  });
  t.after(() => ssh.stop());
  const usual = {
    identity,
    knownHosts: ssh.knownHosts,
    ...(options.key?.passphrase && { passphrase: options.key.passphrase }),
  };
  const reach = (login: { identity?: string; passphrase?: string; knownHosts?: string }): GitRemote => {
    const { identity: key, knownHosts, passphrase } = { ...usual, ...login };
    const phrase = passphrase === undefined ? undefined : new Secret(passphrase);
    const credentials = { login: { kind: 'ssh' as const, identity: new Secret(key), knownHosts, passphrase: phrase } };
    return { url: ssh.urlOf(bench.repository.path), timeoutMs: 20_000, credentials };
  };
  const remote = reach({});
  return {
    ...{ bench, ssh, remote, with: reach },
    ensure: (sha) => bench.client.ensure({ sourceUid: SOURCE_UID, remote, sha }, never),
  };
}

for (const protocol of ['v2', 'v1'] as const) {
  test(`refs, a commit and what changed since are fetched over SSH in protocol ${protocol}`, async (t) => {
    const { bench, remote, ensure } = await startSshBench(t, { protocol });
    const first = await bench.repository.commitAndPush({ a: '1', b: 'b' });
    await bench.repository.tag('v1');
    const tag = await bench.repository.git('rev-parse', 'v1');

    const refs = await bench.client.listRefs(remote, ['refs/heads/', 'refs/tags/'], never);
    await ensure(first);
    const second = await bench.repository.commitAndPush({ a: '2' });
    await ensure(second);

    assert.deepEqual(refs, [
      { name: 'refs/heads/main', sha: first },
      { name: 'refs/tags/v1', sha: tag, peeled: first },
    ]);
    assert.deepEqual([await bench.readFile(second, 'a'), await bench.readFile(second, 'b')], ['2', 'b']);
    assert.equal(bench.server.requests.length, 0);
  });

  test(`an empty repository and an unknown commit are told from failures over SSH in protocol ${protocol}`, async (t) => {
    const { bench, remote, ensure } = await startSshBench(t, { protocol });

    assert.deepEqual(await bench.client.listRefs(remote, [], never), []);
    assert.equal((await bench.client.explainAbsence(remote, 'refs/heads/main', never)).code, 'GIT_EMPTY_REPOSITORY');
    await bench.repository.commitAndPush({ a: '1' });
    await assert.rejects(ensure('f'.repeat(40)), { code: 'GIT_COMMIT_NOT_FOUND' });
  });
}

const KEYS: readonly KeyOptions[] = [
  { type: 'ed25519', passphrase: `it's "$HOME" \\ sesame` },
  { type: 'ecdsa', passphrase: 'open sesame', format: 'PEM' },
  { type: 'rsa' },
];

for (const key of KEYS) {
  const protection = key.passphrase ? `protected by ${key.passphrase}` : 'unprotected';
  test(`an ${key.type} key in ${key.format ?? "OpenSSH's form"}, ${protection}, lets in`, async (t) => {
    const { bench, remote } = await startSshBench(t, { key });
    const sha = await bench.repository.commitAndPush({ a: '1' });

    assert.equal((await bench.client.listRefs(remote, MAIN, never))[0]?.sha, sha);
  });
}

test('a host whose key is not known is told nothing', async (t) => {
  const { bench, ssh, with: reach } = await startSshBench(t);
  const remote = reach({ knownHosts: 'other.example.com ssh-ed25519 AAAA\n' });

  await assert.rejects(bench.client.listRefs(remote, MAIN, never), {
    code: 'GIT_HOST_KEY_UNTRUSTED',
    message: `unable to clone '${remote.url}': ssh: handshake failed: knownhosts: key is unknown (host 127.0.0.1, port ${ssh.port}); if this is the right host, add its key to known_hosts in the Secret that spec.secretRef names`,
  });
});

test('a host that shows another key than the known one is told nothing, and its key is named', async (t) => {
  const { bench, ssh, with: reach } = await startSshBench(t);
  const { publicKey } = await makeIdentity();
  const remote = reach({ knownHosts: `[127.0.0.1]:${ssh.port} ${publicKey}` });

  await assert.rejects(bench.client.listRefs(remote, MAIN, never), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'GIT_HOST_KEY_UNTRUSTED');
    assert.ok(
      error.message.includes(
        `knownhosts: key mismatch (host 127.0.0.1, port ${ssh.port}, it shows ${ssh.fingerprint})`,
      ),
    );
    return true;
  });
});

test('hashed known hosts are understood', async (t) => {
  const { bench, remote, ssh, with: reach } = await startSshBench(t);
  const { createHmac } = await import('node:crypto');
  const salt = Buffer.alloc(20, 7);
  const [name = '', ...key] = ssh.knownHosts.split(' ');
  const hash = createHmac('sha1', salt).update(name).digest('base64');

  const hashed = reach({ knownHosts: `|1|${salt.toString('base64')}|${hash} ${key.join(' ')}` });

  assert.deepEqual(await bench.client.listRefs(hashed, MAIN, never), await bench.client.listRefs(remote, MAIN, never));
});

test('a key that is not let in, or that its passphrase does not open, is an error that says what to correct', async (t) => {
  const { bench, with: reach } = await startSshBench(t, { key: { passphrase: 'open sesame' } });
  const { identity } = await makeIdentity();
  const wayOut =
    'let the public key of identity read the repository, or correct identity and password in the Secret that spec.secretRef names';

  for (const login of [{ identity }, { passphrase: 'open barley' }]) {
    await assert.rejects(bench.client.listRefs(reach(login), MAIN, never), {
      code: 'GIT_AUTHENTICATION_FAILED',
      message: `unable to clone '${reach({}).url}': ssh: handshake failed: ssh: unable to authenticate; ${wayOut}`,
    });
  }
});

test('a damaged key is named as what it is', async (t) => {
  const { bench, with: reach } = await startSshBench(t);
  const identity = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n';

  await assert.rejects(bench.client.listRefs(reach({ identity }), MAIN, never), {
    code: 'GIT_AUTHENTICATION_FAILED',
    message: /'identity' is a private key that cannot be read/,
  });
});

test('a repository that is not there, and one with SHA-256 ids, are named as what they are', async (t) => {
  const { bench, remote, ssh } = await startSshBench(t);
  const sha256 = await makeRepository(bench.server, 'acme/sha256', { objectFormat: 'sha256' });
  await sha256.commitAndPush({ a: '1' });

  await assert.rejects(bench.client.listRefs({ ...remote, url: ssh.urlOf('/no/such.git') }, MAIN, never), {
    code: 'GIT_REPOSITORY_NOT_FOUND',
    message: /^unable to clone 'ssh:.*\/no\/such\.git': repository not found: .*; correct spec\.url/,
  });
  await assert.rejects(bench.client.listRefs({ ...remote, url: ssh.urlOf(sha256.path) }, MAIN, never), {
    code: 'GIT_PROTOCOL_UNSUPPORTED',
    message: /SHA-256/,
  });
});

test('a path means itself to the shell on the other side, whatever it holds', async (t) => {
  const { bench, remote, ssh } = await startSshBench(t);
  const odd = await makeRepository(bench.server, `it's; touch gone! $(id) & co`);
  const sha = await odd.commitAndPush({ a: '1' });
  const url = ssh.urlOf(odd.path.split('/').map(encodeURIComponent).join('/'));

  assert.equal((await bench.client.listRefs({ ...remote, url }, MAIN, never))[0]?.sha, sha);
});

test('an answer over SSH that is larger than allowed is given up, and so is an introduction', async (t) => {
  for (const limits of [{ responseBytes: 500 }, { refBytes: 50 }]) {
    const { bench, ensure } = await startSshBench(t, { limits });
    const sha = await bench.repository.commitAndPush({ a: '1', b: randomBytes(2_000).toString('hex') });
    const [most] = Object.values(limits);

    await assert.rejects(ensure(sha), { code: 'GIT_LIMIT_EXCEEDED', message: new RegExp(`larger than ${most} bytes`) });
  }
});

/** Accepts connections and says nothing, or hangs up. */
async function startSilentServer(t: TestContext, { hangsUp = false } = {}) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.resume();
    if (hangsUp) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `ssh://git@127.0.0.1:${(server.address() as AddressInfo).port}/app.git`, sockets, server };
}

test('a server that hangs up, and one that is not there, are failures that are retried', async (t) => {
  const { bench, remote } = await startSshBench(t);
  const { url } = await startSilentServer(t, { hangsUp: true });

  for (const [address, message] of [
    [url, /ssh: the connection was closed$/],
    ['ssh://git@127.0.0.1:1/app.git', /ssh: connection refused$/],
  ] as const) {
    await assert.rejects(bench.client.listRefs({ ...remote, url: address }, MAIN, never), {
      code: 'GIT_UNREACHABLE',
      disposition: 'retry',
      message,
    });
  }
});

test('a server that says nothing is given up after the timeout of the source, and the connection ends', async (t) => {
  const { bench, remote } = await startSshBench(t);
  const { url, server } = await startSilentServer(t);
  const connected = new Promise<net.Socket>((resolve) => server.once('connection', resolve));

  const listing = bench.client.listRefs({ ...remote, url, timeoutMs: 1_000 }, MAIN, never);
  const closed = connected.then((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));

  await assert.rejects(listing, { code: 'GIT_UNREACHABLE', message: /no answer within 1000 ms$/ });
  await closed;
});

test('an abort ends a talk over SSH with its own reason', async (t) => {
  const { bench, remote } = await startSshBench(t);
  const { url, server } = await startSilentServer(t);
  const connected = new Promise((resolve) => server.once('connection', resolve));
  const abort = new AbortController();
  const listing = bench.client.listRefs({ ...remote, url }, MAIN, abort.signal);
  listing.catch(() => undefined);
  await connected;

  abort.abort(new Error('shutting down'));

  await assert.rejects(listing, { message: 'shutting down' });
});

test('closing the client ends its talks over SSH', async (t) => {
  const { bench, remote } = await startSshBench(t);
  const { url, server } = await startSilentServer(t);
  const connected = new Promise((resolve) => server.once('connection', resolve));
  const listing = bench.client.listRefs({ ...remote, url }, MAIN, never);
  listing.catch(() => undefined);
  await connected;

  await bench.client.close();

  await assert.rejects(listing, { code: 'GIT_UNREACHABLE', message: /Hawser is stopping$/ });
});

test('no key is left on disk, neither by success, nor by failure, nor by a killed predecessor', async (t) => {
  const { bench, remote, with: reach } = await startSshBench(t);
  const directory = join(bench.dataDir, 'git/ssh');
  await mkdir(join(directory, 'talk-of-a-predecessor'), { recursive: true });

  await bench.client.listRefs(remote, MAIN, never);
  const afterSuccess = await readdir(directory);
  await assert.rejects(bench.client.listRefs(reach({ knownHosts: 'x' }), MAIN, never));
  await assert.rejects(bench.client.listRefs({ ...remote, timeoutMs: 1 }, MAIN, never));

  assert.deepEqual([afterSuccess, await readdir(directory)], [[], []]);
});

test('many sources on one host are served, if not all at once', async (t) => {
  const { bench, remote } = await startSshBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });

  const tips = await Promise.all(Array.from({ length: 20 }, () => bench.client.listRefs(remote, MAIN, never)));

  assert.deepEqual(new Set(tips.map(([ref]) => ref?.sha)), new Set([sha]));
});
