import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { type ApiGate, type ApiRequest, startApiGate } from '../support/start-api-gate.ts';
import { startRedis } from '../support/start-redis.ts';
import { assertOneRunAtATime, listRuns } from '../support/sync-runs.ts';
import { type Story, useStory } from '../support/use-story.ts';

/** On a shared Redis a killed process' lease and job lock must end first. */
const PATIENCE_MS = 60_000;
const REDIS_KINDS = ['its own Redis', 'an external Redis'] as const;

for (const kind of REDIS_KINDS) {
  describe(`a process with ${kind}`, () => {
    test('killed while it asks the remote lands the push after its restart', async (t) => {
      const { story, env, first } = await useDeployed(t, kind);
      const { gitServer } = story;
      const second = await pushSettings(story, 'blue');
      gitServer.set({ delayMs: 600_000 });
      const asked = gitServer.requests.length;
      await story.hook({ before: first, after: second });
      await eventually(() => assert.ok(gitServer.requests.length > asked, 'the remote is not asked yet'));

      await story.hawser.end('SIGKILL');
      gitServer.set({ delayMs: undefined });
      await story.start({ env });

      await story.applied(second);
      assert.deepEqual(await settingsOf(story), { colour: 'blue' });
      await story.github.waitFor(({ sha, state }) => sha === second && state === 'success', PATIENCE_MS);
      assertOneRunAtATime(story.hawser);
    });

    test('killed between apply and status tells the result after its restart', async (t) => {
      const { story, env, gate, first } = await useDeployed(t, kind);
      const second = await pushSettings(story, 'blue');
      const conclusion = gate.hold((request) => saysApplied(request, second));
      await story.hook({ before: first, after: second });
      await conclusion.arrived();
      assert.deepEqual(await settingsOf(story), { colour: 'blue' });

      await story.hawser.end('SIGKILL');
      conclusion.drop();
      assert.equal((await story.kustomization()).status?.lastAppliedRevision, `main@sha1:${first}`);
      await story.start({ env });

      const { status } = await story.applied(second);
      assert.equal(status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
      await story.github.waitFor(({ sha, state }) => sha === second && state === 'success', PATIENCE_MS);
      assertOneRunAtATime(story.hawser);
    });
  });
}

describe('a graceful stop during a sync', () => {
  test('hands the sync back, and whoever starts next finishes it', async (t) => {
    const { story, gate, first } = await useDeployed(t, 'its own Redis');
    const second = await pushSettings(story, 'blue');
    const write = gate.hold((request) => isWriteOf(request, 'settings'));
    await story.hook({ before: first, after: second });
    await write.arrived();

    const code = await story.hawser.end('SIGTERM');

    assert.equal(code, 0);
    assert.deepEqual(
      listRuns(story.hawser).filter(({ endedAt }) => endedAt === Infinity),
      [],
      'a sync was left behind',
    );
    write.drop();
    await story.start();
    await story.applied(second);
    assert.deepEqual(await settingsOf(story), { colour: 'blue' });
  });

  test('leaves no lease behind that another process would have to wait for', async (t) => {
    const { story, gate, first, redis } = await useDeployed(t, 'an external Redis');
    const second = await pushSettings(story, 'blue');
    const write = gate.hold((request) => isWriteOf(request, 'settings'));
    await story.hook({ before: first, after: second });
    await write.arrived();

    const code = await story.hawser.end('SIGTERM');

    assert.equal(code, 0);
    assert.deepEqual(await redis?.client.keys('{hawser}:lease:*'), []);
    assert.equal(await redis?.client.llen('{hawser}:kustomization-sync:active'), 0);
    write.drop();
    await story.start({ env: { REDIS_URL: redis?.url ?? '' } });
    await story.applied(second);
  });
});

/** A process that reaches its cluster through a gate, with one push deployed. */
async function useDeployed(t: Parameters<typeof useStory>[0], kind: (typeof REDIS_KINDS)[number]) {
  const story = await useStory(t, { started: false, patienceMs: PATIENCE_MS });
  const gate = await startApiGate(t, story.kubeconfig);
  const redis = kind === 'an external Redis' ? await startRedis(t, { port: true }) : undefined;
  // It has served for a while: a Redis younger than a lease grants none.
  await redis?.client.set('{hawser}:born', '1');
  const env: Record<string, string> = redis ? { REDIS_URL: redis.url } : {};
  await story.start({ kubeconfig: gate.kubeconfig, env });
  const { namespace, repository } = story;
  const first = await pushSettings(story, 'red');
  await story.create(makeGitRepository({ namespace }, { url: repository.url }), makeKustomization({ namespace }));
  await story.applied(first);
  return { story, gate, redis, env, first } satisfies { gate: ApiGate } & Record<string, unknown>;
}

function pushSettings({ repository }: Story, colour: string): Promise<string> {
  return repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour }) });
}

async function settingsOf(story: Story) {
  return (await story.get('v1', 'ConfigMap', 'settings'))?.data;
}

function isWriteOf({ method, path }: ApiRequest, name: string): boolean {
  return method === 'PATCH' && path.includes(`/configmaps/${name}?`) && !path.includes('dryRun');
}

function saysApplied({ method, path, body }: ApiRequest, sha: string): boolean {
  return method === 'PATCH' && path.includes('/status') && body.includes(`"lastAppliedRevision":"main@sha1:${sha}"`);
}
