import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import { createTransport } from '../../src/kube/create-transport.ts';
import type { KubeClientEvent } from '../../src/kube/kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { type ApiAnswer, type ApiRequest, startApiGate } from '../support/start-api-gate.ts';
import { useCluster } from '../support/use-cluster.ts';

const fieldManager = 'kustomize-controller';

function makeConfigMap(namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace }, data: { color: 'blue' } };
}

/** What an API server answers, with a Status as it writes them. */
function makeAnswer(code: number, status: object, headers: Record<string, string> = {}): ApiAnswer {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, ...status });
  return { status: code, headers: { 'content-type': 'application/json', ...headers }, body };
}

const TOO_MANY = { message: 'the server has received too many requests', reason: 'TooManyRequests' };
const LEADER_CHANGED = { message: 'etcdserver: leader changed' };
const WEBHOOK_TIMEOUT = {
  reason: 'InternalError',
  message:
    'Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: Post "https://check.example.svc:443/?timeout=10s": context deadline exceeded',
};
const WRONG_TYPE = {
  message:
    'failed to create typed patch object (default/settings; /v1, Kind=ConfigMap): .data.count: expected string, got &value.valueUnstructured{Value:1}',
};

/** A client whose way to the API server the test can answer on. */
async function useGate(t: TestContext) {
  const cluster = await useCluster(t);
  const gate = await startApiGate(t, cluster.kubeconfig);
  const delays: number[] = [];
  const observe = (event: KubeClientEvent) => void (event.kind === 'requestRetried' && delays.push(event.delayMs));
  const client = createKubeClient({ access: loadClusterAccess({ kubeconfig: gate.kubeconfig }), observe });
  t.after(() => client.stop());
  const concerns = ({ path }: ApiRequest) => path.includes(`/namespaces/${cluster.namespace}/configmaps`);
  return { ...cluster, direct: cluster.client, client, gate, delays, concerns };
}

interface Passing {
  readonly name: string;
  readonly answer: ApiAnswer;
  readonly times: number;
}

const PASSING: readonly Passing[] = [
  { name: 'a 429 that tells when', answer: makeAnswer(429, TOO_MANY, { 'retry-after': '0' }), times: 6 },
  { name: 'a 429 that does not tell when', answer: makeAnswer(429, TOO_MANY), times: 3 },
  { name: "a change of etcd's leader", answer: makeAnswer(500, LEADER_CHANGED), times: 2 },
  { name: 'a webhook that timed out', answer: makeAnswer(500, WEBHOOK_TIMEOUT), times: 2 },
  { name: 'an API server that is shutting down', answer: { status: 503, body: 'shutting down' }, times: 2 },
];

for (const { name, answer, times } of PASSING) {
  test(`an apply gets over ${name}`, async (t) => {
    const { client, direct, gate, namespace, concerns } = await useGate(t);
    const object = makeConfigMap(namespace);
    const answered = gate.answer(concerns, answer, times);

    await client.apply(object, { fieldManager });

    assert.equal(answered.requests.length, times);
    assert.deepEqual((await direct.get(refOf(object)))?.data, { color: 'blue' });
  });
}

interface Lasting {
  readonly name: string;
  readonly answer: ApiAnswer;
  /** Requests that are sent before it is an error. */
  readonly attempts: number;
  readonly want: object;
}

const LASTING: readonly Lasting[] = [
  {
    name: 'a 429 that always tells when is given up after ten attempts',
    answer: makeAnswer(429, TOO_MANY, { 'retry-after': '0' }),
    attempts: 10,
    want: { code: 'KUBE_UNAVAILABLE', disposition: 'retry', status: 429, message: TOO_MANY.message },
  },
  {
    name: 'a leader that never comes is given up after four attempts',
    answer: makeAnswer(500, LEADER_CHANGED),
    attempts: 4,
    want: { code: 'KUBE_UNAVAILABLE', disposition: 'retry', status: 500, message: LEADER_CHANGED.message },
  },
  {
    name: 'a webhook that always times out is given up after four attempts',
    answer: makeAnswer(500, WEBHOOK_TIMEOUT),
    attempts: 4,
    want: {
      code: 'KUBE_UNAVAILABLE',
      disposition: 'retry',
      kubeReason: 'InternalError',
      message: WEBHOOK_TIMEOUT.message,
    },
  },
  {
    name: 'a value of a wrong type is not tried again, though it is a 500',
    answer: makeAnswer(500, WRONG_TYPE),
    attempts: 1,
    want: { code: 'KUBE_REJECTED', disposition: 'stalled', status: 500 },
  },
  {
    name: 'an object that is too large is not tried again, though it is a 500',
    answer: makeAnswer(500, { message: 'etcdserver: request is too large' }),
    attempts: 1,
    want: { code: 'KUBE_REJECTED', disposition: 'stalled', status: 500 },
  },
  {
    name: 'the page of a proxy in between is no answer, and is not quoted',
    answer: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>canary</html>' },
    attempts: 1,
    want: {
      code: 'KUBE_UNREACHABLE',
      disposition: 'retry',
      message: /^the API server answered something that is not JSON/,
    },
  },
];

