import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { deployedStory } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { readPush } from '../support/read-push.ts';
import { listRuns } from '../support/sync-runs.ts';
import { type Story, useStory } from '../support/use-story.ts';

const ZEROS = '0'.repeat(40);
const UNKNOWN = '0123456789'.repeat(4);
const PATIENT = { timeoutMs: 30_000 };

test('every form of spec.ref is followed, in the order of precedence, and shown as Flux shows it', async (t) => {
  const story = await useStory(t);
  const { repository, namespace } = story;
  const first = await pushSettings(story, 'first');
  await repository.tag('v1.0.0');
  await repository.git('push', '--quiet', repository.path, 'HEAD:refs/pull/420/head');
  const second = await pushSettings(story, 'second');
  const sources = [
    { name: 'branch', ref: { branch: 'main' }, want: `main@sha1:${second}` },
    { name: 'tag', ref: { branch: 'main', tag: 'v1.0.0' }, want: `v1.0.0@sha1:${first}` },
    { name: 'semver', ref: { tag: 'v9', semver: '1.x' }, want: `v1.0.0@sha1:${first}` },
    { name: 'pull', ref: { semver: '9.x', name: 'refs/pull/420/head' }, want: `refs/pull/420/head@sha1:${first}` },
    { name: 'name', ref: { name: 'refs/heads/main' }, want: `refs/heads/main@sha1:${second}` },
    { name: 'name-of-tag', ref: { name: 'refs/tags/v1.0.0' }, want: `refs/tags/v1.0.0@sha1:${first}` },
    { name: 'commit', ref: { name: 'refs/heads/none', commit: first }, want: `sha1:${first}` },
    { name: 'commit-of-branch', ref: { branch: 'main', commit: first }, want: `main@sha1:${first}` },
    { name: 'empty', ref: { branch: 'main', tag: '', semver: '', name: '', commit: '' }, want: `main@sha1:${second}` },
  ];

  await story.create(
    ...sources.map(({ name, ref }) => makeGitRepository({ name, namespace }, { url: repository.url, ref })),
  );

  for (const { name, want } of sources) {
    await eventually(async () => {
      const { status } = await story.gitRepository(name);
      assert.equal(status?.artifact?.revision, want, JSON.stringify(status?.conditions));
      assert.equal(findCondition(status?.conditions, 'Ready')?.message, `stored artifact for revision '${want}'`);
    }, PATIENT);
  }
});

test('what cannot be found is said in Flux’s words, and what only a person can mend stalls', async (t) => {
  const story = await useStory(t);
  const { repository, namespace } = story;
  await pushSettings(story, 'first');
  const prefix = 'failed to checkout and determine revision: ';
  const notFound = (ref: string) => `${prefix}unable to clone '${repository.url}': couldn't find remote ref "${ref}"`;
  const sources = [
    { name: 'no-branch', ref: { branch: 'nope' }, want: notFound('refs/heads/nope') },
    { name: 'no-tag', ref: { tag: 'v9' }, want: notFound('refs/tags/v9') },
    { name: 'no-semver', ref: { semver: '>=1.0.0' }, want: `${prefix}no match found for semver: >=1.0.0` },
    { name: 'no-name', ref: { name: 'refs/x' }, want: `${prefix}unable to resolve ref 'refs/x' to a specific commit` },
    {
      name: 'no-commit',
      ref: { commit: UNKNOWN },
      want: `${prefix}unable to resolve commit object for '${UNKNOWN}': object not found`,
    },
    {
      name: 'bad-semver',
      ref: { semver: 'newest' },
      want: `${prefix}semver parse error: improper constraint: "newest"; correct spec.ref.semver`,
      stalled: true,
    },
    {
      name: 'bad-commit',
      ref: { commit: 'abc' },
      want: `${prefix}unable to resolve commit object for 'abc': it is no commit id; write all 40 digits into spec.ref.commit`,
      stalled: true,
    },
  ];

  await story.create(
    ...sources.map(({ name, ref }) => makeGitRepository({ name, namespace }, { url: repository.url, ref })),
  );

  for (const { name, want, stalled = false } of sources) {
    await eventually(async () => {
      const { conditions } = (await story.gitRepository(name)).status ?? {};
      assert.partialDeepStrictEqual(findCondition(conditions, 'Ready'), {
        status: 'False',
        reason: 'GitOperationFailed',
        message: want,
      });
      assert.equal(findCondition(conditions, 'FetchFailed')?.message, want);
      assert.equal(findCondition(conditions, 'Stalled') !== undefined, stalled);
    }, PATIENT);
  }
});

