import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import type { HawserProcess } from '../support/start-hawser.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';
import { assertOneRunAtATime, listRuns } from '../support/sync-runs.ts';
import { type Story, useStory } from '../support/use-story.ts';

const APPS = Array.from({ length: 12 }, (_, index) => `app-${index}`);
const MOST_ROUNDS = 10;

describe('processes on one Redis', () => {
  test('divide the roles: a server takes the hook, a worker deploys it', async (t) => {
    const { story, redis } = await useSharedRedis(t);
    const { namespace, repository } = story;
    const first = await pushAll(story, 'first');
    await story.create(makeGitRepository({ namespace }, { url: repository.url }), ...makeApps(story));
    const worker = await startRole(t, story, { redis, role: 'worker' });
    const server = await startRole(t, story, { redis, role: 'server' });
    await allApplied(story, first);

    const second = await pushAll(story, 'second');
    const answer = await story.hook({ before: first, after: second });

    assert.equal(answer.status, 202);
    await allApplied(story, second);
    await story.github.waitFor(({ sha, state }) => sha === second && state === 'success');
    assert.equal(worker.publicUrl, '');
    assert.deepEqual(listRuns(server), []);
    assertOneRunAtATime(worker, server);
  });

  test('share the work with a worker that is started later, and never run a key twice at once', async (t) => {
    const { story, redis } = await useSharedRedis(t);
    const { namespace, repository } = story;
    let current = await pushAll(story, 'first');
    await story.create(makeGitRepository({ namespace }, { url: repository.url }), ...makeApps(story));
    const one = await startRole(t, story, { redis, role: 'worker' });
    await startRole(t, story, { redis, role: 'server' });
    await allApplied(story, current);
    const server = story.hawser;

    const two = await startRole(t, story, { redis, role: 'worker' });
    story.hawser = server;
    for (let round = 1; round <= MOST_ROUNDS && !(changedSomething(one) && changedSomething(two)); round++) {
      const next = await pushAll(story, `round ${round}`);
      await story.hook({ before: current, after: next });
      await allApplied(story, next);
      current = next;
    }

    assert.ok(changedSomething(two), 'the second worker was given nothing to do');
    assertOneRunAtATime(one, two);
    assert.equal(await two.end('SIGTERM'), 0);
    const last = await pushAll(story, 'last');
    await story.hook({ before: current, after: last });
    await allApplied(story, last);
  });

  test('converge after Redis was emptied under them, still without running a key twice at once', async (t) => {
    const { story, redis } = await useSharedRedis(t);
    const { namespace, repository } = story;
    const first = await pushAll(story, 'first');
    await story.create(makeGitRepository({ namespace }, { url: repository.url }), ...makeApps(story));
    const one = await startRole(t, story, { redis, role: 'worker' });
    const two = await startRole(t, story, { redis, role: 'worker' });
    await startRole(t, story, { redis, role: 'server' });
    await allApplied(story, first);
    const second = await pushAll(story, 'second');
    await story.hook({ before: first, after: second });
    await eventually(() => assert.ok(isSyncing(second, one, two)));

    await redis.flush();

    await allApplied(story, second);
    const third = await pushAll(story, 'third');
    await story.hook({ before: second, after: third });
    await allApplied(story, third);
    assertOneRunAtATime(one, two);
  });
});

async function useSharedRedis(t: TestContext): Promise<{ story: Story; redis: TestRedis }> {
  const story = await useStory(t, { started: false, patienceMs: 60_000 });
  const redis = await startRedis(t, { port: true });
  // It has served for a while: a Redis younger than a lease grants none.
  await redis.client.set('{hawser}:born', '1');
  return { story, redis };
}

interface Role {
  readonly redis: TestRedis;
  readonly role: 'server' | 'worker';
}

async function startRole(t: TestContext, story: Story, { redis, role }: Role): Promise<HawserProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), `hawser-${role}-`));
  t.after(() => rm(dataDir, { recursive: true, force: true, maxRetries: 3 }));
  return await story.start({ dataDir, env: { REDIS_URL: redis.url, HAWSER_ROLES: role } });
}

function makeApps({ namespace }: Story) {
  return APPS.map((name) => makeKustomization({ name, namespace }, { path: name }));
}

function pushAll({ repository }: Story, content: string): Promise<string> {
  const files = APPS.map((name) => [`${name}/config.yaml`, makeConfigMap(name, { content })]);
  return repository.commitAndPush(Object.fromEntries(files));
}

async function allApplied(story: Story, sha: string): Promise<void> {
  await Promise.all(APPS.map((name) => story.applied(sha, name)));
}

/** True once a worker has fetched the commit: its Kustomizations are about to be synced, or are. */
function isSyncing(sha: string, ...workers: readonly HawserProcess[]): boolean {
  return workers.some(({ log }) => log.some((line) => line.msg === 'git' && line.sha === sha));
}

function changedSomething({ log }: HawserProcess): boolean {
  return log.some(({ msg }) => msg === 'sync changed the cluster');
}
