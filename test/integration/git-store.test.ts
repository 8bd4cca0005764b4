import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, stat, truncate, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createIgnore } from '../../src/git/create-ignore.ts';
import { eventually } from '../support/eventually.ts';
import type { Repository } from '../support/make-repository.ts';
import { type GitBench, SOURCE_UID, startGitBench } from '../support/start-git-client.ts';
import { ISOLATED_GIT_ENV } from '../support/start-git-server.ts';

test('what was fetched is still there after a restart, without a request', async (t) => {
  const bench = await startGitBench(t);
  const first = await bench.repository.commitAndPush({ a: '1', b: 'b' });
  const second = await bench.repository.commitAndPush({ a: '2' });
  await bench.ensure(first);
  await bench.ensure(second);

  const restarted = await bench.restart();

  await restarted.ensure(second);
  assert.equal(await restarted.readFile(second, 'a'), '2');
  assert.equal(await restarted.readFile(first, 'a'), '1');
  assert.equal(restarted.countRequests('fetch'), 2);
});

test('the next push after a restart builds on what is there', async (t) => {
  const bench = await startGitBench(t);
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`dir-${n}/file`, `${n}\n`]));
  await bench.ensure(await bench.repository.commitAndPush(files));
  const next = await bench.repository.commitAndPush({ 'dir-7/file': 'seven\n' });

  const restarted = await bench.restart();
  await restarted.ensure(next);

  const [event] = restarted.events;
  assert.ok(event?.kind === 'fetched' && event.bytes < 2000, JSON.stringify(event));
});

test('a tail that a crash tore off costs at most a fetch, wherever it tore', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1', 'dir/b': '2' });
  await bench.ensure(sha);
  const whole = await bench.readStore();
  let current: GitBench = bench;

  for (let bytes = 0; bytes < whole.length; bytes += 23) {
    await current.client.close();
    await truncate(bench.storePath, bytes);
    current = await current.restart();
    assert.equal(await current.client.has(SOURCE_UID, sha), false, `torn after ${bytes} bytes`);
    await current.ensure(sha);
    assert.equal(await current.readFile(sha, 'dir/b'), '2');
  }
});

test('rubbish at the end of the file is cut off and what stands before it is used', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.ensure(sha);
  const { length } = await bench.readStore();
  await bench.client.close();
  await appendFile(bench.storePath, 'rubbish');

  const restarted = await bench.restart();

  assert.equal(await restarted.readFile(sha, 'a'), '1');
  assert.equal((await stat(bench.storePath)).size, length);
});

test('a damaged file is found when read, dropped, and fetched again', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: 'some content', b: 'other' });
  await bench.ensure(sha);
  await flipByte(bench, 'some content');

  await assert.rejects(bench.readFile(sha, 'a'), { code: 'GIT_STORE_CORRUPT', disposition: 'retry' });
  assert.equal(await bench.client.has(SOURCE_UID, sha), false);
  await bench.ensure(sha);

  assert.equal(await bench.readFile(sha, 'a'), 'some content');
  assert.equal(bench.events.filter(({ kind }) => kind === 'store-dropped').length, 1);
});

test('a push onto a damaged base is fetched whole within the same request', async (t) => {
  const bench = await startGitBench(t);
  const files = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`file-${n}`, `${n}\n`]));
  await bench.ensure(await bench.repository.commitAndPush(files));
  const next = await bench.repository.commitAndPush({ 'file-7': 'seven\n' });
  await flipByte(bench, '100644 file-9'); // inside the root tree, over which the next one is a delta

  await bench.ensure(next);

  assert.equal(await bench.readFile(next, 'file-7'), 'seven\n');
  assert.equal(await bench.readFile(next, 'file-9'), '9\n');
  assert.equal(bench.countRequests('fetch'), 3);
});

test('whichever byte of the file is changed, no wrong content is ever read', async (t) => {
  const bench = await startGitBench(t);
  const sha = await bench.repository.commitAndPush({ a: '1' });
  await bench.ensure(sha);
  const whole = await bench.readStore();
  let current: GitBench = bench;

  for (let at = 0; at < whole.length; at += 17) {
    await current.client.close();
    await writeFile(bench.storePath, Buffer.from(whole).fill((whole[at] ?? 0) ^ 1, at, at + 1));
    current = await current.restart();
    const read = await readOrRefetch(current, sha);
    assert.equal(read, '1', `byte ${at} changed`);
  }
});

test('a file that grew too large is rewritten with what is alive, and goes on', async (t) => {
  const bench = await startGitBench(t, { slackBytes: 1000 });
  let sha = '';
  for (let n = 0; n < 20; n++) {
    sha = await bench.repository.commitAndPush({ a: createHash('sha512').update(`${n}`).digest('hex').repeat(10) });
    await bench.ensure(sha);
  }

  await eventually(() => assert.ok(bench.events.some(({ kind }) => kind === 'store-compacted')));
  const next = await bench.repository.commitAndPush({ b: 'b' });
  await bench.ensure(next);

  const restarted = await bench.restart();
  assert.equal(await restarted.readFile(next, 'b'), 'b');
  assert.equal((await restarted.readFile(sha, 'a')).length, 1280);
  assert.equal((await restarted.readFile(next, 'a')).length, 1280);
  assert.ok((await stat(bench.storePath)).size < 20 * 1280);
});

