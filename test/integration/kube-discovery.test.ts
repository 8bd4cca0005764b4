import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDiscovery } from '../../src/kube/create-discovery.ts';
import { createKubeCaller, type KubeCaller } from '../../src/kube/create-kube-caller.ts';
import { createRequestGate } from '../../src/kube/create-request-gate.ts';
import { createTransport } from '../../src/kube/create-transport.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { eventually } from '../support/eventually.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { type TestCluster, useCluster } from '../support/use-cluster.ts';

const DEPLOYMENT = { group: 'apps', kind: 'Deployment' };
const SECRET = { group: '', version: 'v1', kind: 'Secret' };

/** Discovery of the test cluster, with its requests and the statuses of their answers. */
function createObservedDiscovery(t: Parameters<typeof useCluster>[0], { kubeconfig }: TestCluster) {
  const access = loadClusterAccess({ kubeconfig });
  const transport = createTransport({ access, connections: 4, userAgent: 'test' });
  t.after(() => transport.stop());
  const call = createKubeCaller({ transport, gate: createRequestGate(4), server: access.server, observe: () => {} });
  const requests: string[] = [];
  const observed: KubeCaller = async (request) => {
    const response = await call(request);
    requests.push(`${request.path} ${response.status}`);
    return response;
  };
  return { discovery: createDiscovery(observed), requests };
}

test('two requests are enough for every kind, however many ask at once', async (t) => {
  const { discovery, requests } = createObservedDiscovery(t, await useCluster(t));

  const answers = await Promise.all([DEPLOYMENT, SECRET, DEPLOYMENT, SECRET].map((ref) => discovery.resolve(ref)));
  const role = await discovery.resolve({ group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRole' });
  const plural = await discovery.resolvePlural({ group: '', version: 'v1', plural: 'pods' });

  assert.deepEqual(answers[0], {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
    plural: 'deployments',
    namespaced: true,
  });
  assert.equal(answers[3]?.plural, 'secrets');
  assert.equal(role?.namespaced, false);
  assert.equal(plural?.kind, 'Pod');
  assert.deepEqual(requests.sort(), ['/api 200', '/apis 200']);
});

test('a missing kind is asked for once more, together with whoever misses one at the same time', async (t) => {
  const { discovery, requests } = createObservedDiscovery(t, await useCluster(t));
  await discovery.resolve(DEPLOYMENT);

  const missing = ['A', 'B', 'C'].map((kind) => discovery.resolve({ group: 'apps', version: 'v1', kind }));

  assert.deepEqual(await Promise.all(missing), [undefined, undefined, undefined]);
  assert.equal(requests[0], '/apis 200');
  assert.ok(requests.length <= 3, requests.join('; '));
});

test('a kind that was added since is found, and one that was taken away is forgotten when told so', async (t) => {
  const cluster = await useCluster(t);
  const { discovery } = createObservedDiscovery(t, cluster);
  const group = `${cluster.namespace}.example.com`;
  const crd = makeWidgetCrd(group);
  cluster.deleteAfter(crd);
  assert.equal(await discovery.resolve({ group, kind: 'Widget' }), undefined);

  await cluster.client.apply(crd, { fieldManager: 'test' });
  const found = await eventually(async () => (await discovery.resolve({ group, kind: 'Widget' })) ?? assert.fail());
  await cluster.client.delete({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: crd.kind,
    namespace: '',
    name: crd.metadata.name,
  });

  assert.equal(found.plural, 'widgets');
  await eventually(async () => {
    discovery.invalidate();
    assert.equal(await discovery.resolve({ group, kind: 'Widget' }), undefined);
  });
});
