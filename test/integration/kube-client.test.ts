import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import { createTransport } from '../../src/kube/create-transport.ts';
import { addFinalizer, removeFinalizer } from '../../src/kube/finalizers.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { patchStatus } from '../../src/kube/patch-status.ts';
import { KubeError } from '../../src/kube/to-kube-error.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { refOf } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { useCluster } from '../support/use-cluster.ts';
import { useProxy } from '../support/use-proxy.ts';

const fieldManager = 'kustomize-controller';

function makeConfigMap(namespace: string, data: Record<string, unknown> = { color: 'blue' }): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data };
}

/** A cluster with Widgets, whose CRD goes with the test. */
async function useWidgets(t: Parameters<typeof useCluster>[0]) {
  const cluster = await useCluster(t);
  const group = `${cluster.namespace}.example.com`;
  const crd = makeWidgetCrd(group);
  cluster.deleteAfter(crd);
  const widget: KubeObject = {
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name: 'w', namespace: cluster.namespace },
  };
  await cluster.client.apply(crd, { fieldManager });
  /** Served a few milliseconds after the CRD was accepted. */
  const applyWidget = (object: KubeObject) => eventually(() => cluster.client.apply(object, { fieldManager }));
  return { ...cluster, group, crd, widget, applyWidget };
}

test('an apply tells whether it created, changed or left the object alone', async (t) => {
  const { client, namespace } = await useCluster(t);

  const first = await client.apply(makeConfigMap(namespace), { fieldManager });
  const same = await client.apply(makeConfigMap(namespace), { fieldManager });
  const changed = await client.apply(makeConfigMap(namespace, { color: 'red' }), { fieldManager });

  assert.equal(first.created, true);
  assert.equal(same.created, false);
  assert.equal(same.object.metadata.resourceVersion, first.object.metadata.resourceVersion);
  assert.notEqual(changed.object.metadata.resourceVersion, first.object.metadata.resourceVersion);
});

test('a dry-run writes nothing', async (t) => {
  const { client, namespace } = await useCluster(t);
  const object = makeConfigMap(namespace);

  const { created } = await client.apply(object, { fieldManager, dryRun: true });

  assert.equal(created, true);
  assert.equal(await client.get(refOf(object)), undefined);
});

test("the API server's warnings come with the result", async (t) => {
  const { client, namespace } = await useCluster(t);
  const labels = { 'pod-security.kubernetes.io/warn': 'restricted' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace },
    spec: { hostNetwork: true, containers: [{ name: 'c', image: 'i' }] },
  };
  await client.mergePatch(
    { ...refOf(pod), kind: 'Namespace', namespace: '', name: namespace },
    { metadata: { labels } },
  );

  const { warnings } = await client.apply(pod, { fieldManager, dryRun: true });

  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /^would violate PodSecurity "restricted:latest": host namespaces \(hostNetwork=true\)/,
  );
});

test('metadata-only answers keep kind and metadata and leave the rest out', async (t) => {
  const { client, namespace } = await useCluster(t);
  const object = makeConfigMap(namespace);

  const applied = await client.apply(object, { fieldManager, metadataOnly: true });
  const read = await client.get(refOf(object), { metadataOnly: true });

  assert.equal(applied.object.kind, 'ConfigMap');
  assert.equal(applied.object.data, undefined);
  assert.equal(applied.object.metadata.managedFields?.[0]?.manager, fieldManager);
  assert.deepEqual([read?.apiVersion, read?.kind, read?.data], ['v1', 'ConfigMap', undefined]);
});

test('a new kind can be used right after its CRD, and no field or digit of its objects is lost', async (t) => {
  const { kubeconfig, client, widget, applyWidget, group, namespace } = await useWidgets(t);
  const transport = createTransport({ access: loadClusterAccess({ kubeconfig }), connections: 1, userAgent: 'test' });
  t.after(() => transport.stop());

  await applyWidget({ ...widget, spec: { serial: 9007199254740993n, deep: { unknown: [{ a: null }, true] } } });
  const live = await client.get(refOf(widget));
  const path = `/apis/${group}/v1/namespaces/${namespace}/widgets/w`;
  const raw = await transport.send({ method: 'GET', path, headers: {}, signal: AbortSignal.timeout(5_000) });

  assert.deepEqual((live?.spec as { deep: unknown } | undefined)?.deep, { unknown: [{ a: null }, true] });
  assert.match(raw.body, /"serial":9007199254740993[,}]/);
});

test('names with capitals and colons are found under exactly that name', async (t) => {
  const { client, namespace, deleteAfter } = await useCluster(t);
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
  const name = `Hawser:${namespace}:Reader`;
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules };
  deleteAfter(role);

  await client.apply(role, { fieldManager });

  assert.equal((await client.get(refOf(role)))?.metadata.name, name);
  assert.equal(await client.get({ ...refOf(role), name: name.toLowerCase() }), undefined);
});

