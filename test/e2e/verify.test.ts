import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { hasCondition } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makePgpSigner, makeSshSigner, type Signer } from '../support/make-signer.ts';
import { readPush } from '../support/read-push.ts';
import { type Story, useStory } from '../support/use-story.ts';

const PATIENT = { timeoutMs: 30_000 };

test('only what a trusted key has signed is deployed, and the conditions say who signed', async (t) => {
  const [story, ada, eve] = await Promise.all([useStory(t), makePgpSigner(t), makePgpSigner(t)]);
  const { namespace, repository } = story;
  const first = await commitSettings(story, ada, 'first');
  await createKeys(story, { 'ada.asc': ada.publicKey });
  await story.create(
    makeGitRepository({ namespace }, { url: repository.url, verify: { mode: 'HEAD', secretRef: { name: 'keys' } } }),
    makeKustomization({ namespace }),
  );
  await story.applied(first);
  await hasVerdict(story, 'True', `verified signature of\n\t- commit '${first}' with key '${ada.keyId}'`);

  const unsigned = await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { is: 'unsigned' }) });
  const answer = await story.hook({ before: first, after: unsigned });
  await hasVerdict(story, 'False', `signature verification of commit '${unsigned}' failed: it is not signed`);
  await eventually(async () => {
    assert.match((await readPush(story.hawser, answer)).reason ?? '', /^refused: .*: it is not signed, so nothing/);
  }, PATIENT);
  const stranger = await commitSettings(story, eve, 'stranger');
  await story.hook({ before: unsigned, after: stranger });
  const message = `signature verification of commit '${stranger}' failed: unable to verify payload with any of the given key rings`;
  await hasVerdict(story, 'False', message);

  const { status } = await story.gitRepository();
  assert.partialDeepStrictEqual(findCondition(status?.conditions, 'Ready'), {
    status: 'False',
    reason: 'InvalidCommitSignature',
    message,
  });
  assert.equal(findCondition(status?.conditions, 'FetchFailed'), undefined);
  assert.equal(status?.artifact?.revision, `main@sha1:${first}`);
  assert.equal(await settings(story), 'first');

  // A key that is trusted from now on is seen without another push.
  await story.kubectl(
    'patch',
    'secret',
    'keys',
    '--type=merge',
    '-p',
    JSON.stringify({ stringData: { eve: eve.publicKey } }),
  );
  await story.applied(stranger);
  assert.equal(await settings(story), 'stranger');
  await hasVerdict(story, 'True', `verified signature of\n\t- commit '${stranger}' with key '${eve.keyId}'`);

  // A Kustomization's sync trusts no earlier verdict.
  await story.kubectl('patch', 'secret', 'keys', '--type=merge', '-p', JSON.stringify({ data: { eve: null } }));
  await story.kubectl('annotate', 'kustomization', 'app', 'reconcile.fluxcd.io/requestedAt=now');
  await hasCondition(story, {
    type: 'Ready',
    status: 'False',
    reason: 'InvalidCommitSignature',
    message: /^signature verification of commit/,
  });
  assert.equal(await settings(story), 'stranger');
});

test('a signed tag is verified with its commit, also after a restart that has forgotten everything', async (t) => {
  const [story, ada] = await Promise.all([useStory(t), makeSshSigner(t, '-t', 'ed25519')]);
  const { namespace, repository } = story;
  const first = await commitSettings(story, ada, 'first');
  const tag = await ada.tag(repository, 'v1.0.0');
  await createKeys(story, { ada: ada.publicKey });
  await story.create(
    makeGitRepository(
      { namespace },
      { url: repository.url, ref: { semver: '1.x' }, verify: { mode: 'TagAndHEAD', secretRef: { name: 'keys' } } },
    ),
    makeKustomization({ namespace }),
  );
  const verdict = `verified signature of\n\t- tag 'v1.0.0@sha1:${tag}' with key '${ada.keyId}'\n\t- commit '${first}' with key '${ada.keyId}'`;
  await hasVerdict(story, 'True', verdict);
  assert.equal((await story.gitRepository()).status?.sourceVerificationMode, 'TagAndHEAD');
  await eventually(async () => assert.equal(await settings(story), 'first'), PATIENT);

  // Not signed: the highest version is refused, and the one before stays.
  await repository.tag('v1.1.0');
  await story.hook({ after: await repository.git('rev-parse', 'refs/tags/v1.1.0'), ref: 'refs/tags/v1.1.0' });
  await hasVerdict(
    story,
    'False',
    /^cannot verify signature of tag 'v1\.1\.0@sha1:[0-9a-f]{40}' since it is not signed$/,
  );
  await repository.git('push', '--quiet', repository.path, ':refs/tags/v1.1.0');
  await story.hawser.end();
  await story.start({ dataDir: await makeDataDir(t) });
  await story.kubectl('annotate', 'gitrepository', 'app', 'reconcile.fluxcd.io/requestedAt=now');
  await hasVerdict(story, 'True', verdict);
  await story.kubectl('annotate', 'kustomization', 'app', 'reconcile.fluxcd.io/requestedAt=now');
  await eventually(async () => {
    const found = await story.kustomization();
    assert.equal(found.status?.lastHandledReconcileAt, 'now');
    assert.equal(found.status?.lastAppliedRevision, `v1.0.0@sha1:${first}`);
  }, PATIENT);
});

async function makeDataDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hawser-verify-'));
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 3 }));
  return dir;
}

async function commitSettings(story: Story, signer: Signer, is: string): Promise<string> {
  await story.repository.commit({ 'settings.yaml': makeConfigMap('settings', { is }) });
  return await signer.commit(story.repository);
}

async function createKeys({ create, namespace }: Story, stringData: Readonly<Record<string, string>>): Promise<void> {
  await create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace }, stringData });
}

async function hasVerdict(story: Story, status: string, message: string | RegExp): Promise<void> {
  await eventually(async () => {
    const { conditions } = (await story.gitRepository()).status ?? {};
    const found = findCondition(conditions, 'SourceVerified');
    assert.equal(found?.status, status, JSON.stringify(conditions));
    if (typeof message === 'string') assert.equal(found?.message, message);
    else assert.match(found?.message ?? '', message);
  }, PATIENT);
}

async function settings(story: Story): Promise<unknown> {
  const found = await story.get('v1', 'ConfigMap', 'settings');
  return (found?.data as Record<string, unknown> | undefined)?.is;
}
