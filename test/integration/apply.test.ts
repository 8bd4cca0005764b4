import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageOf } from '../../src/errors/hawser-error.ts';
import { formatSubject, type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { createKubectl } from '../support/kubectl.ts';
import { makeConfigMap, makeDeployment } from '../support/make-kustomization.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { useApply } from '../support/use-apply.ts';

const set = (...manifests: string[]) => manifests.join('---\n');
const config = (name: string) => ({ group: '', version: 'v1', kind: 'ConfigMap', name });

describe('the calls that a sync costs', () => {
  test('a changed set is tried as a whole, then written: n dry-runs, n writes', async (t) => {
    const bench = await useApply(t);

    const { changes } = await bench.apply(set(makeConfigMap('a', { x: '1' }), makeConfigMap('b', { x: '1' })));

    assert.deepEqual(bench.calls(), { dryRun: 2, apply: 2 });
    assert.deepEqual(
      changes.map(({ action }) => action),
      ['created', 'created'],
    );
  });

  test('one changed object is written at once, the unchanged ones cost nothing', async (t) => {
    const bench = await useApply(t);
    await bench.apply(set(makeConfigMap('a', { x: '1' }), makeConfigMap('b', { x: '1' })));
    bench.calls();

    const { changes } = await bench.apply(set(makeConfigMap('a', { x: '2' }), makeConfigMap('b', { x: '1' })));

    assert.deepEqual(bench.calls(), { apply: 1 });
    assert.deepEqual(
      changes.map(({ ref, action }) => `${ref.name} ${action}`),
      ['a configured'],
    );
  });

  test('an unchanged set costs no call at all', async (t) => {
    const bench = await useApply(t);
    const manifests = set(makeConfigMap('a', { x: '1' }), makeDeployment('web', 'web:v1'));
    await bench.apply(manifests);
    bench.calls();

    const { changes } = await bench.apply(manifests);

    assert.deepEqual(bench.calls(), {});
    assert.deepEqual(changes, []);
  });

  test('what is pruned costs a look and a delete', async (t) => {
    const bench = await useApply(t);
    const before = await bench.apply(set(makeConfigMap('a', { x: '1' }), makeConfigMap('b', { x: '1' })));
    bench.calls();

    const { pruned } = await bench.apply(makeConfigMap('a', { x: '1' }), {
      inventory: before.plan.desired.map(({ ref }) => ref),
    });

    assert.deepEqual(bench.calls(), { get: 1, delete: 1 });
    assert.deepEqual(
      pruned.changes.map(({ ref, action }) => `${ref.name} ${action}`),
      ['b deleted'],
    );
  });
});

describe('a set with a broken object', () => {
  test('writes nothing, and names the object and the reason', async (t) => {
    const bench = await useApply(t);
    const broken = makeDeployment('web', 'web:v1').replace('replicas: 2', 'replicas: -1');

    const { failures, hasWritten } = await bench.apply(set(makeConfigMap('a', { x: '1' }), broken));

    assert.equal(hasWritten, false);
    assert.match(
      messageOf(failures[0]),
      new RegExp(`^Deployment/${bench.namespace}/web dry-run failed \\(Invalid\\): .*replicas`),
    );
    assert.equal(await bench.client.get({ ...config('a'), namespace: bench.namespace }), undefined);
  });

  test('leaves an object alone whose immutable field was changed', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeDeployment('web', 'web:v1'));

    const { failures } = await bench.apply(makeDeployment('web', 'web:v2').replaceAll('app: web', 'app: other'));

    assert.match(messageOf(failures[0]), /^Deployment\/.*\/web apply failed \(Invalid\): .*field is immutable/);
    assert.equal(imageOf(await readWeb(bench)), 'web:v1');
  });
});