describe('a source that follows versions', () => {
  test('deploys the highest tag, whatever order tags are pushed in, and falls back when it is deleted', async (t) => {
    const { story, first } = await useVersions(t, { semver: '1.x' });
    const patch = await pushTag(story, 'v1.0.1', 'patch');
    await hookOf(story, 'v1.0.1', { after: patch.object });
    await applied(story, `v1.0.1@sha1:${patch.commit}`);
    const minor = await pushTag(story, 'v1.1.0', 'minor');
    await hookOf(story, 'v1.1.0', { after: minor.object });
    await applied(story, `v1.1.0@sha1:${minor.commit}`);

    const late = await pushTag(story, 'v1.0.2', 'late');
    const lateHook = await hookOf(story, 'v1.0.2', { after: late.object });
    const major = await pushTag(story, 'v2.0.0', 'major');
    const majorHook = await hookOf(story, 'v2.0.0', { after: major.object });

    const reasonOf = async (answer: Response) => (await readPush(story.hawser, answer)).reason ?? '';
    await eventually(
      async () => assert.match(await reasonOf(lateHook), /^not the highest: refs\/tags\/v1\.0\.2 /),
      PATIENT,
    );
    await eventually(async () => assert.match(await reasonOf(majorHook), /^outside the range: /), PATIENT);
    assert.equal(await contentOf(story), 'minor');
    await deleteTag(story, 'v1.1.0');
    await hookOf(story, 'v1.1.0', { before: minor.object, after: ZEROS });
    await applied(story, `v1.0.2@sha1:${late.commit}`);
    assert.equal(await contentOf(story), 'late');
    assert.ok(!story.hawser.output().includes(`@sha1:${major.commit}`), 'a version outside the range was synced');
    assert.notEqual(first, late.commit);
  });

  test('does not go back for an answer without the highest tag, but does when it stays so', async (t) => {
    const { story, first } = await useVersions(t, { semver: '>=1.0.0' }, { interval: '1s' });
    const next = await pushTag(story, 'v1.1.0', 'next');
    await applied(story, `v1.1.0@sha1:${next.commit}`);

    await deleteTag(story, 'v1.1.0');

    await eventually(() => assert.ok(listRuns(story.hawser).some(({ outcome }) => outcome === 'unsettled')), PATIENT);
    await applied(story, `v1.0.0@sha1:${first}`);
  });

  test('names a new version of the same commit anew, and deploys it as such', async (t) => {
    const { story, first } = await useVersions(t, { semver: '*' });
    await story.repository.tag('v1.0.1');

    await hookOf(story, 'v1.0.1', { after: await story.repository.git('rev-parse', 'refs/tags/v1.0.1') });

    await applied(story, `v1.0.1@sha1:${first}`);
    await eventually(async () => {
      assert.equal((await story.gitRepository()).status?.artifact?.revision, `v1.0.1@sha1:${first}`);
    }, PATIENT);
  });

  test('takes the newest commit of versions that differ by build metadata alone', async (t) => {
    const { story } = await useVersions(t, { semver: '1.x' });
    await story.repository.commit({ 'config.yaml': makeConfigMap('settings', { content: 'older' }) });
    await amendDate(story, '2020-01-01T00:00:00Z');
    await story.repository.tag('v1.2.0+z');
    await story.repository.commit({ 'config.yaml': makeConfigMap('settings', { content: 'newer' }) });
    await amendDate(story, '2030-01-01T00:00:00Z');
    await story.repository.tag('v1.2.0+a');

    await hookOf(story, 'v1.2.0+a', { after: await story.repository.git('rev-parse', 'refs/tags/v1.2.0+a') });

    await applied(story, `v1.2.0+a@sha1:${await story.repository.head()}`);
    assert.equal(await contentOf(story), 'newer');
  });
});

test('a tag that is moved is a push, and its old hook replayed afterwards changes nothing', async (t) => {
  const { story, first } = await useVersions(t, { tag: 'v1.0.0' });
  const before = await story.repository.git('rev-parse', 'refs/tags/v1.0.0');
  await pushSettings(story, 'moved');
  await story.repository.git('tag', '-f', '-a', '-m', 'moved', 'v1.0.0');
  await story.repository.git('push', '--quiet', '--force', story.repository.path, 'refs/tags/v1.0.0');
  const commit = await story.repository.head();
  const after = await story.repository.git('rev-parse', 'refs/tags/v1.0.0');
  await hookOf(story, 'v1.0.0', { before, after });
  await applied(story, `v1.0.0@sha1:${commit}`);

  const replayed = await hookOf(story, 'v1.0.0', { before: ZEROS, after: before });

  await eventually(
    async () => assert.match((await readPush(story.hawser, replayed)).reason ?? '', /^stale: /),
    PATIENT,
  );
  assert.equal(await contentOf(story), 'moved');
  assert.notEqual(first, commit);
});

