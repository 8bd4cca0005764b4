import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makeRepository, type Repository } from '../support/make-repository.ts';
import { startGitServer } from '../support/start-git-server.ts';
import { type Story, useStory } from '../support/use-story.ts';

const PATIENT = { timeoutMs: 30_000 };

test('spec.sparseCheckout deploys these directories only, others as soon as it names them', async (t) => {
  const story = await useStory(t);
  const { namespace, repository } = story;
  const sha = await repository.commitAndPush({
    ...settings('app', '1'),
    ...settings('other', '1'),
    ...settings('.', '1'),
  });
  await story.create(
    makeGitRepository({ namespace }, { url: repository.url, sparseCheckout: ['./app'] }),
    makeKustomization({ namespace }),
  );
  await story.applied(sha);

  assert.deepEqual(await deployed(story, 'app', 'other', 'root'), ['1', undefined, undefined]);
  const { status } = await published(story, { observedSparseCheckout: ['./app'] });

  await patchSource(story, 'app', { sparseCheckout: ['app', 'other/'] });
  await eventually(
    async () => assert.deepEqual(await deployed(story, 'app', 'other', 'root'), ['1', '1', undefined]),
    PATIENT,
  );
  const changed = await published(story, { observedSparseCheckout: ['app', 'other/'] });
  assert.equal(changed.status?.artifact?.revision, status?.artifact?.revision);
  assert.notEqual(changed.status?.artifact?.digest, status?.artifact?.digest);

  await patchSource(story, 'app', { sparseCheckout: ['app', 'nope'] });
  await hasCondition(
    story,
    'FetchFailed',
    /^failed to checkout and determine revision: failed to sparse checkout directories : 'nope' is no directory/,
  );
  await patchSource(story, 'app', { sparseCheckout: null });
  await eventually(
    async () => assert.deepEqual(await deployed(story, 'app', 'other', 'root'), ['1', '1', '1']),
    PATIENT,
  );
  await eventually(async () => {
    assert.equal((await story.gitRepository()).status?.observedSparseCheckout, undefined);
  }, PATIENT);
});

