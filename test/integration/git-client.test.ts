import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/errors/secret.ts';
import { createIgnore } from '../../src/git/create-ignore.ts';
import { makeRepository } from '../support/make-repository.ts';
import { SOURCE_UID, startGitBench } from '../support/start-git-client.ts';

const never = new AbortController().signal;

test('a commit is fetched with one request, and its files read without a checkout', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush(
    { 'app.yaml': 'a: 1\n', 'bin/run': { content: '#!/bin/sh\n', mode: 0o755 }, link: { symlink: 'bin/run' } },
    'First\n\nBody',
  );

  await bench.ensure(sha);

  const commit = await bench.client.open(SOURCE_UID, sha);
  assert.equal(await bench.readFile(sha, 'app.yaml'), 'a: 1\n');
  assert.equal(await bench.readFile(sha, 'link'), '#!/bin/sh\n');
  assert.equal((await commit.tree.find('bin/run'))?.executable, true);
  assert.equal(commit.message, 'First\n\nBody\n');
  assert.equal(commit.author, 'Ada Author <ada@example.com>');
  assert.deepEqual(
    bench.server.requests.map(({ service }) => service),
    ['fetch'],
  );
});

test('the tip of a branch is one request, and refs that only share its prefix are told apart by name', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.repository.tag('v1');
  await bench.repository.branch('main2');
  await bench.repository.push();

  const refs = await bench.client.listRefs(bench.remote, ['refs/heads/main', 'refs/tags/v'], never);

  const tag = await bench.repository.git('rev-parse', 'v1');
  assert.deepEqual(refs, [
    { name: 'refs/heads/main', sha },
    { name: 'refs/heads/main2', sha },
    { name: 'refs/tags/v1', sha: tag, peeled: sha },
  ]);
  assert.equal(bench.server.requests.length, 1);
});

test('a push costs a few hundred bytes, also the hundredth, and after a jump of a hundred commits', async (t) => {
  const bench = await startGitBench(t);
  const files = Object.fromEntries(
    Array.from({ length: 200 }, (_, n) => [`apps/app-${n}/deploy.yaml`, `name: ${n}\n`]),
  );
  const first = await bench.repository.commitAndPush(files);
  await bench.ensure(first);
  const second = await bench.repository.commitAndPush({ 'apps/app-7/deploy.yaml': 'name: seven\n' });
  await bench.ensure(second);
  for (let n = 0; n < 100; n++) await bench.repository.commit({ 'apps/app-7/deploy.yaml': `name: ${n}\n` });
  await bench.repository.push();
  const last = await bench.repository.head();

  await bench.ensure(last);

  const [full = 0, ...incremental] = bench.events.map((event) => (event.kind === 'fetched' ? event.bytes : 0));
  assert.ok(full > 5000, `the first fetch has ${full} bytes`);
  assert.equal(incremental.length, 2);
  for (const bytes of incremental) assert.ok(bytes < 2000, `a push has ${bytes} bytes`);
  assert.equal(await bench.readFile(last, 'apps/app-7/deploy.yaml'), 'name: 99\n');
  assert.equal(await bench.readFile(first, 'apps/app-7/deploy.yaml'), 'name: 7\n');
  assert.equal(await bench.readFile(last, 'apps/app-8/deploy.yaml'), 'name: 8\n');
});

test('a rollback by force push, and a force push of unrelated history, give complete trees', async (t) => {
  const bench = await startGitBench(t);
  const old = await bench.repository.commitAndPush({ a: 'old', same: 'same' });
  const newer = await bench.repository.commitAndPush({ a: 'new', b: 'b' });
  await bench.ensure(newer);
  await bench.repository.resetHard(old);
  await bench.repository.push({ force: true });
  await bench.ensure(old);
  await bench.repository.orphan('other');
  const unrelated = await bench.repository.commit({ c: 'c', same: 'same' });
  await bench.repository.git('push', '--quiet', '--force', bench.repository.path, 'HEAD:refs/heads/main');

  await bench.ensure(unrelated);

  assert.equal(await bench.readFile(old, 'a'), 'old');
  assert.equal(await bench.readFile(unrelated, 'c'), 'c');
  assert.equal(await (await bench.client.open(SOURCE_UID, unrelated)).tree.find('a'), undefined);
});

test('a commit that is here, or already being fetched, is not fetched again', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });

  await Promise.all([bench.ensure(sha), bench.ensure(sha), bench.ensure(sha)]);
  await bench.ensure(sha);

  assert.equal(bench.countRequests('fetch'), 1);
});

