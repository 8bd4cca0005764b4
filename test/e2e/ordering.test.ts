import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { readPush } from '../support/read-push.ts';
import { listRuns } from '../support/sync-runs.ts';
import { type Story, useStory } from '../support/use-story.ts';

const ZEROS = '0'.repeat(40);

describe('hooks', () => {
  test('for an older commit after a newer one do not roll back', async (t) => {
    const { story, first } = await useDeployed(t);
    const second = await pushSettings(story, 'second');
    const third = await pushSettings(story, 'third');
    await story.hook({ before: second, after: third });
    await story.applied(third);

    const late = await story.hook({ before: first, after: second });

    await eventually(async () => assert.match((await readPush(story.hawser, late)).reason ?? '', /^stale:/));
    assert.deepEqual(await settingsOf(story), { content: 'third' });
    assert.equal((await story.kustomization()).status?.lastAppliedRevision, `main@sha1:${third}`);
    assert.ok(!story.hawser.output().includes(`"revision":"main@sha1:${second}"`), 'the older commit was synced');
  });

  test('of a push that was overtaken before it was heard of say so, and leave nothing to wait for', async (t) => {
    const { story, first } = await useDeployed(t);
    const second = await pushSettings(story, 'second');
    const third = await pushSettings(story, 'third');
    const overtaken = await story.hook({ before: first, after: second });
    await story.applied(third);

    const late = await story.hook({ before: second, after: third });

    const reasonOf = async (answer: Response) => (await readPush(story.hawser, answer)).reason ?? '';
    await eventually(async () => assert.match(await reasonOf(overtaken), /^stale: /));
    await eventually(async () => assert.match(await reasonOf(late), /^already known: /));
    assert.ok(!story.hawser.output().includes(`"revision":"main@sha1:${second}"`), 'the older commit was synced');
  });

  test('naming a commit that no branch holds deploy nothing, however well signed, and the next push lands', async (t) => {
    const { story, first } = await useDeployed(t);
    const { repository } = story;
    await repository.branch('fork');
    const evil = await repository.commitAndPush({ 'evil.yaml': makeConfigMap('evil', { is: 'here' }) });
    await repository.deleteBranch('fork');
    await repository.branch('main');

    const answer = await story.hook({ before: first, after: evil });

    await eventually(() => assert.ok(listRuns(story.hawser).some(({ outcome }) => outcome === 'unsettled')));
    const second = await pushSettings(story, 'second');
    await story.hook({ before: first, after: second });
    await story.applied(second);
    await eventually(async () => assert.match((await readPush(story.hawser, answer)).reason ?? '', /unconfirmed/), {
      timeoutMs: 60_000,
    });
    assert.equal(await story.get('v1', 'ConfigMap', 'evil'), undefined);
    assert.ok(!story.hawser.output().includes(`"revision":"main@sha1:${evil}"`), 'the commit was synced');
  });

  test('that arrive before the ref has moved deploy once it has', async (t) => {
    const { story, first } = await useDeployed(t);
    const second = await pushSettings(story, 'second');
    story.gitServer.set({ holdRef: { ref: 'refs/heads/main', sha: first } });
    await story.hook({ before: first, after: second });
    await eventually(() => assert.ok(listRuns(story.hawser).some(({ outcome }) => outcome === 'unsettled')));
    assert.deepEqual(await settingsOf(story), { content: 'first' });

    story.gitServer.set({ holdRef: undefined });

    await story.applied(second);
    assert.deepEqual(await settingsOf(story), { content: 'second' });
  });

  test('that tell of a deleted branch keep what is deployed and say so, until the branch is back', async (t) => {
    const { story, first } = await useDeployed(t);
    const { repository } = story;
    await repository.git('--git-dir', repository.path, 'update-ref', '-d', 'refs/heads/main');

    await story.hook({ before: first, after: ZEROS });

    const source = await eventually(async () => {
      const found = await story.gitRepository();
      assert.equal(readyOf(found)?.status, 'False');
      return found;
    });
    assert.match(
      readyOf(source)?.message ?? '',
      /git repository is empty|couldn't find remote ref "refs\/heads\/main"/,
    );
    assert.equal(source.status?.artifact?.revision, `main@sha1:${first}`);
    assert.deepEqual(await settingsOf(story), { content: 'first' });
    const second = await pushSettings(story, 'second');
    await story.hook({ before: ZEROS, after: second });
    await story.applied(second);
    await eventually(async () => assert.equal(readyOf(await story.gitRepository())?.status, 'True'));
  });
});

describe('a force push to the commit before', () => {
  test('rolls back at once with a hook', async (t) => {
    const { story, first } = await useDeployed(t);
    const second = await pushSettings(story, 'second');
    await story.hook({ before: first, after: second });
    await story.applied(second);

    await forcePushTo(story, first);
    await story.hook({ before: second, after: first });

    await story.applied(first);
    assert.deepEqual(await settingsOf(story), { content: 'first' });
    assert.ok(
      listRuns(story.hawser).every(({ outcome }) => outcome !== 'unsettled'),
      'the remote was doubted, though its own hook explained it',
    );
  });

  test('rolls back without a hook by polling', async (t) => {
    const { story, first } = await useDeployed(t, { interval: '1s' });
    const second = await pushSettings(story, 'second');
    await story.applied(second);

    await forcePushTo(story, first);

    await story.applied(first);
    assert.deepEqual(await settingsOf(story), { content: 'first' });
  });
});

async function useDeployed(t: TestContext, source: Readonly<Record<string, unknown>> = {}) {
  const story = await useStory(t);
  const { namespace, repository } = story;
  const first = await pushSettings(story, 'first');
  await story.create(
    makeGitRepository({ namespace }, { url: repository.url, ...source }),
    makeKustomization({ namespace }),
  );
  await story.applied(first);
  return { story, first };
}

function pushSettings({ repository }: Story, content: string): Promise<string> {
  return repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { content }) });
}

async function settingsOf(story: Story) {
  return (await story.get('v1', 'ConfigMap', 'settings'))?.data;
}

function readyOf({ status }: Awaited<ReturnType<Story['gitRepository']>>) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

async function forcePushTo({ repository }: Story, sha: string): Promise<void> {
  await repository.resetHard(sha);
  await repository.push({ force: true });
}
