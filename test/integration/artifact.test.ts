import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type ArtifactContent, createArtifactStore } from '../../src/artifact/artifact-store.ts';
import type { SnapshotTree } from '../../src/artifact/snapshot-tree.ts';
import { HawserError } from '../../src/errors/hawser-error.ts';

const run = promisify(execFile);

type File = string | Buffer | { readonly kind: 'symlink' | 'submodule' } | { readonly script: string };

/** A snapshot from paths; folders are implied, and an empty one is written with a slash at its end. */
function makeTree(files: Readonly<Record<string, File>>): SnapshotTree {
  const children = new Map<string, Map<string, File | 'directory'>>([['', new Map()]]);
  for (const [path, file] of Object.entries(files)) {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let parent = '';
    for (const part of parts) {
      const folder = parent === '' ? part : `${parent}/${part}`;
      children.get(parent)?.set(part, 'directory');
      if (!children.has(folder)) children.set(folder, new Map());
      parent = folder;
    }
    if (name !== '') children.get(parent)?.set(name, file);
  }
  return {
    async list(path) {
      const entries = [...(children.get(path) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      return entries.map(([name, file]) => ({ name, ...describe(file) }));
    },
    async read(path) {
      const file = files[path];
      if (file === undefined) throw new HawserError('INTERNAL', `${path} cannot be read`);
      return Buffer.from(typeof file === 'object' && 'script' in file ? file.script : (file as string));
    },
  };
}

function describe(file: File | 'directory') {
  if (file === 'directory') return { kind: 'directory', executable: false } as const;
  if (typeof file === 'object' && 'kind' in file) return { kind: file.kind, executable: false };
  return { kind: 'file', executable: typeof file === 'object' && 'script' in file } as const;
}

const SHA = 'a'.repeat(40);
const LONG = `${'deep/'.repeat(30)}${'x'.repeat(120)}.yaml`;
const TREE = makeTree({
  'deployment.yaml': 'kind: Deployment\n',
  'bin/start': { script: '#!/bin/sh\n' },
  'bin/link': { kind: 'symlink' },
  'nested/ünïcode/päth.yaml': 'a: b\n',
  [LONG]: 'long\n',
  'empty/': '',
  'vendor/module': { kind: 'submodule' },
  'logo.png': 'ignored',
  'docs/page.md': 'ignored',
  'big.bin': Buffer.alloc(300_000, 7),
});

function makeContent(more: Partial<ArtifactContent> = {}): ArtifactContent {
  const ignored = (path: string) => path.endsWith('.png') || path === 'docs';
  return { namespace: 'default', name: 'app', sha: SHA, tree: TREE, ignored, ...more };
}

async function start(t: TestContext, options: { now?: () => Date } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'hawser-artifact-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return { dir, store: createArtifactStore({ dir, publicUrl: 'http://hawser.test./', ...options }) };
}

test('an artifact is described as a source’s status needs it, and its digest is that of the file', async (t) => {
  const { dir, store } = await start(t, { now: () => new Date('2026-01-02T03:04:05.678Z') });

  const stored = await store.write(makeContent());

  const bytes = await readFile(join(dir, stored.path));
  assert.deepEqual(stored, {
    path: `gitrepository/default/app/${SHA}.tar.gz`,
    url: `http://hawser.test./gitrepository/default/app/${SHA}.tar.gz`,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    size: bytes.length,
    lastUpdateTime: '2026-01-02T03:04:05Z',
  });
});

test('the same content has the same digest, wherever and whenever it is archived', async (t) => {
  const first = await start(t);
  const second = await start(t);

  const one = await first.store.write(makeContent());
  const other = await second.store.write(makeContent({ namespace: 'team', name: 'other', sha: 'b'.repeat(40) }));
  const changed = await second.store.write(makeContent({ tree: makeTree({ 'deployment.yaml': 'kind: Job\n' }) }));

  assert.equal(one.digest, other.digest);
  assert.notEqual(one.digest, changed.digest);
});

test('tar reads an artifact: fixed modes, no owner, no time, no links, nothing that is ignored', async (t) => {
  const { dir, store } = await start(t);

  const { path } = await store.write(makeContent());

  const { stdout } = await run('tar', [
    '--utc',
    '--full-time',
    '--numeric-owner',
    '--quoting-style=literal',
    '-tvzf',
    join(dir, path),
  ]);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));
  assert.deepEqual(
    lines.filter((line) => !line.includes('deep')),
    [
      '-rw------- 0/0 300000 1970-01-01 00:00:00 big.bin',
      'drwxr-x--- 0/0 0 1970-01-01 00:00:00 bin/',
      '-rwx------ 0/0 10 1970-01-01 00:00:00 bin/start',
      '-rw------- 0/0 17 1970-01-01 00:00:00 deployment.yaml',
      'drwxr-x--- 0/0 0 1970-01-01 00:00:00 empty/',
      'drwxr-x--- 0/0 0 1970-01-01 00:00:00 nested/',
      'drwxr-x--- 0/0 0 1970-01-01 00:00:00 nested/ünïcode/',
      '-rw------- 0/0 5 1970-01-01 00:00:00 nested/ünïcode/päth.yaml',
      'drwxr-x--- 0/0 0 1970-01-01 00:00:00 vendor/',
    ],
  );
});

