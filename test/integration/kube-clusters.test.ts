import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { createClusterPool } from '../../src/kube/create-cluster-pool.ts';
import type { KubeClientEvent } from '../../src/kube/kube-client.ts';
import { impersonationOf, requestToken } from '../../src/kube/service-account.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { startSecondCluster } from '../support/start-second-cluster.ts';
import { startTcpProxy } from '../support/start-tcp-proxy.ts';
import { type TestCluster, useCluster } from '../support/use-cluster.ts';

const fieldManager = 'kustomize-controller';
const IDLE_MS = 1_000;

function makeConfigMap(namespace: string, name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { color: 'blue' } };
}

/** A pool whose clock the test holds in its hands. */
function usePool(t: TestContext, cluster: Pick<TestCluster, 'client'>) {
  const clock = { now: 0 };
  const events: KubeClientEvent[] = [];
  const observe = (event: KubeClientEvent) => void events.push(event);
  const pool = createClusterPool({ local: cluster.client, idleMs: IDLE_MS, now: () => clock.now, observe });
  t.after(() => pool.stop());
  return { pool, clock, events };
}

/** A service account that may read config maps of its namespace. */
async function useReader({ client, namespace }: TestCluster) {
  const metadata = { name: 'reader', namespace };
  const rbac = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }];
  const subjects = [{ kind: 'ServiceAccount', ...metadata }];
  const roleRef = { apiGroup: rbac, kind: 'Role', name: 'reader' };
  await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await client.create({ apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules });
  await client.create({ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata, subjects, roleRef });
  return metadata;
}

/** Where the test cluster is, whom it trusts, and for whom its tokens are. */
function describeCluster({ kubeconfig }: TestCluster) {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
  };
  const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
  const audiences = ['https://kubernetes.default.svc.cluster.local'];
  return { address: server, ca: Buffer.from(ca, 'base64').toString('utf8'), audiences };
}

function makeKubeconfig(server: string, ca: string, token: string): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

test('a remote cluster is another one, and outlives the end of its API server', async (t) => {
  const cluster = await useCluster(t);
  const second = await startSecondCluster(t);
  const { pool, events } = usePool(t, cluster);
  const remote = pool.fromKubeconfig(second.kubeconfigText, 'Secret/apps/remote');
  const before = makeConfigMap('default', `before-${randomBytes(4).toString('hex')}`);
  const seen: string[] = [];
  const watch = remote.client.watch(
    { group: '', version: 'v1', plural: 'configmaps', namespace: 'default' },
    {
      onSnapshot: (items) => void seen.push(...items.map(({ metadata }) => metadata.name)),
      onEvent: (_type, { metadata }) => void seen.push(metadata.name),
    },
  );
  await watch.synced;

  await remote.client.apply(before, { fieldManager });
  await eventually(() => assert.ok(seen.includes(before.metadata.name)));

  assert.equal(remote.server, `${second.url}/`);
  assert.equal(await cluster.client.get(refOf(before)), undefined);

  await second.kill();
  await assert.rejects(remote.client.get(refOf(before)), { code: 'KUBE_UNREACHABLE' });
  await eventually(() => assert.ok(events.some(({ kind }) => kind === 'watchRestarted')));
  await second.revive();

  assert.ok(await eventually(() => remote.client.get(refOf(before))));
  await eventually(() => remote.client.apply(makeConfigMap('default', 'after'), { fieldManager }));
  await eventually(() => assert.ok(seen.includes('after'), seen.join()));
});

