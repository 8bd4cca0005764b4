import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { followedStory, hasCondition, hasEvent } from '../support/deploy-story.ts';
import { forbidDeletion } from '../support/forbid-deletion.ts';
import { makeConfigMap, makeKustomization } from '../support/make-kustomization.ts';

interface Policy {
  readonly title: string;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** What is changed before the Kustomization is deleted. */
  readonly change?: Readonly<Record<string, unknown>>;
  readonly stays: boolean;
}

const POLICIES: readonly Policy[] = [
  { title: 'go with it by default', name: 'default', spec: {}, stays: false },
  { title: 'stay without prune', name: 'no-prune', spec: { prune: false }, stays: true },
  { title: 'go with MirrorPrune and prune', name: 'mirror', spec: { deletionPolicy: 'MirrorPrune' }, stays: false },
  {
    title: 'stay with MirrorPrune and no prune',
    name: 'mirror-no-prune',
    spec: { deletionPolicy: 'MirrorPrune', prune: false },
    stays: true,
  },
  {
    title: 'go with Delete, whatever prune says',
    name: 'delete',
    spec: { deletionPolicy: 'Delete', prune: false },
    stays: false,
  },
  {
    title: 'go with WaitForTermination, whatever prune says',
    name: 'wait',
    spec: { deletionPolicy: 'WaitForTermination', prune: false },
    stays: false,
  },
  { title: 'stay with Orphan', name: 'orphan', spec: { deletionPolicy: 'Orphan' }, stays: true },
  { title: 'stay while it is suspended', name: 'suspended', spec: {}, change: { suspend: true }, stays: true },
  {
    title: 'stay while it is suspended, whatever the policy says',
    name: 'suspended-delete',
    spec: { deletionPolicy: 'Delete' },
    change: { suspend: true },
    stays: true,
  },
  {
    title: 'stay with Orphan where their cluster cannot be reached any more',
    name: 'unreachable',
    spec: { deletionPolicy: 'Orphan' },
    change: { kubeConfig: { secretRef: { name: 'missing' } } },
    stays: true,
  },
];

test('the objects of a deleted Kustomization', async (t) => {
  const files = Object.fromEntries(POLICIES.map(({ name }) => [`${name}/object.yaml`, makeConfigMap(name, {})]));
  const { story, first } = await followedStory(t, files);
  const { namespace, kubectl } = story;
  for (const { name, spec } of POLICIES) {
    await story.create(makeKustomization({ name, namespace }, { path: `./${name}`, ...spec }));
  }

  for (const { title, name, change, stays } of POLICIES) {
    await t.test(title, async () => {
      await story.applied(first, name);
      if (change) {
        await kubectl('patch', 'kustomization', name, '--type=merge', '-p', JSON.stringify({ spec: change }));
      }

      await kubectl('delete', 'kustomization', name, '--timeout=20s');

      const object = await story.get('v1', 'ConfigMap', name);
      assert.equal(object !== undefined, stays);
      assert.equal(object?.metadata.deletionTimestamp, undefined);
      if (!stays) await hasEvent(story, 'Progressing', `ConfigMap/${namespace}/${name} deleted`);
    });
  }
});

describe('a Kustomization that is being deleted', () => {
  test('waits with WaitForTermination, names what holds it up, and goes as soon as that is gone', async (t) => {
    const { story, release } = await deployedHeld(t, { deletionPolicy: 'WaitForTermination', timeout: '5m' });
    const subject = `ConfigMap/${story.namespace}/held`;

    await story.kubectl('delete', 'kustomization', 'app', '--wait=false');

    await hasCondition(story, {
      type: 'Ready',
      status: 'Unknown',
      message: new RegExp(`waiting for: \\[${subject} status: 'Terminating': held by example.com/hold\\]`),
    });
    await release();
    await story.kubectl('wait', '--for=delete', 'kustomization/app', '--timeout=20s');
    assert.equal(await story.get('v1', 'ConfigMap', 'held'), undefined);
  });

  test('waits no longer than spec.timeout, and tells what it has not waited for', async (t) => {
    const { story } = await deployedHeld(t, { deletionPolicy: 'WaitForTermination', timeout: '1s' });

    await story.kubectl('delete', 'kustomization', 'app', '--timeout=60s');

    assert.ok((await story.get('v1', 'ConfigMap', 'held'))?.metadata.deletionTimestamp);
    await hasEvent(story, 'PruneFailed', `timeout waiting for termination: [ConfigMap/${story.namespace}/held`);
  });

  test('does not wait for finalizers of its objects otherwise', async (t) => {
    const { story } = await deployedHeld(t, {});

    await story.kubectl('delete', 'kustomization', 'app', '--timeout=20s');

    assert.ok((await story.get('v1', 'ConfigMap', 'held'))?.metadata.deletionTimestamp);
  });

  test('stays while an object of its may not be deleted, names it, and goes once it may', async (t) => {
    const { story, first } = await followedStory(t, {
      'settings.yaml': makeConfigMap('settings', {}),
      'account.yaml': 'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: runner\n',
    });
    const { namespace, kubectl } = story;
    await story.create(makeKustomization({ namespace }));
    await story.applied(first);
    const allow = await forbidDeletion(t, story);

    await kubectl('delete', 'kustomization', 'app', '--wait=false');

    const message = new RegExp(`^ConfigMap/${namespace}/settings delete failed: .*settings must stay`);
    const refused = await hasCondition(story, { type: 'Ready', status: 'False', reason: 'PruneFailed', message });
    assert.deepEqual(refused.status?.inventory?.entries, [{ id: `${namespace}_settings__ConfigMap`, v: 'v1' }]);
    assert.equal(await story.get('v1', 'ServiceAccount', 'runner'), undefined);
    await allow();
    await kubectl('wait', '--for=delete', 'kustomization/app', '--timeout=20s');
    assert.equal(await story.get('v1', 'ConfigMap', 'settings'), undefined);
  });
});

/** A Kustomization whose only object is held by a finalizer. */
async function deployedHeld(t: TestContext, spec: Readonly<Record<string, unknown>>) {
  const manifest = makeConfigMap('held', {}).replace('name: held', 'name: held\n  finalizers: [example.com/hold]');
  const { story, first } = await followedStory(t, { 'held.yaml': manifest });
  const patch = ['patch', 'configmap', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}'];
  const release = () => story.kubectl(...patch);
  t.after(() => release().catch(() => undefined));
  await story.create(makeKustomization({ namespace: story.namespace }, spec));
  await story.applied(first);
  return { story, release };
}