test('what tar unpacks is what was archived, long paths included', async (t) => {
  const { dir, store } = await start(t);
  const { path } = await store.write(makeContent());
  const target = await mkdtemp(join(dir, 'unpacked-'));

  await run('tar', ['-xzf', join(dir, path), '-C', target]);

  assert.equal(await readFile(join(target, LONG), 'utf8'), 'long\n');
  assert.deepEqual(await readFile(join(target, 'big.bin')), Buffer.alloc(300_000, 7));
});

test('an artifact can be opened at its path, and nothing else can', async (t) => {
  const { dir, store } = await start(t);
  const { path, size } = await store.write(makeContent());
  await writeFile(join(dir, 'secret'), 'canary');

  const opened = await store.open(path);

  assert.equal(opened?.size, size);
  assert.deepEqual(Buffer.concat(await opened!.stream.toArray()), await readFile(join(dir, path)));
  for (const other of [
    'secret',
    '../secret',
    `${path}/../../../../secret`,
    path.replace(/a{40}/, 'b'.repeat(40)),
    '',
  ]) {
    assert.equal(await store.open(other), undefined, other);
  }
});

test('a reader gets the artifact that it opened, even if it is replaced meanwhile', async (t) => {
  const { store } = await start(t);
  const first = await store.write(makeContent());
  const opened = await store.open(first.path);

  const second = await store.write(makeContent({ tree: makeTree({ 'other.yaml': 'x' }) }));

  assert.equal(second.path, first.path);
  const bytes = Buffer.concat(await opened!.stream.toArray());
  assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, first.digest);
});

test('a snapshot that cannot be read leaves the old artifact and no other file, and its error comes through', async (t) => {
  const { dir, store } = await start(t);
  const { path, digest } = await store.write(makeContent());
  const tree = { ...TREE, read: () => Promise.reject(new HawserError('INTERNAL', 'object is missing')) };

  await assert.rejects(store.write(makeContent({ tree })), { message: 'object is missing' });

  const bytes = await readFile(join(dir, path));
  assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest);
  assert.deepEqual(await readdir(join(dir, 'gitrepository/default/app')), [`${SHA}.tar.gz`]);
});

test('a data directory that cannot be written to is an error that names the source, not the directory', async (t) => {
  const { dir, store } = await start(t);
  await writeFile(join(dir, 'gitrepository'), 'in the way');

  await assert.rejects(store.write(makeContent()), (error: HawserError) => {
    assert.equal(error.code, 'ARTIFACT_NOT_WRITTEN');
    assert.equal(error.reason, 'ArchiveOperationFailed');
    assert.match(error.message, /GitRepository\/default\/app: E[A-Z]+/);
    assert.doesNotMatch(error.message, /hawser-artifact-/);
    return true;
  });
});

test('two writes of one artifact at once both succeed', async (t) => {
  const { dir, store } = await start(t);

  const [one, other] = await Promise.all([store.write(makeContent()), store.write(makeContent())]);

  assert.deepEqual(one.digest, other.digest);
  assert.deepEqual(await readdir(join(dir, 'gitrepository/default/app')), [`${SHA}.tar.gz`]);
});

test('collecting removes old artifacts of one source, removing all of them, and others stay', async (t) => {
  const { dir, store } = await start(t);
  const shas = ['1', '2', '3', '4'].map((digit) => digit.repeat(40));
  for (const [index, sha] of shas.entries()) {
    const { path } = await store.write(makeContent({ sha }));
    const time = new Date(Date.now() - (10 - index) * 3_600_000);
    await utimes(join(dir, path), time, time);
  }
  await store.write(makeContent({ name: 'other' }));
  const folder = join(dir, 'gitrepository/default/app');

  await store.collect('default', 'app', [`gitrepository/default/app/${shas[0]}.tar.gz`]);
  const left = await readdir(folder);
  await store.remove('default', 'app');
  await store.remove('default', 'app');
  await store.collect('default', 'app', []);

  assert.deepEqual(
    left.sort(),
    [shas[0], shas[2], shas[3]].map((sha) => `${sha}.tar.gz`),
  );
  assert.deepEqual(await readdir(join(dir, 'gitrepository/default')), ['other']);
});

test('a link that someone put into the data directory is not followed', async (t) => {
  const { dir, store } = await start(t);
  const { path } = await store.write(makeContent());
  await writeFile(join(dir, 'secret'), 'canary');
  await rm(join(dir, path));
  await symlink(join(dir, 'secret'), join(dir, path));

  assert.equal(await store.open(path), undefined);
});