describe('spec.include', () => {
  test('waits for the other source, and follows it without a commit of its own', async (t) => {
    const story = await useStory(t);
    const { namespace, repository } = story;
    const lib = await makeRepository(story.gitServer, 'acme/lib');
    const sha = await repository.commitAndPush(settings('app', '1'));
    const include = [{ repository: { name: 'lib' }, fromPath: './manifests', toPath: 'vendored/lib' }];
    await story.create(
      makeGitRepository({ namespace }, { url: repository.url, include }),
      makeKustomization({ namespace }),
    );
    const missing = await hasCondition(story, 'IncludeUnavailable', /^could not get resource for include 'lib': /);
    assert.equal(missing?.reason, 'NotFound');
    assert.deepEqual(await deployed(story, 'app'), [undefined]);

    const first = await lib.commitAndPush({ ...settings('manifests', '1'), ...settings('rest', '1') });
    await story.create(makeGitRepository({ name: 'lib', namespace }, { url: lib.url }));
    await story.applied(sha);
    assert.deepEqual(await deployed(story, 'app', 'manifests', 'rest'), ['1', '1', undefined]);
    const { status } = await published(story, { observedInclude: include });
    assert.deepEqual(status?.includedArtifacts, [(await story.gitRepository('lib')).status?.artifact]);
    assert.equal(status?.includedArtifacts?.[0]?.revision, `main@sha1:${first}`);

    const second = await lib.commitAndPush(settings('manifests', '2'));
    await request(story, 'lib');
    await eventually(async () => assert.deepEqual(await deployed(story, 'app', 'manifests'), ['1', '2']), PATIENT);
    const after = await published(story, { includedArtifacts: [{ revision: `main@sha1:${second}` }] });
    assert.equal(after.status?.artifact?.revision, `main@sha1:${sha}`);
    assert.notEqual(after.status?.artifact?.digest, status?.artifact?.digest);
  });

  test('that leads back is a circle that is named, and may be mended anywhere', async (t) => {
    const story = await useStory(t);
    const { namespace, repository } = story;
    const sha = await repository.commitAndPush(settings('app', '1'));
    const including = (name: string, other: string) =>
      makeGitRepository({ name, namespace }, { url: repository.url, include: [{ repository: { name: other } }] });
    await story.create(including('app', 'b'), including('b', 'c'), including('c', 'app'));

    const circle = await hasCondition(story, 'Stalled', /in a circle: app → b → c → app: /);
    assert.equal(circle?.reason, 'IncludeCircle');
    await hasCondition(story, 'IncludeUnavailable', /circle/);
    await patchSource(story, 'c', { include: null });

    await eventually(async () => {
      const { status } = await story.gitRepository();
      assert.equal(status?.artifact?.revision, `main@sha1:${sha}`, JSON.stringify(status?.conditions));
      assert.equal(findCondition(status?.conditions, 'Stalled'), undefined);
    }, PATIENT);
  });

  test('that cannot be carried out says why', async (t) => {
    const story = await useStory(t);
    const { namespace, repository } = story;
    await repository.commitAndPush(settings('app', '1'));
    const bad = {
      taken: { toPath: 'app' },
      through: { toPath: 'app/settings.yaml/x' },
      root: { toPath: './' },
      out: { toPath: '../x' },
      none: { fromPath: 'nope' },
    };
    await story.create(makeGitRepository({ name: 'lib', namespace }, { url: repository.url }));
    for (const [name, paths] of Object.entries(bad)) {
      const include = [{ repository: { name: 'lib' }, ...paths }];
      await story.create(makeGitRepository({ name, namespace }, { url: repository.url, include }));
    }

    await hasCondition(
      story,
      'StorageOperationFailed',
      /^failed to copy 'lib' include from {2}to app: 'app' is in/,
      'taken',
    );
    await hasCondition(story, 'StorageOperationFailed', /'app\/settings.yaml' is in the repository already/, 'through');
    await hasCondition(story, 'StorageOperationFailed', /'.' is in the repository already/, 'root');
    const out = await hasCondition(story, 'StorageOperationFailed', /leads out of the repository/, 'out');
    assert.equal(out?.reason, 'IllegalPath');
    const none = await hasCondition(
      story,
      'Stalled',
      /^failed to copy 'lib' include from nope to lib: fromPath/,
      'none',
    );
    assert.equal(none?.reason, 'CopyFailure');
  });
});

describe('spec.recurseSubmodules', () => {
  test('deploys submodules and theirs, with the login where the host is the same', async (t) => {
    const story = await useStory(t);
    const { namespace, repository, gitServer } = story;
    const inner = await makeRepository(gitServer, 'acme/inner');
    const lib = await makeRepository(gitServer, 'acme/lib');
    await inner.commitAndPush(settings('inner', '1'));
    await lib.commitAndPush(settings('lib', '1'));
    await addSubmodule(lib, { path: 'in', url: '../inner.git', sha: await inner.head() });
    await repository.commitAndPush(settings('app', '1'));
    const first = await addSubmodule(repository, { path: 'vendored/lib', url: '../lib.git', sha: await lib.head() });
    gitServer.set({ auth: { username: 'ada', password: 'canary-password' } });
    await story.create(
      makeSecret(namespace),
      makeGitRepository({ namespace }, { url: repository.url, recurseSubmodules: true, secretRef: { name: 'login' } }),
      makeKustomization({ namespace }),
    );
    await story.applied(first);
    assert.deepEqual(await deployed(story, 'app', 'lib', 'inner'), ['1', '1', '1']);
    await published(story, { observedRecurseSubmodules: true });

    await inner.commitAndPush(settings('inner', '2'));
    await lib.git('rm', '--quiet', '--cached', 'in');
    await addSubmodule(lib, { path: 'in', url: '../inner.git', sha: await inner.head() });
    const second = await addSubmodule(repository, { path: 'vendored/lib', url: '../lib.git', sha: await lib.head() });
    await story.hook({ before: first, after: second });
    await story.applied(second);
    assert.deepEqual(await deployed(story, 'app', 'lib', 'inner'), ['1', '1', '2']);
    gitServer.set({ auth: undefined });
  });

  test('never shows the login to another host, and refuses what is no address', async (t) => {
    const story = await useStory(t);
    const { namespace, repository, gitServer } = story;
    const elsewhere = await startGitServer();
    t.after(() => elsewhere.stop());
    const foreign = await makeRepository(elsewhere, 'acme/foreign');
    const sha = await foreign.commitAndPush(settings('foreign', '1'));
    const auth = { username: 'ada', password: 'canary-password' };
    gitServer.set({ auth });
    elsewhere.set({ auth });
    await repository.commitAndPush(settings('app', '1'));
    await addSubmodule(repository, { path: 'foreign', url: foreign.url, sha });
    await story.create(
      makeSecret(namespace),
      makeGitRepository({ namespace }, { url: repository.url, recurseSubmodules: true, secretRef: { name: 'login' } }),
      makeKustomization({ namespace }),
    );
    await hasCondition(story, 'FetchFailed', /submodule 'foreign': .*authentication required/);

    await addSubmodule(repository, { path: 'foreign', url: 'ext::sh -c id', sha });
    await request(story, 'app');
    await hasCondition(story, 'FetchFailed', /the URL of the submodule 'foreign' is not allowed/);
    await addSubmodule(repository, { path: 'foreign', url: foreign.url, sha });
    elsewhere.set({ auth: undefined });
    await request(story, 'app');
    await story.applied(await repository.head());
    assert.deepEqual(await deployed(story, 'app', 'foreign'), ['1', '1']);
    gitServer.set({ auth: undefined });
  });
});