test('trees that no honest git writes are refused with the name that is wrong', async (t) => {
  const bench = await startGitBench(t);
  await bench.repository.commitAndPush({ a: '1' });
  const blob = await bench.repository.git('rev-parse', 'HEAD:a');
  const CASES = [
    { entries: [['100644', '.git', blob]], message: /".git", which stands for git's own directory/ },
    { entries: [['100644', '..', blob]], message: /"..", which is no name of a file/ },
    { entries: [['100644', 'a/b', blob]], message: /"a\/b", which holds a separator/ },
    {
      entries: [
        ['100644', 'x', blob],
        ['100755', 'x', blob],
      ],
      message: /names "x" twice/,
    },
  ] as const;

  for (const { entries, message } of CASES) {
    const sha = commitTree(bench.repository, writeTree(bench.repository, entries));
    await assert.rejects(bench.ensure(sha), { code: 'GIT_CONTENT_INVALID', message });
    assert.equal(await bench.client.has(SOURCE_UID, sha), false);
  }
});

test('a tree of a dozen objects that names billions of files is stored in passing, and no walk gets lost in it', async (t) => {
  const bench = await startGitBench(t);
  await bench.repository.commitAndPush({ a: '1' });
  const blob = await bench.repository.git('rev-parse', 'HEAD:a');
  const names = Array.from({ length: 10 }, (_, n) => `n${n}`);
  let tree = writeTree(
    bench.repository,
    names.map((name) => ['100644', name, blob]),
  );
  for (let level = 0; level < 12; level++)
    tree = writeTree(
      bench.repository,
      names.map((name) => ['40000', name, tree]),
    );
  const sha = commitTree(bench.repository, tree);

  await bench.ensure(sha);

  const commit = await bench.client.open(SOURCE_UID, sha);
  assert.equal(await bench.readFile(sha, 'n0/n1/n2/n3/n4/n5/n6/n7/n8/n9/n0/n1/n2'), '1');
  await assert.rejects(createIgnore(commit.tree), { code: 'GIT_LIMIT_EXCEEDED' });
});

test('directories nested too deep are refused, also below one that is known', async (t) => {
  const bench = await startGitBench(t);
  const known = await bench.repository.commitAndPush({ 'a/b/c/d': '1' });
  await bench.ensure(known);
  let tree = await bench.repository.git('rev-parse', 'HEAD^{tree}');
  for (let level = 0; level < 62; level++) tree = writeTree(bench.repository, [['40000', 'x', tree]]);

  await assert.rejects(bench.ensure(commitTree(bench.repository, tree)), {
    code: 'GIT_LIMIT_EXCEEDED',
    message: /nested deeper/,
  });
});

async function readOrRefetch(bench: GitBench, sha: string): Promise<string> {
  try {
    await bench.ensure(sha);
    return await bench.readFile(sha, 'a');
  } catch (error) {
    assert.ok(
      ['GIT_STORE_CORRUPT', 'GIT_OBJECT_MISSING'].includes(String((error as { code?: string }).code)),
      String(error),
    );
    await bench.ensure(sha);
    return bench.readFile(sha, 'a');
  }
}

/** Changes one byte of stored content, behind the client's back. */
async function flipByte(bench: GitBench, content: string): Promise<void> {
  const bytes = await bench.readStore();
  const at = bytes.indexOf(content);
  assert.ok(at > 0, `${content} is not in the store`);
  await writeFile(bench.storePath, bytes.fill((bytes[at] ?? 0) ^ 1, at, at + 1));
}

type RawEntry = readonly [mode: string, name: string, id: string];

/** Writes a tree as given into the bare repository, without any of git's own checks. */
function writeTree({ path }: Repository, entries: readonly RawEntry[]): string {
  const data = Buffer.concat(
    entries.flatMap(([mode, name, id]) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
  );
  return git(path, ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], data);
}

/** Commits a tree on a branch of its own, so that it is served. */
function commitTree({ path }: Repository, tree: string): string {
  const sha = git(path, ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], toCommit(tree));
  git(path, ['update-ref', `refs/heads/hostile-${sha}`, sha]);
  return sha;
}

function toCommit(tree: string): Buffer {
  return Buffer.from(`tree ${tree}\nauthor A <a@b.c> 1 +0000\ncommitter A <a@b.c> 1 +0000\n\nHostile\n`);
}

function git(path: string, args: readonly string[], input?: Buffer): string {
  return execFileSync('git', ['--git-dir', path, ...args], { env: ISOLATED_GIT_ENV, input })
    .toString()
    .trim();
}