test('a list gives each item its kind and honours the selector', async (t) => {
  const { client, namespace } = await useCluster(t);
  const labelled = makeConfigMap(namespace);
  labelled.metadata.labels = { app: 'a' };
  await client.apply(labelled, { fieldManager });

  const query = { group: '', version: 'v1', plural: 'configmaps', namespace, labelSelector: 'app=a' };
  const whole = await client.list(query);
  const slim = await client.list({ ...query, metadataOnly: true });

  assert.deepEqual(
    whole.items.map((item) => [item.apiVersion, item.kind, item.metadata.name]),
    [['v1', 'ConfigMap', 'settings']],
  );
  assert.deepEqual(
    slim.items.map((item) => [item.apiVersion, item.kind, item.data]),
    [['v1', 'ConfigMap', undefined]],
  );
  assert.match(whole.resourceVersion, /^\d+$/);
});

test('a kind that nobody serves is named in the words of kubectl', async (t) => {
  const { client, namespace } = await useCluster(t);
  const ref = { group: 'example.com', version: 'v1', kind: 'Gadget', namespace, name: 'g' };

  await assert.rejects(client.get(ref), {
    code: 'KUBE_KIND_NOT_SERVED',
    message: 'no matches for kind "Gadget" in version "example.com/v1"',
  });
  assert.equal(await client.delete(ref, {}), 'gone');
});

test('a kind that went away with its CRD is noticed though discovery still knew it', async (t) => {
  const { client, widget, applyWidget, crd } = await useWidgets(t);
  await applyWidget(widget);
  await client.delete(refOf(crd));

  const error = await eventually(async () => {
    const failure: unknown = await client.apply(widget, { fieldManager }).then(
      () => undefined,
      (reason) => reason,
    );
    assert.ok(failure instanceof KubeError && failure.code === 'KUBE_KIND_NOT_SERVED', String(failure));
    return failure;
  });

  assert.match(error.message, /^no matches for kind "Widget"/);
  assert.equal(await client.discovery.resolve(refOf(widget)), undefined);
});

test('a deletion holds to its preconditions and calls a missing object gone', async (t) => {
  const { client, namespace } = await useCluster(t);
  const { object } = await client.apply(makeConfigMap(namespace), { fieldManager });
  const ref = refOf(object);
  const { uid, resourceVersion } = object.metadata;

  await assert.rejects(
    client.delete(ref, { uid: 'another' }),
    (error) => error instanceof KubeError && error.isConflict,
  );
  await assert.rejects(
    client.delete(ref, { uid, resourceVersion: '1' }),
    (error) => error instanceof KubeError && error.isConflict,
  );
  assert.equal(await client.delete(ref, { uid, resourceVersion, propagation: 'Background' }), 'deleted');
  assert.equal(await client.delete(ref, { uid }), 'gone');
});

