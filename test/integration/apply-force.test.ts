import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitGone } from '../../src/apply/wait-gone.ts';
import { HawserError, messageOf } from '../../src/errors/hawser-error.ts';
import { formatSubject, type KubeObject, type ObjectRef, refOf } from '../../src/model/kube-object.ts';
import { annotate, configMap, configRef, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { eventually } from '../support/eventually.ts';
import { makeDeployment } from '../support/make-kustomization.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

interface Immutable {
  readonly name: string;
  readonly object: (bench: ApplyBench, value: string) => KubeObject;
}

const IMMUTABLES: readonly Immutable[] = [
  { name: 'the role of a RoleBinding', object: (_, role) => makeBinding(role) },
  { name: 'the data of an immutable Secret', object: (_, value) => makeSecret(value) },
  { name: 'the template of a Job', object: (_, image) => makeJob(image) },
  { name: 'the parameters of a StorageClass', object: makeStorageClass },
];

describe('a field that cannot be changed', () => {
  for (const { name, object } of IMMUTABLES) {
    test(`${name} is refused for good without force, and the object stays`, async (t) => {
      const bench = await useApply(t);
      await bench.apply(toManifests(object(bench, 'one')));
      const ref = inBench(bench, object(bench, 'one'));
      const before = await readObject(bench, ref);

      const { failures } = await bench.apply(toManifests(object(bench, 'two')));

      assert.match(messageOf(failures[0]), new RegExp(`^${formatSubject(ref)} apply failed`));
      assert.equal((failures[0] as HawserError).disposition, 'stalled');
      assert.equal((await readObject(bench, ref)).metadata.uid, before.metadata.uid);
    });

    test(`${name} is changed with force: the object is deleted and created anew`, async (t) => {
      const bench = await useApply(t);
      await bench.apply(toManifests(object(bench, 'one')));
      const ref = inBench(bench, object(bench, 'one'));
      const before = await readObject(bench, ref);

      const result = await bench.apply(toManifests(object(bench, 'two')), { force: true });

      assert.deepEqual(result.failures.map(messageOf), []);
      assert.deepEqual(linesOf(result), [`${ref.kind} ${ref.name} created`]);
      assert.match(result.changes[0]?.notes?.join() ?? '', /created anew/);
      const after = await readObject(bench, ref);
      assert.notEqual(after.metadata.uid, before.metadata.uid);
      assert.match(JSON.stringify(after), /"two"|dHdv/);
    });
  }

  test('force passes the trial of a set as well', async (t) => {
    const bench = await useApply(t);
    await bench.apply(toManifests(configMap('a', { x: '1' }), makeSecret('one')));

    const result = await bench.apply(toManifests(configMap('a', { x: '2' }), makeSecret('two')), { force: true });

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.deepEqual(linesOf(result).sort(), ['ConfigMap a configured', 'Secret key created']);
  });

  for (const where of ['in Git', 'in the cluster'] as const) {
    test(`the annotation force: enabled, set ${where}, permits it for one object`, async (t) => {
      const bench = await useApply(t);
      await bench.apply(toManifests(makeSecret('one')));
      const forced = annotate(makeSecret('two'), { force: 'Enabled' });
      const { annotations } = forced.metadata;
      if (where === 'in the cluster') {
        await bench.client.mergePatch(inBench(bench, forced), { metadata: { annotations } });
      }

      const result = await bench.apply(toManifests(where === 'in Git' ? forced : makeSecret('two')));

      assert.deepEqual(result.failures.map(messageOf), []);
      assert.deepEqual(linesOf(result), ['Secret key created']);
    });
  }

  test('force never deletes because of a value that is not valid', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeDeployment('web', 'web:v1'));
    const ref = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: bench.namespace, name: 'web' };
    const { uid } = (await readObject(bench, ref)).metadata;
    bench.calls();

    const { failures } = await bench.apply(makeDeployment('web', 'web:v1', -1), { force: true });

    assert.match(messageOf(failures[0]), /apply failed \(Invalid\): .*replicas/);
    assert.equal((await readObject(bench, ref)).metadata.uid, uid);
    assert.deepEqual(bench.calls(), { apply: 1 });
  });

  test('an object that finalizers hold is created anew once they have let it go', async (t) => {
    const bench = await useApply(t);
    const { ref, before } = await applyHeld(bench);

    const forced = bench.apply(toManifests(held('two')), { force: true });
    await untilTerminating(bench, ref);
    await bench.client.mergePatch(ref, { metadata: { finalizers: null } });
    const result = await forced;

    assert.deepEqual(result.failures.map(messageOf), []);
    const after = await readObject(bench, ref);
    assert.notEqual(after.metadata.uid, before.metadata.uid);
    assert.deepEqual(after.data, { x: 'two' });
  });

  test('when the time is up, the error names the finalizers', async (t) => {
    const bench = await useApply(t);
    const { ref } = await applyHeld(bench);
    const time = new AbortController();

    const forced = bench.apply(toManifests(held('two')), { force: true, signal: time.signal });
    await untilTerminating(bench, ref);
    time.abort(new DOMException('the time is up', 'TimeoutError'));
    const { failures } = await forced;

    assert.deepEqual(failures.map(messageOf), [
      `ConfigMap/${bench.namespace}/held is still being deleted: its finalizers are example.com/hold`,
    ]);
    await bench.client.mergePatch(ref, { metadata: { finalizers: null } });
  });

  test('a lost lease ends the wait with its own reason', async (t) => {
    const bench = await useApply(t);
    const { ref } = await applyHeld(bench);
    const lease = new AbortController();

    const forced = bench.apply(toManifests(held('two')), { force: true, signal: lease.signal });
    const refused = assert.rejects(forced, { code: 'SYNC_LEASE_LOST' });
    await untilTerminating(bench, ref);
    lease.abort(new HawserError('SYNC_LEASE_LOST', 'the lease is lost'));
    await refused;

    await bench.client.mergePatch(ref, { metadata: { finalizers: null } });
  });
});

