import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { startRedis } from '../support/start-redis.ts';
import { assertOneRunAtATime } from '../support/sync-runs.ts';
import { useStory } from '../support/use-story.ts';

describe('Redis emptied while it runs', () => {
  for (const kind of ['own', 'external'] as const) {
    test(`costs nothing but time: pushes with and without a hook still land (${kind} Redis)`, async (t) => {
      const story = await useStory(t, { started: false, patienceMs: 60_000 });
      const external = kind === 'external' ? await startRedis(t, { port: true }) : undefined;
      // It has served for a while: a Redis younger than a lease grants none.
      await external?.client.set('{hawser}:born', '1');
      await story.start({ env: external ? { REDIS_URL: external.url } : {} });
      const { namespace, repository } = story;
      const push = (colour: string) =>
        repository.commitAndPush({ 'config.yaml': makeConfigMap('settings', { colour }) });
      const first = await push('red');
      const polled = makeGitRepository({ namespace }, { url: repository.url, interval: '1s' });
      await story.create(polled, makeKustomization({ namespace }));
      await story.applied(first);
      const client = external?.client ?? new Redis({ path: join(story.hawser.dataDir, 'redis', 'redis.sock') });
      if (!external) t.after(() => client.disconnect());

      const second = await push('blue');
      await client.flushall();
      await story.applied(second);
      const third = await push('green');
      await client.flushall();
      await story.hook({ before: second, after: third });

      await story.applied(third);
      assert.deepEqual((await story.get('v1', 'ConfigMap', 'settings'))?.data, { colour: 'green' });
      await story.github.waitFor(({ sha, state }) => sha === third && state === 'success', 30_000);
      const fourth = await push('white');
      await story.hook({ before: third, after: fourth });
      await story.applied(fourth);
      await eventually(async () => assert.ok(await client.zscore('{hawser}:wake', `Kustomization/${namespace}/app`)));
      assertOneRunAtATime(story.hawser);
    });
  }
});