/** A ConfigMap named for its directory. */
function settings(directory: string, is: string): Record<string, string> {
  const name = directory === '.' ? 'root' : directory;
  return { [`${directory}/settings.yaml`]: makeConfigMap(name, { is }) };
}

async function deployed(story: Story, ...names: string[]): Promise<unknown[]> {
  const found = await Promise.all(names.map((name) => story.get('v1', 'ConfigMap', name)));
  return found.map((object) => (object?.data as Record<string, unknown> | undefined)?.is);
}

async function hasCondition(story: Story, type: string, message: RegExp, name = 'app') {
  return await eventually(async () => {
    const { conditions } = (await story.gitRepository(name)).status ?? {};
    const found = findCondition(conditions, type);
    assert.equal(found?.status, 'True', JSON.stringify(conditions));
    assert.match(found?.message ?? '', message);
    return found;
  }, PATIENT);
}

/** Waits for what follows a deployment: the artifact, and how it was made. */
async function published(story: Story, want: Readonly<Record<string, unknown>>) {
  return await eventually(async () => {
    const found = await story.gitRepository();
    assert.partialDeepStrictEqual(found.status, want);
    return found;
  }, PATIENT);
}

function makeSecret(namespace: string) {
  const stringData = { username: 'ada', password: 'canary-password' };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace }, stringData };
}

async function patchSource({ kubectl }: Story, name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  await kubectl('patch', 'gitrepository', name, '--type=merge', '-p', JSON.stringify({ spec }));
}

async function request({ kubectl }: Story, name: string): Promise<void> {
  const value = `reconcile.fluxcd.io/requestedAt=${new Date().toISOString()}`;
  await kubectl('annotate', '--overwrite', 'gitrepository', name, value);
}

/** Commits and pushes a submodule without fetching it; answers the commit's sha. */
async function addSubmodule(
  repository: Repository,
  { path, url, sha }: { readonly path: string; readonly url: string; readonly sha: string },
): Promise<string> {
  await repository.git('config', '-f', '.gitmodules', `submodule.${path}.path`, path);
  await repository.git('config', '-f', '.gitmodules', `submodule.${path}.url`, url);
  await repository.git('add', '.gitmodules');
  await repository.git('update-index', '--add', '--cacheinfo', `160000,${sha},${path}`);
  await repository.git('commit', '--quiet', '--allow-empty', '-m', `Pin ${path}`);
  await repository.push();
  return await repository.head();
}