test('one who gives up does not end the fetch for the others', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  bench.server.set({ delayMs: 100 });
  const leaving = new AbortController();
  const left = bench.client.ensure({ sourceUid: SOURCE_UID, remote: bench.remote, sha }, leaving.signal);
  const stayed = bench.ensure(sha);

  leaving.abort(new Error('no longer wanted'));

  await assert.rejects(left, { message: 'no longer wanted' });
  await stayed;
  assert.equal(await bench.readFile(sha, 'a'), '1');
  assert.equal(bench.countRequests('fetch'), 1);
});

test('sources do not share what they fetched', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.ensure(sha);

  assert.equal(await bench.client.has(SOURCE_UID, sha), true);
  assert.equal(await bench.client.has('another', sha), false);
  await assert.rejects(bench.client.open('another', sha), { code: 'GIT_OBJECT_MISSING' });
  await assert.rejects(async () => bench.client.has('../escape', sha), { code: 'INTERNAL' });
});

test('a source that is gone leaves nothing, and can come back', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.ensure(sha);

  await bench.client.drop(SOURCE_UID);

  await assert.rejects(bench.readStore(), { code: 'ENOENT' });
  assert.equal(await bench.client.has(SOURCE_UID, sha), false);
  await bench.ensure(sha);
  assert.equal(await bench.readFile(sha, 'a'), '1');
});

test('symlinks are followed inside the commit and refused where they lead out of it', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({
    'apps/base/a.yaml': 'a',
    'apps/in': { symlink: 'base' },
    'apps/out': { symlink: '../../../../etc/passwd' },
    'apps/absolute': { symlink: '/etc/passwd' },
  });
  await bench.ensure(sha);
  const { tree } = await bench.client.open(SOURCE_UID, sha);

  assert.equal((await tree.read('apps/in/a.yaml')).toString(), 'a');
  await assert.rejects(tree.read('apps/out'), { code: 'TREE_LINK_ESCAPES', message: /'apps\/out'/ });
  await assert.rejects(tree.find('apps/absolute'), { code: 'TREE_LINK_ESCAPES', message: /'apps\/absolute'/ });
});

test('.sourceignore files of any directory and spec.ignore decide together', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ '.sourceignore': '*.md', 'apps/.sourceignore': 'drafts/', x: '' });
  await bench.ensure(sha);
  const { tree } = await bench.client.open(SOURCE_UID, sha);

  const rules = await createIgnore(tree, '!README.md\n');

  const paths = ['README.md', 'a/NOTES.md', 'apps/drafts/x.yaml', 'drafts/x.yaml', 'logo.png', '.gitignore'];
  assert.deepEqual(paths.filter(rules.ignores), ['a/NOTES.md', 'apps/drafts/x.yaml', '.gitignore']);
});

test('a right password is used at once, a wrong one is an error that does not show it', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  bench.server.set({ auth: { username: 'git', password: 'correct-horse' } });
  const withPassword = (password: string) => ({
    ...bench.remote,
    credentials: { login: { kind: 'basic' as const, username: 'git', password: new Secret(password) } },
  });

  await bench.client.ensure({ sourceUid: SOURCE_UID, remote: withPassword('correct-horse'), sha }, never);
  const wrong = bench.client.listRefs(withPassword('wrong-battery'), ['refs/heads/main'], never);

  await assert.rejects(wrong, (error: Error) => {
    const wayOut = 'correct username and password in the Secret that spec.secretRef names';
    assert.equal(error.message, `unable to clone '${bench.remote.url}': authentication required: ${wayOut}`);
    assert.ok(!JSON.stringify(error).includes('wrong-battery'));
    return true;
  });
  await assert.rejects(bench.client.listRefs(bench.remote, [], never), { code: 'GIT_AUTHENTICATION_FAILED' });
  assert.equal(bench.countRequests('advertisement'), 0);
});

test('credentials in a URL are neither used nor shown', async (t) => {
  const bench = await startGitBench(t);
  bench.server.set({ auth: { username: 'git', password: 'correct-horse' } });
  const url = bench.remote.url.replace('http://', 'http://git:correct-horse@');

  await assert.rejects(bench.client.listRefs({ ...bench.remote, url }, [], never), {
    code: 'GIT_AUTHENTICATION_FAILED',
    message: `unable to clone '${bench.remote.url}': authentication required: name a Secret with username and password in spec.secretRef`,
  });
});

