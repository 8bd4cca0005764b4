import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Secret } from '../../src/errors/secret.ts';
import { makeRepository } from '../support/make-repository.ts';
import { SOURCE_UID, startGitBench } from '../support/start-git-client.ts';

const never = new AbortController().signal;

test('a server that knows only protocol v1 is asked what it speaks once', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ protocol: 'v1' });
  const first = await bench.repository.commitAndPush({ a: '1', b: 'b' });
  await bench.repository.tag('v1');
  const tag = await bench.repository.git('rev-parse', 'v1');

  const refs = await bench.client.listRefs(bench.remote, ['refs/heads/', 'refs/tags/'], never);
  await bench.ensure(first);
  const second = await bench.repository.commitAndPush({ a: '2' });
  await bench.ensure(second);

  assert.deepEqual(refs, [
    { name: 'refs/heads/main', sha: first },
    { name: 'refs/tags/v1', sha: tag, peeled: first },
  ]);
  assert.equal(await bench.readFile(second, 'a'), '2');
  assert.equal(await bench.readFile(second, 'b'), 'b');
  assert.equal(bench.countRequests('ls-refs') + bench.countRequests('fetch'), 1);
  assert.equal(bench.countRequests('upload-pack'), 2);
  assert.deepEqual(
    bench.events.flatMap((event) => (event.kind === 'remote-classified' ? [event.protocol] : [])),
    ['v1'],
  );
});

test('an unknown commit is told from a failure also over protocol v1', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ protocol: 'v1' });
  await bench.repository.commitAndPush({ a: '1' });

  await assert.rejects(bench.ensure('f'.repeat(40)), { code: 'GIT_COMMIT_NOT_FOUND' });
});

test('an empty repository is found empty also over protocol v1, and served once it has a commit', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ protocol: 'v1' });
  const absence = await bench.client.explainAbsence(bench.remote, 'refs/heads/main', never);
  const early = bench.ensure('f'.repeat(40));

  assert.equal(absence.code, 'GIT_EMPTY_REPOSITORY');
  await assert.rejects(early, { code: 'GIT_EMPTY_REPOSITORY' });
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.ensure(sha);
  assert.equal(await bench.readFile(sha, 'a'), '1');
  assert.deepEqual(
    bench.events.flatMap((event) => (event.kind === 'remote-classified' ? [event.protocol] : [])),
    ['v1'],
  );
});

test('a server that demands multi_ack is spoken to by isomorphic-git, and remembered', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ protocol: 'v1', demandMultiAck: true });
  const first = await bench.repository.commitAndPush({ a: '1' });
  await bench.ensure(first);
  const second = await bench.repository.commitAndPush({ a: '2' });

  await bench.ensure(second);

  assert.equal(await bench.readFile(second, 'a'), '2');
  assert.deepEqual(
    bench.events.flatMap((event) => (event.kind === 'remote-classified' ? [event.protocol] : [])),
    ['v1', 'isomorphic-git'],
  );
  assert.equal(bench.countRequests('upload-pack'), 3);
});

test('a server that learns protocol v2 is found out when it is next asked for its refs', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ protocol: 'v1' });
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.client.listRefs(bench.remote, ['refs/heads/main'], never);

  bench.server.set({ protocol: 'v2' });

  for (let n = 0; n < 2; n++) {
    assert.deepEqual(await bench.client.listRefs(bench.remote, ['refs/heads/main'], never), [
      { name: 'refs/heads/main', sha },
    ]);
  }
  assert.equal(bench.server.requests.at(-1)?.service, 'ls-refs');
  assert.equal(bench.server.requests.at(-2)?.service, 'ls-refs');
});

test('a redirect on the same origin is followed once and remembered', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  bench.server.set({ redirectTo: bench.repository.url }, 'old/name');
  const remote = { ...bench.remote, url: bench.server.repositoryUrl('old/name') };

  const refs = await bench.client.listRefs(remote, ['refs/heads/main'], never);
  await bench.client.ensure({ sourceUid: SOURCE_UID, remote, sha }, never);

  assert.equal(refs[0]?.sha, sha);
  assert.equal(await bench.readFile(sha, 'a'), '1');
  assert.equal(bench.server.requests.filter(({ path }) => path.startsWith('/old/name')).length, 2);
});