test('a client certificate is shown, and no authorization header is sent beside it', async (t) => {
  const cluster = await useCluster(t);
  const { ca, key } = await startSecondCluster(t);
  const { pool } = usePool(t, cluster);
  const shown: unknown[] = [];
  const server = createServer({ cert: ca, key, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    shown.push([(request.socket as TLSSocket).getPeerCertificate().fingerprint256, request.headers.authorization]);
    response.end('{"kind":"APIGroupDiscoveryList"}');
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [caData, keyData] = [ca, key].map((pem) => Buffer.from(pem).toString('base64'));
  const user = { 'client-certificate-data': caData, 'client-key-data': keyData };
  const text = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': caData } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });

  const found = await pool.fromKubeconfig(text, 's').client.discovery.resolve({ group: '', kind: 'Pod' });

  assert.equal(found, undefined);
  assert.deepEqual(shown, [[new X509Certificate(ca).fingerprint256, undefined]]);
});

test('a token of a service account opens a cluster that trusts it, with the rights of the account', async (t) => {
  const cluster = await useCluster(t);
  const { pool } = usePool(t, cluster);
  const serviceAccount = await useReader(cluster);
  const remote = pool.fromTokenRequest({ ...describeCluster(cluster), serviceAccount });
  const object = makeConfigMap(cluster.namespace, 'settings');
  await cluster.client.apply(object, { fieldManager });

  // A grant counts a moment after it was accepted.
  const read = await eventually(() => remote.client.get(refOf(object)));

  assert.deepEqual(read?.data, { color: 'blue' });
  await assert.rejects(remote.client.apply(object, { fieldManager }), {
    code: 'KUBE_FORBIDDEN',
    message: new RegExp(`User "system:serviceaccount:${cluster.namespace}:reader" cannot patch resource "configmaps"`),
  });
});

test('a credential that may not act as a service account is told what it lacks', async (t) => {
  const cluster = await useCluster(t);
  const { pool } = usePool(t, cluster);
  const remote = pool.fromTokenRequest({ ...describeCluster(cluster), serviceAccount: await useReader(cluster) });
  const { namespace } = cluster;
  const acting = remote.client.as(impersonationOf({ namespace, name: 'default' }));

  await assert.rejects(acting.get(refOf(makeConfigMap(namespace, 'a'))), {
    code: 'KUBE_FORBIDDEN',
    message: new RegExp(
      `User "system:serviceaccount:${namespace}:reader" cannot impersonate.* in the namespace "${namespace}"`,
    ),
  });
});

test('a token for another audience is rejected, and shown to nobody', async (t) => {
  const cluster = await useCluster(t);
  const { pool } = usePool(t, cluster);
  const serviceAccount = await useReader(cluster);
  const config = { ...describeCluster(cluster), audiences: [], serviceAccount };
  const remote = pool.fromTokenRequest(config);

  const error: unknown = await remote.client
    .get(refOf(makeConfigMap(cluster.namespace, 'a')))
    .catch((reason) => reason);

  assert.match(String(error), /Unauthorized/);
  assert.doesNotMatch(JSON.stringify(error), /eyJ/);
});

test('a token is not to be had for a service account that is not there', async (t) => {
  const cluster = await useCluster(t);
  const { pool } = usePool(t, cluster);
  const serviceAccount = { namespace: cluster.namespace, name: 'nobody' };
  const remote = pool.fromTokenRequest({ ...describeCluster(cluster), serviceAccount });

  await assert.rejects(remote.client.get(refOf(makeConfigMap(cluster.namespace, 'a'))), {
    code: 'SERVICE_ACCOUNT_NOT_FOUND',
    message: `ServiceAccount/${cluster.namespace}/nobody not found`,
  });
});

test('a client with an open watch or a call in flight is not forgotten', async (t) => {
  const cluster = await useCluster(t);
  const { address, ca, audiences } = describeCluster(cluster);
  const { token } = await requestToken(cluster.client, await useReader(cluster), audiences);
  const proxy = await startTcpProxy(Number(new URL(address).port));
  t.after(() => proxy.stop());
  const { pool, clock } = usePool(t, cluster);
  const ask = () => pool.fromKubeconfig(makeKubeconfig(`https://127.0.0.1:${proxy.port}`, ca, token), 's');
  const first = ask();
  const sweepLater = () => {
    clock.now += IDLE_MS;
    pool.sweep();
  };
  const ref = refOf(makeConfigMap(cluster.namespace, 'none'));
  const query = { group: '', version: 'v1', plural: 'configmaps', namespace: cluster.namespace };
  const watch = first.client.watch(query, { onSnapshot: () => {}, onEvent: () => {} });
  await watch.synced;

  sweepLater();
  const watched = ask();
  await watch.stop();
  await first.client.get(ref);
  proxy.freeze();
  const hanging = new AbortController();
  const call = first.client.get(ref, { signal: hanging.signal }).catch(() => 'aborted');
  // A call begins once its path is known.
  await nextTurn();
  sweepLater();
  const called = ask();
  hanging.abort();
  assert.equal(await call, 'aborted');
  sweepLater();
  const anew = ask();

  assert.equal(watched, first);
  assert.equal(called, first);
  assert.notEqual(anew, first);
});

test('a client that was forgotten still serves who holds it, and ends with the pool', async (t) => {
  const cluster = await useCluster(t);
  const { address, ca, audiences } = describeCluster(cluster);
  const { token } = await requestToken(cluster.client, await useReader(cluster), audiences);
  const { pool, clock } = usePool(t, cluster);
  const { client } = pool.fromKubeconfig(makeKubeconfig(address, ca, token), 's');
  clock.now += IDLE_MS;
  pool.sweep();
  const query = { group: '', version: 'v1', plural: 'configmaps', namespace: cluster.namespace };
  const watch = client.watch(query, { onSnapshot: () => {}, onEvent: () => {} });
  await watch.synced;

  await pool.stop();

  await assert.rejects(client.get(refOf(makeConfigMap(cluster.namespace, 'a'))), { code: 'KUBE_UNREACHABLE' });
  const late = client.watch(query, { onSnapshot: () => {}, onEvent: () => {} });
  await assert.rejects(late.synced, { message: /was stopped before its first list/ });
});

test('what a remote cluster tells its observer names the cluster', async (t) => {
  const cluster = await useCluster(t);
  const { ca } = describeCluster(cluster);
  const told: string[] = [];
  const observe = (event: KubeClientEvent, { server }: { server: string }) => void told.push(`${event.kind} ${server}`);
  const pool = createClusterPool({ local: cluster.client, observe });
  t.after(() => pool.stop());
  const remote = pool.fromKubeconfig(makeKubeconfig('https://127.0.0.1:1', ca, 'canary-token'), 's');

  await assert.rejects(remote.client.get(refOf(makeConfigMap('default', 'a'))), {
    code: 'KUBE_UNREACHABLE',
    message: /^the API server at 127\.0\.0\.1:1 cannot be reached/,
  });

  assert.deepEqual(told, Array(3).fill('requestRetried https://127.0.0.1:1/'));
});

test('an API server whose certificate is not trusted gets no token', async (t) => {
  const cluster = await useCluster(t);
  const { address } = describeCluster(cluster);
  const { pool } = usePool(t, cluster);
  const text = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: address } }],
    users: [{ name: 'u', user: { token: 'canary-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });

  await assert.rejects(pool.fromKubeconfig(text, 's').client.get(refOf(makeConfigMap('default', 'a'))), {
    code: 'KUBE_UNREACHABLE',
    message: /certificate/,
  });
});