test('absent things are told apart: repository, branch, any commit at all, this commit', async (t) => {
  const bench = await startGitBench(t);
  const { client, remote } = bench;
  const absent = { ...remote, url: bench.server.repositoryUrl('nope') };
  const unknown = '0123456789012345678901234567890123456789';

  const empty = await client.explainAbsence(remote, 'refs/heads/main', never);
  await bench.repository.commitAndPush({ a: '1' });
  const noBranch = await client.explainAbsence(remote, 'refs/heads/nope', never);

  assert.deepEqual(
    [empty.code, empty.reason, empty.message],
    ['GIT_EMPTY_REPOSITORY', 'EmptyGitRepository', 'git repository is empty'],
  );
  assert.equal(noBranch.message, `unable to clone '${remote.url}': couldn't find remote ref "refs/heads/nope"`);
  await assert.rejects(client.listRefs(absent, [], never), {
    code: 'GIT_REPOSITORY_NOT_FOUND',
    message: `unable to clone '${absent.url}': repository not found: correct spec.url or, if the repository is private, name a Secret in spec.secretRef`,
  });
  await assert.rejects(bench.ensure(unknown), {
    code: 'GIT_COMMIT_NOT_FOUND',
    disposition: 'retry',
    message: `unable to resolve commit object for '${unknown}': object not found`,
  });
});

test('a commit that the server refuses at first is there once it serves it', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  bench.server.set({ refuse: 'not-our-ref' });
  await assert.rejects(bench.ensure(sha), { code: 'GIT_COMMIT_NOT_FOUND' });

  bench.server.set({ refuse: undefined });

  await bench.ensure(sha);
  assert.equal(await bench.readFile(sha, 'a'), '1');
});

test('an annotated tag is no commit', async (t) => {
  const bench = await startGitBench(t);
  await bench.repository.commitAndPush({ a: '1' });
  await bench.repository.tag('v1');

  await assert.rejects(bench.ensure(await bench.repository.git('rev-parse', 'v1')), { code: 'GIT_COMMIT_NOT_FOUND' });
});

test('a repository of several megabytes is fetched in one go', async (t) => {
  const bench = await startGitBench(t);
  const { randomBytes } = await import('node:crypto');
  const content = randomBytes(1_500_000).toString('base64');
  const sha = await bench.repository.commitAndPush({ large: content, small: 's' });
  await bench.ensure(sha);
  const next = await bench.repository.commitAndPush({ small: 't' });

  await bench.ensure(next);

  assert.equal(await bench.readFile(next, 'large'), content);
  const [first = 0, second = 0] = bench.events.map((event) => (event.kind === 'fetched' ? event.bytes : 0));
  assert.ok(first > 1024 * 1024 && second < 2000, `fetched ${first} and ${second} bytes`);
});

test('two repositories on one server are two sources', async (t) => {
  const bench = await startGitBench(t);
  const other = await makeRepository(bench.server, 'acme/other');
  const [one, two] = await Promise.all([
    bench.repository.commitAndPush({ a: 'one' }),
    other.commitAndPush({ a: 'two' }),
  ]);
  await bench.ensure(one);
  await bench.client.ensure({ sourceUid: 'other', remote: { ...bench.remote, url: other.url }, sha: two }, never);

  assert.equal((await (await bench.client.open('other', two)).tree.read('a')).toString(), 'two');
  await assert.rejects(bench.client.open('other', one), { code: 'GIT_OBJECT_MISSING' });
});

test('a source that is gone takes its parts along, opened or not, and nobody else’s', async (t) => {
  const bench = await startGitBench(t);
  const { client, remote } = bench;
  const sha = await bench.repository.commitAndPush({ a: '1' });
  const uids = [SOURCE_UID, `${SOURCE_UID}.part`, `${SOURCE_UID}0`, 'other'];
  for (const sourceUid of uids) await client.ensure({ sourceUid, remote, sha }, never);
  const again = await bench.restart();

  await again.client.drop(SOURCE_UID);

  assert.deepEqual(await Promise.all(uids.slice(2).map((uid) => again.client.has(uid, sha))), [true, true]);
  const left = (await readdir(join(bench.dataDir, 'git'))).filter((name) => name.endsWith('.objects'));
  assert.deepEqual(left.sort(), [`${SOURCE_UID}0.objects`, 'other.objects']);
});