test('a redirect to another origin is refused, and the credentials do not get there', async (t) => {
  const bench = await startGitBench(t);
  const seen: (string | undefined)[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  t.after(() => elsewhere.close());
  const target = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/app.git`;
  bench.server.set({ redirectTo: target });
  const credentials = { login: { kind: 'basic' as const, username: 'git', password: new Secret('correct-horse') } };

  await assert.rejects(bench.client.listRefs({ ...bench.remote, credentials }, [], never), {
    code: 'GIT_PROTOCOL_UNSUPPORTED',
    message: new RegExp(`redirects to '${target}'.*set spec.url`),
  });
  assert.deepEqual(seen, []);
});

test('redirects in a circle end', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ redirectTo: bench.repository.url });

  await assert.rejects(bench.client.listRefs(bench.remote, [], never), { code: 'GIT_PROTOCOL_UNSUPPORTED' });
});

test('dumb HTTP and SHA-256 repositories are named as what they are', async (t) => {
  const bench = await startGitBench(t);
  await bench.repository.commitAndPush({ a: '1' });
  await bench.repository.git('--git-dir', bench.repository.path, 'update-server-info');
  const sha256 = await makeRepository(bench.server, 'acme/sha256', { objectFormat: 'sha256' });
  await sha256.commitAndPush({ a: '1' });
  bench.server.set({ protocol: 'dumb' }, 'acme/app');

  await assert.rejects(bench.client.listRefs(bench.remote, [], never), {
    code: 'GIT_PROTOCOL_UNSUPPORTED',
    message: /dumb HTTP/,
  });
  const signal = never;
  await assert.rejects(
    bench.client.ensure({ sourceUid: 'x', remote: { ...bench.remote, url: sha256.url }, sha: 'a'.repeat(40) }, signal),
    { code: 'GIT_PROTOCOL_UNSUPPORTED', message: /SHA-256/ },
  );
});

const FAILURES = [
  {
    name: 'an error of the server',
    switches: { refuse: 'http-500' },
    code: 'GIT_UNREACHABLE',
    message: /HTTP 500\): out of order$/,
  },
  {
    name: 'an answer without content',
    switches: { refuse: 'empty-200' },
    code: 'GIT_RESPONSE_INVALID',
    message: /did not answer$/,
  },
  {
    name: 'a connection cut before the answer',
    switches: { cut: 'headers' },
    code: 'GIT_UNREACHABLE',
    message: /connection was closed$/,
  },
  {
    name: 'a connection cut in the middle',
    switches: { cut: 'body' },
    code: 'GIT_UNREACHABLE',
    message: /connection was closed/,
  },
  {
    name: 'half an answer that ends cleanly',
    switches: { cut: 'short' },
    code: 'GIT_RESPONSE_INVALID',
    message: /cut short/,
  },
] as const;

for (const { name, switches, code, message } of FAILURES) {
  test(`a fetch that meets ${name} says so, stores nothing, and works afterwards`, async (t) => {
    const bench = await startGitBench(t);
    const sha = await bench.repository.commitAndPush({ a: '1' });
    bench.server.set(switches);

    await assert.rejects(bench.ensure(sha), (error: Error & { code?: string; disposition?: string }) => {
      assert.deepEqual([error.code, error.disposition], [code, 'retry']);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`unable to clone '${bench.remote.url}': `));
      return true;
    });
    assert.equal(await bench.client.has(SOURCE_UID, sha), false);

    bench.server.set({ refuse: undefined, cut: undefined });
    await bench.ensure(sha);
    assert.equal(await bench.readFile(sha, 'a'), '1');
  });
}

test('a server that is overloaded is left alone for as long as it asks', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ refuse: 'http-429' });
  const before = Date.now();

  await assert.rejects(
    bench.client.listRefs(bench.remote, [], never),
    (error: Error & { code?: string; retryAt?: Date }) => {
      const pauseMs = (error.retryAt?.getTime() ?? 0) - before;
      return error.code === 'GIT_RATE_LIMITED' && pauseMs >= 7000;
    },
  );
});

test('a server that is not there is named with the cause', async (t) => {
  const bench = await startGitBench(t);

  await assert.rejects(bench.client.listRefs({ ...bench.remote, url: 'http://127.0.0.1:1/x.git' }, [], never), {
    code: 'GIT_UNREACHABLE',
    message: /^unable to clone 'http:\/\/127\.0\.0\.1:1\/x\.git': .*(ECONNREFUSED|refused)/,
  });
});

test('a server that does not answer is given up after the timeout of the source', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ delayMs: 60_000 });

  await assert.rejects(bench.client.listRefs({ ...bench.remote, timeoutMs: 50 }, [], never), {
    code: 'GIT_UNREACHABLE',
    message: /no answer within 50 ms$/,
  });
});

test('an abort ends a request with its own reason', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ delayMs: 60_000 });
  const abort = new AbortController();
  const listing = bench.client.listRefs(bench.remote, [], abort.signal);

  abort.abort(new Error('shutting down'));

  await assert.rejects(listing, { message: 'shutting down' });
});

for (const protocol of ['v1', 'v2'] as const) {
  test(`a list of refs is bounded in number and bytes, a pack is not, over protocol ${protocol}`, async (t) => {
    const few = await startGitBench(t, { limits: { refs: 2 } });
    const short = await startGitBench(t, { limits: { refBytes: 2_000 } });
    const list = (bench: typeof few, prefixes: string[]) => bench.client.listRefs(bench.remote, prefixes, never);
    for (const bench of [few, short]) bench.server.set({ protocol });
    const sha = await short.repository.commitAndPush({ a: randomBytes(5_000).toString('hex') });
    await few.repository.commitAndPush({ a: '1' });
    for (const tag of ['one', 'two', 'three']) await few.repository.tag(tag);

    assert.equal((await list(few, ['refs/heads/'])).length, 1);
    await assert.rejects(list(few, ['refs/tags/']), { code: 'GIT_LIMIT_EXCEEDED', message: /more than 2 refs/ });
    await short.ensure(sha);
    for (const letter of 'abcdefghij') await short.repository.tag(letter.repeat(180));
    await assert.rejects(list(short, []), { code: 'GIT_LIMIT_EXCEEDED', message: /larger than 2000 bytes/ });
  });
}

test('an answer larger than allowed is given up', async (t) => {
  const bench = await startGitBench(t, { limits: { responseBytes: 100 } });
  const sha = await bench.repository.commitAndPush({ a: '1', b: '2' });

  await assert.rejects(bench.ensure(sha), { code: 'GIT_LIMIT_EXCEEDED', message: /larger than 100 bytes/ });
});

test('a replica that lags behind is believed, and asked again by whoever knows better', async (t) => {
  const bench = await startGitBench(t);
  const first = await bench.repository.commitAndPush({ a: '1' });
  const second = await bench.repository.commitAndPush({ a: '2' });
  const tip = async () => (await bench.client.listRefs(bench.remote, ['refs/heads/main'], never))[0]?.sha;
  bench.server.set({ holdRef: { ref: 'refs/heads/main', sha: first } });

  const late = await tip();
  bench.server.set({ holdRef: undefined });

  assert.deepEqual([late, await tip()], [first, second]);
});

test('a kept-alive connection that the server has dropped meanwhile costs no error', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  const tip = async () => (await bench.client.listRefs(bench.remote, ['refs/heads/main'], never))[0]?.sha;
  await tip();
  bench.server.set({ cut: 'headers-once' });

  assert.equal(await tip(), sha);
  assert.equal(bench.countRequests('ls-refs'), 3);
});
