import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushView } from '../../src/http/push-view.ts';
import { findCondition } from '../../src/model/conditions.ts';
import { deployedStory, hasEvent, listEvents } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository } from '../support/make-kustomization.ts';
import { type Story, useStory } from '../support/use-story.ts';

const colour = (value: string) => ({ 'config.yaml': makeConfigMap('settings', { colour: value }) });

test('sources of one repository are polled by one request, and left alone together where the server asks for it', async (t) => {
  const story = await useStory(t);
  const { namespace, repository, gitServer } = story;
  const sha = await repository.commitAndPush(colour('blue'));
  const branches = ['main', 'stage', 'prod', 'spare'];
  for (const branch of branches.slice(1)) {
    await repository.branch(branch);
    await repository.push();
  }

  await story.create(
    ...branches.map((branch) =>
      makeGitRepository({ namespace, name: branch }, { url: repository.url, interval: '3s', ref: { branch } }),
    ),
  );

  const all = branches.map((branch) => `refs/heads/${branch}`).sort();
  const isOfAll = ({ prefixes }: { prefixes: readonly string[] }) =>
    JSON.stringify([...prefixes].sort()) === JSON.stringify(all);
  await eventually(() => assert.ok(gitServer.requests.filter(isOfAll).length >= 2, 'no poll was shared'));

  await t.test('a pushed branch is found by its own source alone', async () => {
    await repository.branch('stage');
    const pushed = await repository.commitAndPush(colour('red'));

    await eventually(async () => assert.equal(await revisionOf(story, 'stage'), `stage@sha1:${pushed}`));
    for (const branch of ['main', 'prod', 'spare']) {
      assert.equal(await revisionOf(story, branch), `${branch}@sha1:${sha}`);
    }
  });

  await t.test('each says until when, nobody asks before that, and then all go on', async () => {
    gitServer.set({ refuse: 'http-429', retryAfter: '8' });
    const until = await eventually(async () => {
      const messages = await Promise.all(branches.map((branch) => readyMessageOf(story, branch)));
      const [first = '', ...others] = messages.map((message) => /until (\S+Z) \(HTTP 429\)$/.exec(message)?.[1]);
      assert.notEqual(first, '', messages.join('\n'));
      assert.ok(
        others.every((other) => other === first),
        messages.join('\n'),
      );
      return Date.parse(first);
    });
    const askedBefore = gitServer.requests.length;

    gitServer.set({ refuse: undefined });

    await eventually(async () => {
      const messages = await Promise.all(branches.map((branch) => readyMessageOf(story, branch)));
      assert.ok(
        messages.every((message) => message.startsWith('stored artifact')),
        messages.join('\n'),
      );
    });
    const [first] = gitServer.requests.slice(askedBefore);
    assert.ok(first && first.at.getTime() >= until, `asked at ${first?.at.toISOString()}`);
  });
});

test('hooks that do not arrive are counted and warned of, until one arrives', async (t) => {
  const options = { env: { HAWSER_EXTERNAL_URL: 'https://hawser.example.com' } };
  const { story } = await deployedStory(t, colour('blue'), {}, options);
  const { repository } = story;
  await story.kubectl('patch', 'gitrepository', 'app', '--type=merge', '-p', '{"spec":{"interval":"3s"}}');

  const second = await repository.commitAndPush(colour('red'));
  await story.applied(second);
  const third = await repository.commitAndPush(colour('green'));
  await story.applied(third);

  const warned = await eventually(
    async () => {
      const source = await story.gitRepository();
      assert.ok(findCondition(source.status?.conditions, 'HooksMissing'), JSON.stringify(source.status?.conditions));
      return source;
    },
    { timeoutMs: 90_000 },
  );
  const missing = findCondition(warned.status?.conditions, 'HooksMissing');
  assert.match(missing?.message ?? '', /hooks for this repository do not arrive: .*none was heard so far/);
  assert.equal(findCondition(warned.status?.conditions, 'Ready')?.status, 'True');
  assert.equal(await missedBy(story), 2);
  await hasEvent(story, 'HooksMissing', 'hooks for this repository do not arrive');

  await t.test('a hook takes the warning away', async () => {
    const fourth = await repository.commitAndPush(colour('black'));
    await story.hook({ before: third, after: fourth });

    await story.applied(fourth);
    await eventually(async () => {
      const { status } = await story.gitRepository();
      assert.equal(findCondition(status?.conditions, 'HooksMissing'), undefined);
      assert.equal(status?.artifact?.revision, `main@sha1:${fourth}`);
    });
    assert.equal(await missedBy(story), 2);
    const events = (await listEvents(story)).filter((event) => event.startsWith('HooksMissing'));
    assert.equal(events.length, 1, events.join('\n'));
  });

  await t.test('a hook that comes after polling has found its push is noted in the record of that', async () => {
    const before = await repository.head();
    const fifth = await repository.commitAndPush(colour('white'));
    await story.applied(fifth);

    await story.hook({ before, after: fifth });

    await eventually(async () => {
      const record = await recordOf(story, fifth);
      assert.equal(record.heard, 'poll');
      const step = record.steps.find((candidate) => candidate.step === 'hook heard');
      assert.match(step?.detail ?? JSON.stringify(record.steps), /^its webhook came [\d.]+ s after polling had found/);
    });
    const missed = await recordOf(story, second);
    assert.ok(
      missed.steps.some(({ step }) => step === 'hook missed'),
      JSON.stringify(missed.steps),
    );
  });
});

async function revisionOf(story: Story, name: string): Promise<string | undefined> {
  return (await story.gitRepository(name)).status?.artifact?.revision;
}

async function readyMessageOf(story: Story, name: string): Promise<string> {
  return findCondition((await story.gitRepository(name)).status?.conditions, 'Ready')?.message ?? '';
}

async function missedBy({ hawser, namespace }: Story): Promise<number> {
  const text = await (await fetch(`${hawser.internalUrl}/metrics`)).text();
  const labels = `kind="GitRepository",namespace="${namespace}",name="app"`;
  return Number(text.split(`hawser_missed_hooks_total{${labels}} `)[1]?.split('\n', 1)[0] ?? 0);
}

/** The record of the push of a commit, by the link of its commit status. */
async function recordOf({ hawser, github }: Story, sha: string): Promise<PushView> {
  const status = github.statuses.find((candidate) => candidate.sha === sha);
  assert.ok(status, `${sha} has no status`);
  const { pathname } = new URL(String(status.targetUrl));
  const response = await fetch(new URL(pathname, hawser.publicUrl), { headers: { accept: 'application/json' } });
  return (await response.json()) as PushView;
}