describe('waiting until objects are gone', () => {
  test('what is not there, and what is of an unknown kind, is gone', async (t) => {
    const bench = await useApply(t);
    const unknown = { group: 'example.org', version: 'v1', kind: 'Nothing', namespace: bench.namespace, name: 'x' };

    await waitGone(bench.client, [configRef(bench, 'a'), unknown], AbortSignal.timeout(20_000));
  });

  test('another object of the same name is not the one that was waited for', async (t) => {
    const bench = await useApply(t);
    await bench.apply(toManifests(configMap('a', { x: '1' })));

    await waitGone(bench.client, [{ ...configRef(bench, 'a'), uid: 'of-another' }], AbortSignal.timeout(20_000));
  });

  test('every object that is left is named', async (t) => {
    const bench = await useApply(t);
    await bench.apply(toManifests(configMap('a', {}), configMap('b', {})));
    const time = AbortSignal.timeout(300);

    await assert.rejects(waitGone(bench.client, [configRef(bench, 'a'), configRef(bench, 'b')], time), {
      code: 'OBJECT_TERMINATING',
      message: `ConfigMap/${bench.namespace}/a is still being deleted\nConfigMap/${bench.namespace}/b is still being deleted`,
    });
  });
});

async function applyHeld(bench: ApplyBench) {
  await bench.apply(toManifests(held('one')));
  const ref = configRef(bench, 'held');
  const before = await bench.client.mergePatch(ref, { metadata: { finalizers: ['example.com/hold'] } });
  return { ref, before };
}

function held(value: string): KubeObject {
  return { ...configMap('held', { x: value }), immutable: true };
}

function untilTerminating(bench: ApplyBench, ref: ObjectRef) {
  return eventually(async () => assert.ok((await readObject(bench, ref)).metadata.deletionTimestamp));
}

function inBench({ namespace }: ApplyBench, object: KubeObject): ObjectRef {
  return { ...refOf(object), namespace: object.kind === 'StorageClass' ? '' : namespace };
}

function makeBinding(role: string): KubeObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'binding' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'somebody' }],
  };
}

function makeSecret(value: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, immutable: true, stringData: { value } };
}

function makeStorageClass(bench: ApplyBench, tier: string): KubeObject {
  const metadata = { name: bench.namespace };
  const kind = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' };
  const object: KubeObject = { ...kind, metadata, provisioner: 'example.com/disk', parameters: { tier } };
  bench.deleteAfter(object);
  return object;
}

function makeJob(image: string): KubeObject {
  const spec = { restartPolicy: 'Never', containers: [{ name: 'work', image }] };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'work' }, spec: { template: { spec } } };
}