describe('fields of others', () => {
  test('what kubectl apply left is taken over: fields that Git does not hold go away', async (t) => {
    const bench = await useApply(t);
    const kubectl = createKubectl(bench.kubeconfig, bench.namespace);
    await kubectl('create', 'configmap', 'a', '--from-literal=x=0', '--from-literal=old=1', '--save-config');

    await bench.apply(makeConfigMap('a', { x: '1' }));

    const found = await bench.client.get({ ...config('a'), namespace: bench.namespace });
    assert.deepEqual(found?.data, { x: '1' });
    assert.equal(found?.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'], undefined);
    assert.deepEqual(
      found?.metadata.managedFields?.map(({ manager }) => manager),
      ['kustomize-controller'],
    );
  });

  test('a field of another manager that Git does not hold is left to it', async (t) => {
    const bench = await useApply(t);
    const manifest = makeDeployment('web', 'web:v1').replace('  replicas: 2\n', '');
    await bench.apply(manifest);
    const web = await readWeb(bench);
    const scaled = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: pick(web), spec: { replicas: 3 } };
    await bench.client.apply(scaled, { fieldManager: 'autoscaler' });

    await bench.apply(manifest.replace('web:v1', 'web:v2'));

    const after = await readWeb(bench);
    assert.equal((after?.spec as { replicas?: number } | undefined)?.replicas, 3);
    assert.equal(imageOf(after), 'web:v2');
  });

  test('an object whose managedFields name a version that is no longer served can be applied again', async (t) => {
    const bench = await useApply(t);
    const group = `${bench.namespace}.example.com`;
    const crd = makeWidgetCrd(group);
    const { versions } = crd.spec as { versions: { name: string; storage: boolean }[] };
    const old = versions.map((version) => ({ ...version, name: 'v1beta1', storage: false }));
    bench.deleteAfter(crd);
    await bench.client.create({ ...crd, spec: { ...(crd.spec as object), versions: [...versions, ...old] } });
    const ref = { group, version: 'v1', kind: 'Widget', namespace: bench.namespace, name: 'w' };
    const metadata = { name: 'w', namespace: bench.namespace };
    const widget = (size: number) => toYaml({ apiVersion: `${group}/v1`, kind: 'Widget', metadata, spec: { size } });
    await eventually(async () => assert.deepEqual((await bench.apply(widget(1))).failures.map(messageOf), []));
    const colour = { apiVersion: `${group}/v1beta1`, kind: 'Widget', metadata, spec: { colour: 'red' } };
    await eventually(() => bench.client.apply(colour, { fieldManager: 'somebody' }));
    await bench.client.mergePatch(refOf(crd), { spec: { versions } });
    const reapply = { ...colour, apiVersion: `${group}/v1`, spec: { size: 9 } };
    await eventually(() =>
      assert.rejects(bench.client.apply(reapply, { fieldManager: 'another', dryRun: true }), /invalid group\/version/),
    );

    const { failures } = await bench.apply(widget(2));

    assert.deepEqual(failures.map(messageOf), []);
    assert.deepEqual((await bench.client.get(ref))?.spec, { colour: 'red', size: 2 });
  });
});

describe('pruning', () => {
  test('leaves what carries the labels of another owner, and forgets it', async (t) => {
    const bench = await useApply(t);
    const before = await bench.apply(makeConfigMap('a', { x: '1' }));
    const ref = { ...config('a'), namespace: bench.namespace };
    const labels = { 'kustomize.toolkit.fluxcd.io/name': 'other' };
    await bench.client.mergePatch(ref, { metadata: { labels } });

    const { pruned } = await bench.apply('', { inventory: before.plan.desired.map((object) => object.ref) });

    assert.deepEqual(
      pruned.changes.map(({ action }) => action),
      ['skipped'],
    );
    assert.deepEqual(pruned.survivors, []);
    assert.ok(await bench.client.get(ref));
  });

  test('an object that cannot be deleted stays in the inventory and is named', async (t) => {
    const bench = await useApply(t);
    const kubectl = createKubectl(bench.kubeconfig, bench.namespace);
    const before = await bench.apply(makeConfigMap('a', { x: '1' }));
    for (const object of makeDeletionPolicy(bench.namespace)) {
      bench.deleteAfter(object);
      await bench.client.create(object);
    }
    await eventually(() => assert.rejects(kubectl('delete', 'configmap', 'a', '--dry-run=server'), /kept on purpose/));

    const { pruned } = await bench.apply('', { inventory: before.plan.desired.map((object) => object.ref) });

    assert.deepEqual(pruned.survivors.map(formatSubject), [`ConfigMap/${bench.namespace}/a`]);
    assert.match(messageOf(pruned.failures[0]), /^ConfigMap\/.*\/a delete failed: .*kept on purpose/);
  });
});

/** The API server's own way to refuse a deletion. */
function makeDeletionPolicy(namespace: string): KubeObject[] {
  const group = 'admissionregistration.k8s.io/v1';
  const name = `keep-${namespace}`;
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['configmaps'] }];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  return [
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: { resourceRules, namespaceSelector },
        validations: [{ expression: "oldObject.metadata.name != 'a'", message: 'kept on purpose' }],
      },
    },
    {
      apiVersion: group,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}

/** JSON is YAML. */
function toYaml(object: KubeObject): string {
  return JSON.stringify(object);
}

function readWeb(bench: {
  client: { get: (ref: ReturnType<typeof refOf>) => Promise<KubeObject | undefined> };
  namespace: string;
}) {
  return bench.client.get({
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    namespace: bench.namespace,
    name: 'web',
  });
}

function imageOf(deployment: KubeObject | undefined): string | undefined {
  const spec = deployment?.spec as { template?: { spec?: { containers?: { image?: string }[] } } } | undefined;
  return spec?.template?.spec?.containers?.[0]?.image;
}

function pick(object: KubeObject | undefined): { name: string; namespace?: string } {
  const { name = '', namespace } = object?.metadata ?? {};
  return namespace === undefined ? { name } : { name, namespace };
}
