import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { followedStory } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeDeployment, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { sendPush } from '../support/make-push.ts';
import { makeRepository } from '../support/make-repository.ts';
import { listRuns } from '../support/sync-runs.ts';
import { type Story, WEBHOOK_SECRET } from '../support/use-story.ts';

/** More than a process holds jobs at a time. */
const COUNT = 500;
const AT_ONCE = 20;
const NAMES = Array.from({ length: COUNT }, (_, index) => `waiting-${index}`);

test(`${COUNT} Kustomizations that wait for health`, async (t) => {
  const { story } = await followedStory(
    t,
    Object.fromEntries(NAMES.map((name) => [`${name}/web.yaml`, neverReady(name)])),
  );
  const { namespace } = story;
  const repository = await makeRepository(story.gitServer, 'acme/other');
  const first = await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { colour: 'blue' }) });
  await story.create(makeGitRepository({ name: 'other', namespace }, { url: repository.url }));
  await createAll(
    story,
    NAMES.map((name) => makeKustomization({ name, namespace }, { path: name, wait: true, timeout: '2h' })),
  );
  await allWait(story);
  await report(t, story);

  const runsBefore = countRuns(story);

  await t.test('hold no slot: one more is deployed as if alone, and so is the next push to it', async () => {
    const sourceRef = { kind: 'GitRepository', name: 'other' };
    await story.create(makeKustomization({ name: 'alone', namespace }, { sourceRef }));
    await story.applied(first, 'alone');
    const second = await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { colour: 'red' }) });
    const { name, url } = repository;
    await sendPush(story.hawser.publicUrl, { secret: WEBHOOK_SECRET, repository: name, url, after: second });
    await story.applied(second, 'alone');

    assert.equal((await listWaiting(story)).length, COUNT);
  });

  await t.test('cost nothing while nothing changes: not one of them was synced meanwhile', () => {
    assert.equal(countRuns(story), runsBefore);
  });
});

/** How often the waiting ones were synced. */
function countRuns({ hawser }: Story): number {
  return listRuns(hawser).filter(({ object }) => object.includes('/waiting-')).length;
}

/** A Deployment whose rollout is paused before it has begun: no pod is ever made. */
function neverReady(name: string): string {
  return makeDeployment(name, `${name}:v1`, 1).replace('spec:\n', 'spec:\n  paused: true\n');
}

async function createAll(story: Story, objects: readonly KubeObject[]): Promise<void> {
  for (let start = 0; start < objects.length; start += AT_ONCE) {
    await Promise.all(objects.slice(start, start + AT_ONCE).map((object) => story.create(object)));
  }
}

async function listWaiting({ client, namespace }: Story): Promise<Kustomization[]> {
  const query = { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', plural: 'kustomizations', namespace };
  const { items } = await client.list(query);
  return (items as Kustomization[]).filter(({ status }) => {
    const ready = findCondition(status?.conditions, 'Ready');
    return ready?.status === 'Unknown' && ready.message.includes('waiting for: [Deployment/');
  });
}

async function allWait(story: Story): Promise<void> {
  await eventually(async () => assert.equal((await listWaiting(story)).length, COUNT), {
    timeoutMs: 120_000,
    everyMs: 500,
  });
}

async function report(t: TestContext, { hawser }: Story): Promise<void> {
  const status = await readFile(`/proc/${hawser.pid}/status`, 'utf8');
  const runs = listRuns(hawser).filter(({ object }) => object.includes('/waiting-'));
  const seconds =
    (Math.max(...runs.map(({ endedAt }) => endedAt)) - Math.min(...runs.map(({ startedAt }) => startedAt))) / 1000;
  t.diagnostic(`all wait after ${seconds} s and ${runs.length} syncs; ${/VmRSS:\s*(.*)/.exec(status)?.[1]} of memory`);
}
