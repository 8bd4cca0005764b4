import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventRecorder } from '../../src/kube/create-event-recorder.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { refOf } from '../../src/model/kube-object.ts';
import { useCluster } from '../support/use-cluster.ts';

async function useRecorder(t: Parameters<typeof useCluster>[0]) {
  const { client, namespace } = await useCluster(t);
  const metadata = { name: 'app', namespace };
  const { object } = await client.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, { fieldManager: 'test' });
  const failures: unknown[] = [];
  const recorder = createEventRecorder(client, {
    component: 'kustomize-controller',
    instance: 'hawser-0',
    observe: (error) => void failures.push(error),
  });
  t.after(() => recorder.stop());
  return { client, namespace, object, recorder, failures };
}

async function listEvents(client: KubeClient, namespace: string, name: string): Promise<KubeObject[]> {
  const query = { group: '', version: 'v1', plural: 'events', namespace, fieldSelector: `involvedObject.name=${name}` };
  const { items } = await client.list(query);
  return items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

test('an event says who reports what about which object', async (t) => {
  const { client, namespace, object, recorder, failures } = await useRecorder(t);

  const annotations = { 'kustomize.toolkit.fluxcd.io/revision': 'main@sha1:abc' };
  recorder.record({ regarding: object, type: 'Normal', reason: 'Progressing', message: 'created', annotations });
  await recorder.flush();

  const [event] = await listEvents(client, namespace, 'app');
  assert.deepEqual(failures, []);
  assert.deepEqual(event?.involvedObject, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'app',
    namespace,
    uid: object.metadata.uid,
    resourceVersion: object.metadata.resourceVersion,
  });
  assert.deepEqual([event?.type, event?.reason, event?.message, event?.count], ['Normal', 'Progressing', 'created', 1]);
  assert.deepEqual(event?.source, { component: 'kustomize-controller', host: 'hawser-0' });
  assert.deepEqual(event?.metadata.annotations, annotations);
});

test('repeats count one event up, and in the order of their recording', async (t) => {
  const { client, namespace, object, recorder } = await useRecorder(t);

  for (const message of ['one', 'two', 'one', 'one']) {
    recorder.record({ regarding: object, type: 'Warning', reason: 'BuildFailed', message });
  }
  await recorder.flush();

  const events = await listEvents(client, namespace, 'app');
  assert.deepEqual(
    events.map((event) => [event.message, event.count]),
    [
      ['one', 3],
      ['two', 1],
    ],
  );
});

test('after a burst of twenty-five, further events of the same object and reason are dropped', async (t) => {
  const { client, namespace, object, recorder } = await useRecorder(t);

  for (let number = 0; number < 30; number += 1) {
    recorder.record({ regarding: object, type: 'Warning', reason: 'BuildFailed', message: `failure ${number}` });
  }
  recorder.record({ regarding: object, type: 'Normal', reason: 'Other', message: 'still heard' });
  await recorder.flush();

  const events = await listEvents(client, namespace, 'app');
  assert.deepEqual([events.length, events.at(-1)?.message], [26, 'still heard']);
});

test('an event that expired meanwhile is written anew', async (t) => {
  const { client, namespace, object, recorder } = await useRecorder(t);
  const event = { regarding: object, type: 'Normal', reason: 'Progressing', message: 'created' } as const;
  recorder.record(event);
  await recorder.flush();
  const [first] = await listEvents(client, namespace, 'app');
  await client.delete(refOf(first!));

  recorder.record(event);
  await recorder.flush();

  const events = await listEvents(client, namespace, 'app');
  assert.deepEqual(
    events.map((written) => written.count),
    [1],
  );
});

test('events of cluster-scoped objects, whatever their names, live in the default namespace', async (t) => {
  const { client, namespace, recorder, failures } = await useRecorder(t);
  const name = `Hawser:${namespace}`;
  const regarding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, uid: namespace },
  };

  recorder.record({ regarding, type: 'Normal', reason: 'Progressing', message: 'created' });
  await recorder.flush();

  const events = await listEvents(client, 'default', name);
  assert.deepEqual(failures, []);
  assert.equal(events.length, 1);
  await client.delete(refOf(events[0]!));
});

test('an event that cannot be written harms nobody, and the next one is', async (t) => {
  const { client, namespace, object, recorder, failures } = await useRecorder(t);
  const elsewhere = { ...object, metadata: { ...object.metadata, namespace: 'no-such-namespace' } };

  recorder.record({ regarding: elsewhere, type: 'Normal', reason: 'Progressing', message: 'lost' });
  recorder.record({ regarding: object, type: 'Normal', reason: 'Progressing', message: 'heard' });
  await recorder.stop();
  recorder.record({ regarding: object, type: 'Normal', reason: 'Progressing', message: 'too late' });
  await recorder.flush();

  const events = await listEvents(client, namespace, 'app');
  assert.equal(failures.length, 1);
  assert.deepEqual(
    events.map((event) => event.message),
    ['heard'],
  );
});