test('a commit stays deployed whatever is pushed, and asks the remote for nothing once it is here', async (t) => {
  const story = await useStory(t);
  const { repository, namespace, gitServer } = story;
  const first = await pushSettings(story, 'first');
  await pushSettings(story, 'second');
  const spec = { url: repository.url, ref: { commit: first }, interval: '1s' };
  await story.create(makeGitRepository({ namespace }, spec), makeKustomization({ namespace }));
  await applied(story, `sha1:${first}`);
  const asked = gitServer.requests.length;
  const countSyncs = () =>
    listRuns(story.hawser).filter(({ object, outcome }) => object.startsWith('GitRepository/') && outcome === 'done')
      .length;
  const before = countSyncs();

  await eventually(() => assert.ok(countSyncs() > before + 2), PATIENT);

  assert.deepEqual(gitServer.requests.slice(asked), []);
  assert.equal(await contentOf(story), 'first');
});

test('other ignore rules make a new artifact of the same commit, and deploy without what they leave out', async (t) => {
  const files = { 'a.yaml': makeConfigMap('a', {}), 'b.yaml': makeConfigMap('b', {}) };
  const { story, first } = await deployedStory(t, files);
  // Kustomizations are asked for first: the artifact may come after what is deployed from it.
  const before = await eventually(async () => {
    const { status } = await story.gitRepository();
    assert.ok(status?.artifact);
    return status.artifact;
  }, PATIENT);

  await story.kubectl('patch', 'gitrepository', 'app', '--type=merge', '-p', '{"spec":{"ignore":"b.yaml"}}');

  const { artifact, observedIgnore } = await eventually(async () => {
    const { status } = await story.gitRepository();
    assert.notEqual(status?.artifact?.digest, before.digest);
    return status ?? {};
  }, PATIENT);
  assert.equal(artifact?.revision, `main@sha1:${first}`);
  assert.equal(observedIgnore, 'b.yaml');
  await eventually(async () => assert.equal(await story.get('v1', 'ConfigMap', 'b'), undefined), PATIENT);
  assert.ok(await story.get('v1', 'ConfigMap', 'a'));
  await story.kubectl('patch', 'gitrepository', 'app', '--type=merge', '-p', '{"spec":{"ignore":null}}');
  await eventually(async () => {
    const { status } = await story.gitRepository();
    assert.equal(status?.artifact?.digest, before.digest);
    assert.equal(status?.observedIgnore, undefined);
  }, PATIENT);
  await eventually(async () => assert.ok(await story.get('v1', 'ConfigMap', 'b')), PATIENT);
});

/** A repository with the tag v1.0.0, deployed by what `ref` follows. */
async function useVersions(
  t: TestContext,
  ref: Readonly<Record<string, string>>,
  spec: Readonly<Record<string, unknown>> = {},
) {
  const story = await useStory(t);
  const { namespace, repository } = story;
  const first = await pushSettings(story, 'first');
  await repository.tag('v1.0.0');
  await story.create(
    makeGitRepository({ namespace }, { url: repository.url, ref, ...spec }),
    makeKustomization({ namespace }),
  );
  await applied(story, `v1.0.0@sha1:${first}`);
  return { story, first };
}

async function pushTag(story: Story, tag: string, content: string): Promise<{ commit: string; object: string }> {
  const commit = await pushSettings(story, content);
  await story.repository.tag(tag);
  return { commit, object: await story.repository.git('rev-parse', `refs/tags/${tag}`) };
}

async function deleteTag({ repository }: Story, tag: string): Promise<void> {
  await repository.git('push', '--quiet', repository.path, `:refs/tags/${tag}`);
}

/** Gives the current commit another date, that of its committer too. */
async function amendDate({ repository }: Story, date: string): Promise<void> {
  await repository.git('commit', '--quiet', '--amend', '--no-edit', `--date=${date}`);
  await repository.git('rebase', '--quiet', '--force-rebase', '--committer-date-is-author-date', 'HEAD~1');
}

function hookOf(
  story: Story,
  tag: string,
  { before = ZEROS, after }: { before?: string; after: string },
): Promise<Response> {
  return story.hook({ ref: `refs/tags/${tag}`, before, after });
}

function pushSettings({ repository }: Story, content: string): Promise<string> {
  return repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { content }) });
}

async function contentOf(story: Story): Promise<unknown> {
  return ((await story.get('v1', 'ConfigMap', 'settings'))?.data as { content?: unknown } | undefined)?.content;
}

async function applied(story: Story, revision: string): Promise<void> {
  await eventually(async () => {
    const { status } = await story.kustomization();
    assert.equal(status?.lastAppliedRevision, revision, JSON.stringify(status?.conditions));
  }, PATIENT);
}
