import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import type { KubeClientEvent } from '../../src/kube/kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { useCluster } from '../support/use-cluster.ts';

const POD = { group: '', version: 'v1', kind: 'Pod', namespace: 'default', name: 'none' };

interface Kubeconfig {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
}

/** A file in a folder of the test's own. */
function useFile(t: TestContext, name: string, content: unknown): string {
  const dir = mkdtempSync(join(tmpdir(), 'hawser-kubeconfig-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

async function readTestKubeconfig(t: TestContext) {
  const { kubeconfig } = await useCluster(t);
  return JSON.parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
}

function useClient(t: TestContext, kubeconfig: string, observe: (event: KubeClientEvent) => void = () => {}) {
  const client = createKubeClient({ access: loadClusterAccess({ kubeconfig }), observe });
  t.after(() => client.stop());
  return client;
}

/** An API server that can be told to refuse, which the real one cannot. */
async function startScriptedApi(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url !== '/api') {
      answer(request, response);
      return;
    }
    const pods = { resource: 'pods', responseKind: { kind: 'Pod' }, scope: 'Namespaced' };
    const items = [{ metadata: {}, versions: [{ version: 'v1', resources: [pods] }] }];
    response.end(JSON.stringify({ kind: 'APIGroupDiscoveryList', items }));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return useFile(t, 'kubeconfig', {
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'scripted-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

test('a token that was replaced in the kubeconfig is used as soon as the old one is rejected', async (t) => {
  const config = await readTestKubeconfig(t);
  const token = config.users[0]!.user.token;
  config.users[0]!.user.token = 'outdated-token';
  const file = useFile(t, 'kubeconfig', config);
  const client = useClient(t, file);
  await assert.rejects(client.get(POD), { status: 401, kubeReason: 'Unauthorized' });

  config.users[0]!.user.token = token;
  writeFileSync(file, JSON.stringify(config));

  assert.equal(await client.get(POD), undefined);
});

test('an exec plugin is asked for the token', async (t) => {
  const config = await readTestKubeconfig(t);
  const status = { token: config.users[0]!.user.token };
  const credential = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status });
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', `echo '${credential}'`],
    interactiveMode: 'Never',
  };
  config.users[0]!.user = { exec };

  assert.equal(await useClient(t, useFile(t, 'kubeconfig', config)).get(POD), undefined);
});

test('an exec plugin that fails is named as the reason', async (t) => {
  const config = await readTestKubeconfig(t);
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', 'echo no luck >&2; exit 1'],
  };
  config.users[0]!.user = { exec };

  await assert.rejects(useClient(t, useFile(t, 'kubeconfig', config)).get(POD), {
    code: 'KUBE_CREDENTIALS_UNAVAILABLE',
    message: /no luck/,
  });
});

test('a kubeconfig that is missing, empty or incomplete is named with what it lacks', (t) => {
  const users = [{ name: 'u', user: {} }];
  const clusters = [{ name: 'c', cluster: { server: 'https://127.0.0.1:1', 'proxy-url': 'http://127.0.0.1:2' } }];
  const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
  const cases: [unknown, RegExp][] = [
    [{}, /names no API server: set its current-context/],
    [{ clusters, contexts, 'current-context': 'x' }, /has no user in its current context/],
    [{ clusters, users, contexts, 'current-context': 'x' }, /sets proxy-url, which is not supported/],
  ];
  for (const [content, message] of cases) {
    const kubeconfig = useFile(t, 'kubeconfig', content);
    assert.throws(() => loadClusterAccess({ kubeconfig }), { code: 'KUBE_ACCESS_INVALID', message });
  }

  const missing = join(tmpdir(), 'hawser-no-such-kubeconfig');
  assert.throws(() => loadClusterAccess({ kubeconfig: missing }), {
    code: 'KUBE_ACCESS_INVALID',
    message: /no such file/,
  });
});

test('an API server that does not listen is tried again before it is called unreachable', async (t) => {
  const config = await readTestKubeconfig(t);
  config.clusters[0]!.cluster.server = 'https://127.0.0.1:1';
  const retries: string[] = [];
  const client = useClient(t, useFile(t, 'kubeconfig', config), (event) => retries.push(event.kind));

  await assert.rejects(client.get(POD), {
    code: 'KUBE_UNREACHABLE',
    message: /127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
  });
  assert.deepEqual(retries, ['requestRetried', 'requestRetried', 'requestRetried']);
});

test('an overloaded API server is asked again, a write only after its guard agreed again', async (t) => {
  let refusals = 2;
  const kubeconfig = await startScriptedApi(t, (request, response) => {
    request.resume();
    refusals -= 1;
    if (refusals >= 0) response.writeHead(429, { 'retry-after': '0' }).end('{}');
    else response.writeHead(201).end('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}');
  });
  const guarded: number[] = [];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' } };

  const options = { timeoutMs: 4_000, beforeWrite: (timeoutMs: number) => void guarded.push(timeoutMs) };
  const created = await useClient(t, kubeconfig).create(pod, options);

  assert.equal(created.metadata.name, 'p');
  assert.deepEqual(guarded, [4_000, 4_000, 4_000]);
});

test('a call that gets no answer ends at its time limit', async (t) => {
  const kubeconfig = await startScriptedApi(t, (request) => void request.resume());
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' } };

  await assert.rejects(useClient(t, kubeconfig).create(pod, { timeoutMs: 100 }), {
    code: 'KUBE_UNREACHABLE',
    message: /timeout/,
  });
});
