import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GitCredentials } from '../../src/credentials/git-credentials.ts';
import { Secret } from '../../src/errors/secret.ts';
import type { GitRemote } from '../../src/git/git-remote.ts';
import { type GitBench, startGitBench } from '../support/start-git-client.ts';

const never = new AbortController().signal;
const MAIN = 'refs/heads/main';

const login = (password: string): GitCredentials => ({
  login: { kind: 'basic', username: 'u', password: new Secret(password) },
});

/** A bench whose repository has two branches and a tag. */
async function startBench(t: Parameters<typeof startGitBench>[0]): Promise<GitBench & { patient: GitRemote }> {
  const bench = await startGitBench(t);
  await bench.repository.commitAndPush({ a: '1' });
  await bench.repository.tag('v1.0.0');
  await bench.repository.branch('main2');
  await bench.repository.commitAndPush({ a: '2' });
  return { ...bench, patient: { ...bench.remote, patienceMs: 200 } };
}

const namesOf = (refs: readonly { name: string }[]) => refs.map(({ name }) => name).sort();

test('polls of one remote that come together are answered by one request, each with its own refs', async (t) => {
  const { client, server, patient } = await startBench(t);

  const answers = await Promise.all([
    client.listRefs(patient, [MAIN], never),
    client.listRefs({ ...patient, timeoutMs: 10_000 }, [MAIN], never),
    client.listRefs({ ...patient, url: `${patient.url}/` }, ['refs/tags/'], never),
    client.listRefs({ ...patient, patienceMs: 60_000 }, ['refs/heads/gone'], never),
  ]);

  assert.deepEqual(answers.map(namesOf), [
    [MAIN, 'refs/heads/main2'],
    [MAIN, 'refs/heads/main2'],
    ['refs/tags/v1.0.0'],
    [],
  ]);
  assert.deepEqual(
    server.requests.map(({ service, prefixes }) => ({ service, prefixes })),
    [{ service: 'ls-refs', prefixes: [MAIN, 'refs/tags/', 'refs/heads/gone'] }],
  );
});

test('polls are not shared between remotes that are reached in other ways', async (t) => {
  const { client, server, patient } = await startBench(t);
  server.set({ auth: { username: 'u', password: 'right' } });
  const remotes: readonly GitRemote[] = [
    { ...patient, credentials: login('right') },
    { ...patient, credentials: login('wrong') },
    { ...patient, credentials: { ...login('right'), ca: 'another authority' } },
    patient,
  ];

  const answers = await Promise.allSettled(remotes.map((remote) => client.listRefs(remote, [MAIN], never)));

  assert.deepEqual(
    answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.length : answer.reason.code)),
    [2, 'GIT_AUTHENTICATION_FAILED', 2, 'GIT_AUTHENTICATION_FAILED'],
  );
  assert.equal(server.requests.filter(({ service }) => service === 'ls-refs').length, 4);
});

test('an urgent ask does not wait for polls, nor do they take its answer', async (t) => {
  const { client, server, patient, remote, repository } = await startBench(t);
  const poll = client.listRefs({ ...patient, patienceMs: 2_000 }, ['refs/heads/main2'], never);
  const before = await repository.head();

  const urgent = await client.listRefs(remote, ['refs/heads/main2'], never);
  assert.equal(server.requests.length, 1);
  const after = await repository.commitAndPush({ a: '3' });

  assert.equal(urgent[0]?.sha, before);
  assert.equal((await poll)[0]?.sha, after);
});

test('a poll that comes while another is on its way gets an answer of its own', async (t) => {
  const { client, server, patient, repository } = await startBench(t);
  server.set({ delayMs: 300 });
  const first = client.listRefs({ ...patient, patienceMs: 0 }, ['refs/heads/main2'], never);
  while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));

  const second = client.listRefs({ ...patient, patienceMs: 0 }, ['refs/heads/main2'], never);
  await Promise.all([first, second]);

  assert.equal(server.requests.length, 2);
  assert.equal((await second)[0]?.sha, await repository.head());
});

test('a poll that is given up does not disturb those that share its request', async (t) => {
  const { client, patient } = await startBench(t);
  const given = new AbortController();
  const first = client.listRefs(patient, [MAIN], given.signal);
  const second = client.listRefs(patient, ['refs/tags/'], never);

  given.abort(new Error('the process stops'));

  await assert.rejects(first, { message: 'the process stops' });
  assert.deepEqual(namesOf(await second), ['refs/tags/v1.0.0']);
});

test('a server that asks to wait gets no polls and no fetches until then, but one try for each push', async (t) => {
  const { client, server, patient, remote, repository, ensure } = await startBench(t);
  const sha = await repository.head();
  server.set({ refuse: 'http-429', retryAfter: '3600' });
  await assert.rejects(client.listRefs(patient, [MAIN], never), { code: 'GIT_RATE_LIMITED' });
  const until = /until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;

  await assert.rejects(client.listRefs(patient, [MAIN], never), { code: 'GIT_RATE_LIMITED', message: until });
  await assert.rejects(ensure(sha), { code: 'GIT_RATE_LIMITED', message: until });
  assert.equal(server.requests.length, 1);
  await assert.rejects(client.listRefs(remote, [MAIN], never), { code: 'GIT_RATE_LIMITED' });
  assert.equal(server.requests.length, 2);

  await t.test('others who reach it in another way are not held up', async () => {
    server.set({ refuse: undefined });

    const refs = await client.listRefs({ ...patient, credentials: login('x') }, [MAIN], never);

    assert.equal(refs.length, 2);
    await assert.rejects(client.listRefs(patient, [MAIN], never), { code: 'GIT_RATE_LIMITED' });
  });

  await t.test('a push that is answered ends the pause', async () => {
    await client.listRefs(remote, [MAIN], never);

    assert.equal((await client.listRefs(patient, [MAIN], never)).length, 2);
    await ensure(sha);
  });
});

test('a server is asked again once the time that it named is over', async (t) => {
  const { client, server, patient } = await startBench(t);
  server.set({ refuse: 'http-429', retryAfter: '1' });
  const refused = await client.listRefs(patient, [MAIN], never).catch((error: { retryAt: Date }) => error);
  assert.ok('retryAt' in refused);
  server.set({ refuse: undefined });
  t.mock.timers.enable({ apis: ['Date'], now: refused.retryAt });

  const refs = await client.listRefs(patient, [MAIN], never);

  assert.equal(refs.length, 2);
});
