import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCache } from '../../src/kube/create-cache.ts';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import { createTransport } from '../../src/kube/create-transport.ts';
import type { KubeClient, KubeClientEvent, ListQuery } from '../../src/kube/kube-client.ts';
import type { KubeContext } from '../../src/kube/kube-context.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { startWatch } from '../../src/kube/start-watch.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { refOf } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { useCluster } from '../support/use-cluster.ts';
import { useProxy } from '../support/use-proxy.ts';

const fieldManager = 'kustomize-controller';

function makeConfigMap(namespace: string, name: string, labels: Record<string, string> = { app: 'a' }): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data: { color: 'blue' } };
}

function queryOf(namespace: string): ListQuery {
  return { group: '', version: 'v1', plural: 'configmaps', namespace, labelSelector: 'app=a' };
}

/** Writes down what a watch brings, as `ADDED one` and `snapshot one,two`. */
function createRecording() {
  const lines: string[] = [];
  return {
    lines,
    handlers: {
      onSnapshot: (items: KubeObject[]) =>
        void lines.push(`snapshot ${items.map((item) => item.metadata.name).join()}`),
      onEvent: (type: string, object: KubeObject) => void lines.push(`${type} ${object.metadata.name}`),
    },
  };
}

async function seen(lines: readonly string[], wanted: string): Promise<void> {
  await eventually(() => assert.ok(lines.includes(wanted), `${wanted} is not among ${lines.join('; ')}`));
}

function useWatch(t: TestContext, client: KubeClient, query: ListQuery) {
  const recording = createRecording();
  const watch = client.watch(query, recording.handlers);
  t.after(() => watch.stop());
  return { ...recording, watch };
}

/** A client over a wire of its own, with what it tells its observer. */
async function useProxiedClient(t: TestContext, options: { watchSilenceMs?: number } = {}) {
  const cluster = await useCluster(t);
  const { proxy, access } = await useProxy(t, cluster.kubeconfig);
  const restarts: Extract<KubeClientEvent, { kind: 'watchRestarted' }>[] = [];
  const observe = (event: KubeClientEvent) => void (event.kind === 'watchRestarted' && restarts.push(event));
  const client = createKubeClient({ access, observe, ...options });
  t.after(() => client.stop());
  return { namespace: cluster.namespace, direct: cluster.client, proxy, client, restarts };
}

test('a watch brings what is there, then each change with its kind', async (t) => {
  const { client, namespace } = await useCluster(t);
  await client.apply(makeConfigMap(namespace, 'one'), { fieldManager });
  const { lines, watch } = useWatch(t, client, { ...queryOf(namespace), metadataOnly: true });
  await watch.synced;

  const { object } = await client.apply(makeConfigMap(namespace, 'two'), { fieldManager });
  await client.mergePatch(refOf(object), { metadata: { annotations: { a: 'b' } } });
  await client.delete(refOf(object));

  await seen(lines, 'DELETED two');
  assert.deepEqual(lines, ['snapshot one', 'ADDED two', 'MODIFIED two', 'DELETED two']);
});

test('an object that loses the selected label is seen as deleted', async (t) => {
  const { client, namespace } = await useCluster(t);
  const { object } = await client.apply(makeConfigMap(namespace, 'one'), { fieldManager });
  const { lines, watch } = useWatch(t, client, queryOf(namespace));
  await watch.synced;

  await client.mergePatch(refOf(object), { metadata: { labels: { app: null } } });

  await seen(lines, 'DELETED one');
});

test('a watch whose connection was cut goes on where it was, without a second list', async (t) => {
  const { client, direct, namespace, proxy, restarts } = await useProxiedClient(t);
  const { lines, watch } = useWatch(t, client, queryOf(namespace));
  await watch.synced;
  await direct.apply(makeConfigMap(namespace, 'one'), { fieldManager });
  await seen(lines, 'ADDED one');

  proxy.refuse(true);
  proxy.cut();
  await direct.apply(makeConfigMap(namespace, 'missed'), { fieldManager });
  await eventually(() => assert.ok(restarts.length > 0));
  proxy.refuse(false);

  await seen(lines, 'ADDED missed');
  assert.deepEqual(lines, ['snapshot ', 'ADDED one', 'ADDED missed']);
  assert.equal(restarts[0]?.cause, 'failed');
});

test('a watch that hears nothing any more is given up and goes on over a new connection', async (t) => {
  const { client, direct, namespace, proxy, restarts } = await useProxiedClient(t, { watchSilenceMs: 300 });
  const { lines, watch } = useWatch(t, client, queryOf(namespace));
  await watch.synced;
  await direct.apply(makeConfigMap(namespace, 'one'), { fieldManager });
  await seen(lines, 'ADDED one');
  restarts.length = 0;

  proxy.freeze();
  await direct.apply(makeConfigMap(namespace, 'missed'), { fieldManager });

  await eventually(() =>
    assert.ok(
      lines.some((line) => line.includes('missed')),
      lines.join('; '),
    ),
  );
  assert.match(String(restarts[0]?.error), /silent for 0.3 s/);
});