for (const { name, answer, attempts, want } of LASTING) {
  test(name, async (t) => {
    const { client, gate, namespace, concerns } = await useGate(t);
    const answered = gate.answer(concerns, answer);

    await assert.rejects(client.apply(makeConfigMap(namespace), { fieldManager }), want);

    assert.equal(answered.requests.length, attempts);
  });
}

test('the API server is left alone for as long as it asks', async (t) => {
  const { client, gate, namespace, concerns, delays } = await useGate(t);
  gate.answer(concerns, makeAnswer(429, TOO_MANY, { 'retry-after': '1' }), 1);

  await client.get(refOf(makeConfigMap(namespace)));

  assert.equal(delays.length, 1);
  assert.ok(Number(delays[0]) >= 1_000, `${delays[0]} ms`);
});

test('a POST is not repeated after a 500, because it may have been done', async (t) => {
  const { client, gate, namespace, concerns } = await useGate(t);
  const answered = gate.answer(concerns, makeAnswer(500, LEADER_CHANGED));

  await assert.rejects(client.create(makeConfigMap(namespace)), { code: 'KUBE_UNAVAILABLE' });

  assert.equal(answered.requests.length, 1);
});

test('what the API server itself calls a wrong value is one request each', async (t) => {
  const { client, namespace, delays } = await useGate(t);
  const metadata = { name: 'wrong', namespace };
  const container = { name: 'c', image: 'i', resources: { requests: { cpu: 'much' } } };
  const wrong: [KubeObject, RegExp][] = [
    [{ ...makeConfigMap(namespace), data: { count: 1 } }, /^failed to create typed patch object .* expected string/],
    [{ apiVersion: 'v1', kind: 'Secret', metadata, data: { p: 'canary!' } }, /illegal base64 data/],
    [{ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container] } }, /quantities must match/],
  ];

  for (const [object, message] of wrong) {
    const want = { code: 'KUBE_REJECTED', disposition: 'stalled', status: 500, message };
    await assert.rejects(client.apply(object, { fieldManager }), want);
  }

  assert.deepEqual(delays, []);
});

test('a watch gets over an API server that refuses it for a while, without a second list', async (t) => {
  const { client, direct, gate, namespace, concerns } = await useGate(t);
  const lists: string[] = [];
  const seen: string[] = [];
  const refused = gate.answer(
    (request) => concerns(request) && request.path.includes('watch=true'),
    makeAnswer(429, TOO_MANY, { 'retry-after': '1' }),
    2,
  );
  const watch = client.watch(
    { group: '', version: 'v1', plural: 'configmaps', namespace },
    { onSnapshot: () => void lists.push('list'), onEvent: (_type, { metadata }) => void seen.push(metadata.name) },
  );
  t.after(() => watch.stop());
  await watch.synced;

  await direct.apply(makeConfigMap(namespace), { fieldManager });

  await eventually(() => assert.ok(seen.includes('settings')));
  assert.equal(refused.requests.length, 2);
  assert.deepEqual(lists, ['list']);
});

test('an answer that is too long is given up, whoever sends it', async (t) => {
  const { kubeconfig } = await useCluster(t);
  const access = loadClusterAccess({ kubeconfig });
  const transport = createTransport({ access, connections: 1, userAgent: 'test', maxResponseBytes: 1_000 });
  t.after(() => transport.stop());
  const get = (path: string) =>
    transport.send({ method: 'GET', path, headers: {}, signal: AbortSignal.timeout(10_000) });

  assert.equal((await get('/version')).status, 200);
  await assert.rejects(get('/openapi/v2'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' });
});

test('an extension server that is down is named, and no other kind is affected', async (t) => {
  const { client, namespace, deleteAfter } = await useCluster(t);
  const group = `${namespace}.example.com`;
  const service = { namespace, name: 'nowhere', port: 443 };
  const apiService: KubeObject = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${group}` },
    spec: {
      group,
      version: 'v1',
      service,
      groupPriorityMinimum: 100,
      versionPriority: 10,
      insecureSkipTLSVerify: true,
    },
  };
  deleteAfter(apiService);
  await client.apply(apiService, { fieldManager });
  const ref = { group, version: 'v1', kind: 'Gadget', namespace, name: 'g' };
  const silent = {
    code: 'KUBE_UNAVAILABLE',
    disposition: 'retry',
    message: `the server behind APIService/v1.${group} does not answer, so that no kind of ${group}/v1 is known: repair it, or delete the APIService`,
  };

  await eventually(() => assert.rejects(client.discovery.resolve(ref), silent));

  await assert.rejects(client.get(ref), silent);
  await assert.rejects(client.discovery.resolve({ group, kind: 'Gadget' }), silent);
  // Called gone, it would leave the inventory and be an orphan once its server is back.
  await assert.rejects(client.delete(ref), silent);
  await assert.rejects(client.list({ group, version: 'v1', plural: 'gadgets' }), silent);
  await assert.rejects(client.get({ ...ref, version: 'v2' }), { code: 'KUBE_KIND_NOT_SERVED' });
  assert.equal((await client.apply(makeConfigMap(namespace), { fieldManager })).created, true);
  assert.equal((await client.list({ group: 'apps', version: 'v1', plural: 'deployments', namespace })).items.length, 0);
  assert.equal((await client.discovery.resolve({ group: 'apps', kind: 'Deployment' }))?.plural, 'deployments');
});