test('refusals keep the words of the API server and say what can be done about them', async (t) => {
  const { client, namespace } = await useCluster(t);
  const rejection = async (object: KubeObject) => {
    const error: unknown = await client.apply(object, { fieldManager }).then(
      () => undefined,
      (reason) => reason,
    );
    assert.ok(error instanceof KubeError);
    return error;
  };
  const claim = (storageClassName: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  await client.apply(claim('slow'), { fieldManager });

  const immutable = await rejection(claim('fast'));
  const invalid = await rejection({ ...makeConfigMap(namespace), data: { 'no/slash': 'x' } });
  const mistyped = await rejection(makeConfigMap(namespace, { count: 1 }));
  const homeless = await rejection(makeConfigMap('no-such-namespace'));

  assert.deepEqual([immutable.isImmutable, immutable.status, immutable.disposition], [true, 422, 'stalled']);
  assert.deepEqual([invalid.kubeReason, invalid.disposition], ['Invalid', 'stalled']);
  assert.deepEqual([mistyped.status, mistyped.code], [500, 'KUBE_REJECTED']);
  assert.deepEqual(
    [homeless.isNotFound, homeless.disposition, homeless.message],
    [true, 'retry', 'namespaces "no-such-namespace" not found'],
  );
});

test('a namespace on its way out is recognised', async (t) => {
  const { client, namespace } = await useCluster(t);
  const object = makeConfigMap(namespace);
  object.metadata.finalizers = ['example.com/hold'];
  const { object: held } = await client.apply(object, { fieldManager });
  await client.delete({ group: '', version: 'v1', kind: 'Namespace', namespace: '', name: namespace });

  const late = { ...makeConfigMap(namespace), metadata: { name: 'late', namespace } };
  await assert.rejects(client.create(late), (error) => error instanceof KubeError && error.isNamespaceTerminating);

  await client.mergePatch(refOf(held), { metadata: { finalizers: null } });
});

test("a Secret's values are masked in the API server's words", async (t) => {
  const { client, namespace } = await useCluster(t);
  const secret = (fields: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace },
    ...fields,
  });

  for (const fields of [
    { data: { password: 'canary-not-base64' } },
    { data: { password: 424242 } },
    { stringData: { password: { value: 'canary-nested' } } },
  ]) {
    const error: unknown = await client.apply(secret(fields), { fieldManager }).then(
      () => undefined,
      (reason) => reason,
    );
    assert.ok(error instanceof KubeError);
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error.data)}`, /canary|424242/);
  }
});

test('another identity may do only what it was granted, and shares what is known of the cluster', async (t) => {
  const { client, namespace } = await useCluster(t);
  const nobody = client.as({ name: 'system:serviceaccount:default:nobody', groups: ['system:authenticated'] });

  await assert.rejects(nobody.apply(makeConfigMap(namespace), { fieldManager }), {
    code: 'KUBE_FORBIDDEN',
    message: `configmaps "settings" is forbidden: User "system:serviceaccount:default:nobody" cannot patch resource "configmaps" in API group "" in the namespace "${namespace}"`,
  });
  assert.equal(nobody.discovery, client.discovery);
});

test('the status becomes exactly what was given, in one patch that notices others, or in none', async (t) => {
  const { client, widget, applyWidget } = await useWidgets(t);
  const { object } = await applyWidget(widget);

  const first = await patchStatus(client, object, { status: { artifact: { path: 'a', size: 1 }, list: [1, 2] } });
  const second = await patchStatus(client, first, { status: { artifact: { path: 'b' }, list: [3] } });
  const third = await patchStatus(client, second, { status: { artifact: { path: 'b' }, list: [3] } });

  assert.deepEqual(second.status, { artifact: { path: 'b' }, list: [3] });
  assert.equal(third, second);
  await assert.rejects(
    patchStatus(client, first, { status: {} }),
    (error) => error instanceof KubeError && error.isConflict,
  );
});

test('a finalizer is added and removed without touching those of others', async (t) => {
  const { client, widget, applyWidget } = await useWidgets(t);
  widget.metadata.finalizers = ['example.com/theirs'];
  const { object } = await applyWidget(widget);

  const added = await addFinalizer(client, object, { finalizer: 'finalizers.fluxcd.io' });
  const again = await addFinalizer(client, added, { finalizer: 'finalizers.fluxcd.io' });
  const removed = await removeFinalizer(client, added, { finalizer: 'finalizers.fluxcd.io' });

  assert.deepEqual(added.metadata.finalizers, ['example.com/theirs', 'finalizers.fluxcd.io']);
  assert.equal(again, added);
  assert.deepEqual(removed.metadata.finalizers, ['example.com/theirs']);
  await client.mergePatch(refOf(removed), { metadata: { finalizers: null } });
});

test('JSON patches are applied with their tests', async (t) => {
  const { client, namespace } = await useCluster(t);
  const { object } = await client.apply(makeConfigMap(namespace), { fieldManager });

  const patched = await client.jsonPatch(refOf(object), [{ op: 'replace', path: '/data/color', value: 'green' }]);

  assert.deepEqual(patched.data, { color: 'green' });
  const stale = [{ op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion }] as const;
  await assert.rejects(client.jsonPatch(refOf(object), stale), { status: 422 });
});

test('a guard that throws keeps the write from being sent', async (t) => {
  const { client, namespace } = await useCluster(t);
  const object = makeConfigMap(namespace);
  const beforeWrite = () => {
    throw new Error('the lease is lost');
  };

  await assert.rejects(client.apply(object, { fieldManager, beforeWrite }), { message: 'the lease is lost' });
  assert.equal(await client.get(refOf(object)), undefined);
});

test('no more requests are in flight than the bound', async (t) => {
  const { kubeconfig, namespace } = await useCluster(t);
  const { proxy, access } = await useProxy(t, kubeconfig);
  const client = createKubeClient({ access, maxInFlight: 3 });
  t.after(() => client.stop());

  const ref = refOf(makeConfigMap(namespace));
  await Promise.all(Array.from({ length: 40 }, () => client.get(ref)));

  assert.equal(proxy.mostConnections, 3);
});

test('an apply survives a connection that breaks; a POST that may have been done is not repeated', async (t) => {
  const { kubeconfig, client: direct, namespace } = await useCluster(t);
  const { proxy, access } = await useProxy(t, kubeconfig);
  const retried: string[] = [];
  const client = createKubeClient({
    access,
    observe: (event) => void (event.kind === 'requestRetried' && retried.push(event.method)),
  });
  t.after(() => client.stop());
  await client.get(refOf(makeConfigMap(namespace)));
  proxy.cutAtNextBytes();
  const { created } = await client.apply(makeConfigMap(namespace), { fieldManager });
  const other = { ...makeConfigMap(namespace), metadata: { name: 'other', namespace } };
  proxy.cutAtNextBytes();
  await assert.rejects(client.create(other), { code: 'KUBE_UNREACHABLE' });

  assert.equal(created, true);
  assert.deepEqual(retried, ['PATCH']);
  assert.equal(await direct.get(refOf(other)), undefined);
});

test('an aborted call ends with the reason of its signal', async (t) => {
  const { client, namespace } = await useCluster(t);
  const abort = new AbortController();
  abort.abort(new Error('superseded'));

  await assert.rejects(client.apply(makeConfigMap(namespace), { fieldManager, signal: abort.signal }), {
    message: 'superseded',
  });
});