test('a version that the API server no longer has leads to a new list', async (t) => {
  const { client, kubeconfig, namespace, deleteAfter } = await useCluster(t);
  const access = loadClusterAccess({ kubeconfig });
  const transport = createTransport({ access, connections: 1, userAgent: 'test' });
  t.after(() => transport.stop());
  const restarts: unknown[] = [];
  const observe = (event: KubeClientEvent) => void (event.kind === 'watchRestarted' && restarts.push(event.cause));
  const call = () => Promise.reject(new Error('the watch itself makes no calls'));
  const shared = { server: access.server, transport, discovery: client.discovery, headers: {}, watchSilenceMs: 75_000 };
  const context: KubeContext = { ...shared, call, observe };
  // The history of a kind begins with its CRD, so that version 1 is too old for it.
  const group = `${namespace}.example.com`;
  const crd = makeWidgetCrd(group);
  deleteAfter(crd);
  const makeWidget = (name: string) => ({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name, namespace } });
  await client.apply(crd, { fieldManager });
  await eventually(() => client.apply(makeWidget('one'), { fieldManager }));
  let lists = 0;
  const list = async (query: ListQuery) => {
    lists += 1;
    const current = await client.list(query);
    return lists === 1 ? { ...current, resourceVersion: '1' } : current;
  };
  const { lines, handlers } = createRecording();

  const watch = startWatch({ context, list }, { group, version: 'v1', plural: 'widgets' }, handlers);
  t.after(() => watch.stop());

  await eventually(() => assert.deepEqual(lines, ['snapshot one', 'snapshot one']));
  await client.apply(makeWidget('two'), { fieldManager });
  await seen(lines, 'ADDED two');
  assert.deepEqual(lines, ['snapshot one', 'snapshot one', 'ADDED two']);
  assert.deepEqual(restarts, ['expired']);
});

test('a watch of a kind that is not there yet starts when it is, and outlives its CRD', async (t) => {
  const { client, namespace, deleteAfter } = await useCluster(t);
  const group = `${namespace}.example.com`;
  const crd = makeWidgetCrd(group);
  deleteAfter(crd);
  const widget = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w', namespace } };
  const { lines, watch } = useWatch(t, client, { group, version: 'v1', plural: 'widgets' });

  await client.apply(crd, { fieldManager });
  await watch.synced;
  await eventually(() => client.apply(widget, { fieldManager }));
  await eventually(() =>
    assert.ok(
      lines.some((line) => line.endsWith(' w')),
      lines.join('; '),
    ),
  );
  await client.delete(refOf(crd));
  await seen(lines, 'DELETED w');
  await eventually(async () => assert.equal(await client.get(refOf(crd)), undefined));
  lines.length = 0;
  await client.apply(crd, { fieldManager });
  await eventually(() => client.apply(widget, { fieldManager }));

  await eventually(() =>
    assert.ok(
      lines.some((line) => line.endsWith(' w')),
      lines.join('; '),
    ),
  );
});

test('a consumer that throws gets the whole picture again', async (t) => {
  const { client, namespace } = await useCluster(t);
  const { lines, handlers } = createRecording();
  let isFirst = true;
  const onEvent = (type: string, object: KubeObject) => {
    if (isFirst) {
      isFirst = false;
      throw new Error('a bug');
    }
    handlers.onEvent(type, object);
  };
  const watch = client.watch(queryOf(namespace), { ...handlers, onEvent });
  t.after(() => watch.stop());
  await watch.synced;

  await client.apply(makeConfigMap(namespace, 'one'), { fieldManager });

  await seen(lines, 'snapshot one');
});

test('stopping a watch that never synced says so, and can be done twice', async (t) => {
  const { client } = await useCluster(t);
  const watch = client.watch({ group: 'example.com', version: 'v1', plural: 'gadgets' }, createRecording().handlers);

  await watch.stop();
  await watch.stop();

  await assert.rejects(watch.synced, {
    message: 'the watch of gadgets.example.com/v1 was stopped before its first list',
  });
});

test('a cache turns the gap of a broken watch into the changes that it hid', async (t) => {
  const { client, direct, namespace, proxy } = await useProxiedClient(t);
  await direct.apply(makeConfigMap(namespace, 'gone'), { fieldManager });
  const cache = createCache(client, queryOf(namespace));
  t.after(() => cache.stop());
  await cache.synced;
  const changes: string[] = [];
  const unsubscribe = cache.onChange((type, object, previous) => {
    changes.push(`${type} ${object.metadata.name}${previous ? ' with previous' : ''}`);
  });

  proxy.refuse(true);
  proxy.cut();
  await direct.delete(refOf(makeConfigMap(namespace, 'gone')));
  await direct.apply(makeConfigMap(namespace, 'new'), { fieldManager });
  proxy.refuse(false);

  await eventually(() => assert.ok(cache.get(namespace, 'new')));
  unsubscribe();
  await direct.delete(refOf(makeConfigMap(namespace, 'new')));
  await eventually(() => assert.deepEqual(cache.list(), []));
  assert.equal(cache.get(namespace, 'gone'), undefined);
  assert.deepEqual(changes, ['DELETED gone with previous', 'ADDED new']);
});
