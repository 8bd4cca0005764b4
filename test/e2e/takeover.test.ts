import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { dump, load } from 'js-yaml';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { findCondition } from '../../src/model/conditions.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { eventually } from '../support/eventually.ts';
import { createFlux } from '../support/flux.ts';
import { CRD_DIR, createKubectl, type Kubectl } from '../support/kubectl.ts';
import { makeConfigMap, makeDeployment } from '../support/make-kustomization.ts';
import { makeRepository } from '../support/make-repository.ts';
import { createRecorded, readRecorded, restoreOwners, restoreStatus } from '../support/restore-recorded.ts';
import { startGitServer } from '../support/start-git-server.ts';
import { startHawser } from '../support/start-hawser.ts';
import { startSecondCluster } from '../support/start-second-cluster.ts';
import { succeed } from '../support/use-flux-story.ts';
import { type Story, useStory } from '../support/use-story.ts';

const NAME = 'hello-world-flask';

/** What Flux had applied, from the manifests below. */
const APPLIED = [
  'clusterrole-hello-reader',
  'configmap-doomed',
  'deployment-hello-world-flask',
  'secret-hello-credentials',
  'service-hello-world-flask',
];

/** As people write them: without strategy, resources, protocol; the Secret in plain text. */
const MANIFESTS = {
  'app/deployment.yaml': makeFlaskDeployment('v1'),
  'app/service.yaml': `apiVersion: v1
kind: Service
metadata:
  name: hello-world-flask
spec:
  selector:
    app: hello-world-flask
  ports:
  - port: 80
    targetPort: 5000
`,
  'app/secret.yaml': `apiVersion: v1
kind: Secret
metadata:
  name: hello-credentials
stringData:
  password: correct-horse
`,
  'app/clusterrole.yaml': `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: hello-reader
rules:
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
`,
  'app/doomed.yaml': makeConfigMap('doomed', { a: 'b' }),
};

describe('taking over from Flux', () => {
  test('writes none of the objects that a real Flux applied, and goes on from its inventory', async (t) => {
    const { story, first, applied, left } = await leftByFlux(t);
    const before = await versions(story, applied);

    await story.start();
    const taken = await answered(story, 'first');

    assert.deepEqual(await versions(story, applied), before);
    assert.equal(findCondition(taken.status?.conditions, 'Ready')?.status, 'True');
    assert.equal(taken.status?.lastAppliedRevision, `main@sha1:${first}`);
    assert.deepEqual(taken.status?.inventory, left.status?.inventory);
    const digest = left.status?.history?.[0]?.digest;
    assert.ok(taken.status?.history?.some((entry) => entry.digest === digest));

    const second = await story.repository.commitAndPush({
      'app/deployment.yaml': makeFlaskDeployment('v2'),
      'app/doomed.yaml': null,
    });
    await story.hook({ before: first, after: second });
    await story.applied(second, NAME);

    const after = await versions(story, applied);
    const changed = Object.keys(before).filter((name) => after[name] !== before[name]);
    assert.deepEqual(changed, ['ConfigMap/doomed', 'Deployment/hello-world-flask']);
    assert.equal(after['ConfigMap/doomed'], undefined);
    await story.kubectl('set', 'image', `deployment/${NAME}`, `${NAME}=intruder:v9`);
    await eventually(async () =>
      assert.match(await story.kubectl('get', 'deployment', NAME, '-o', 'jsonpath={..image}'), /:v2$/),
    );
  });
});

describe('handing back to Flux', () => {
  test('flux migrate makes what was applied at v1beta2 ready for CRDs that serve v1 alone', async (t) => {
    const { kubectl, flux, applyResources, stop } = await deployedAtOldVersions(t);
    const configMap = () => kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.metadata.resourceVersion}');
    const before = await configMap();

    await stop();
    await serveV1Alone(kubectl);
    await assert.rejects(applyResources('v1'), /invalid group\/version: .*v1beta2/);
    const migrated = await succeed(flux('migrate'));

    assert.match(migrated.stderr, /✔ Kustomization\/default\/app migrated to version v1\n/);
    for (const kind of ['gitrepository', 'kustomization']) {
      const versionsOfOwners = await kubectl(
        'get',
        kind,
        'app',
        '--show-managed-fields',
        '-o',
        'jsonpath={.metadata.managedFields[*].apiVersion}',
      );
      assert.deepEqual(
        [...new Set(versionsOfOwners.split(' '))].map((version) => version.split('/')[1]),
        ['v1'],
      );
    }
    await applyResources('v1');
    assert.equal(await configMap(), before);
    const finalizers = await kubectl('get', 'kustomization', 'app', '-o', 'jsonpath={.metadata.finalizers[*]}');
    assert.equal(finalizers, 'finalizers.fluxcd.io');
  });
});

/** A cluster as Flux left it when it was stopped. */
async function leftByFlux(t: TestContext) {
  const story = await useStory(t, { started: false });
  const { client, namespace, repository } = story;
  const first = await repository.commitAndPush(MANIFESTS);
  const read = (name: string) => readRecorded(name, { namespace, sha: first });
  const applied = await Promise.all(APPLIED.map(read));
  t.after(() => story.kubectl('delete', 'clusterrole', 'hello-reader', '--ignore-not-found'));
  for (const object of applied) {
    await createRecorded(client, object);
  }
  await story.kubectl('rollout', 'status', `deployment/${NAME}`, '--timeout=60s');
  for (const object of applied) await restoreOwners(client, object);

  const source = await read('gitrepository-fluxcd-demo');
  const kustomization = await read(`kustomization-${NAME}`);
  for (const object of [withUrl(source, repository.url), kustomization]) {
    await createRecorded(client, object);
    await restoreStatus(client, object);
    await restoreOwners(client, object);
  }
  return { story, first, applied, left: kustomization as Kustomization };
}

function withUrl(source: KubeObject, url: string): KubeObject {
  return { ...source, spec: { ...(source.spec as object), url } };
}

/** resourceVersion by object, undefined for what is gone. */
async function versions(story: Story, objects: readonly KubeObject[]): Promise<Record<string, string | undefined>> {
  const entries = objects.map(async (object) => {
    const live = await story.client.get(refOf(object));
    return [`${object.kind}/${object.metadata.name}`, live?.metadata.resourceVersion] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Requests a sync, as flux does, and waits until it was answered. */
async function answered(story: Story, request: string): Promise<Kustomization> {
  await story.kubectl('annotate', 'kustomization', NAME, `reconcile.fluxcd.io/requestedAt=${request}`);
  return eventually(async () => {
    const found = await story.kustomization(NAME);
    assert.equal(found.status?.lastHandledReconcileAt, request);
    return found;
  });
}

/** A cluster of the test's own, whose source and Kustomization were applied at v1beta2 and deployed by Hawser. */
async function deployedAtOldVersions(t: TestContext) {
  const { kubeconfig } = await startSecondCluster(t);
  const kubectl = createKubectl(kubeconfig, 'default');
  const flux = await createFlux(kubeconfig, 'default');
  await kubectl('apply', '--server-side', '-f', CRD_DIR);
  await eventually(() => kubectl('wait', '--for=condition=established', '--timeout=30s', '-f', CRD_DIR));
  const gitServer = await startGitServer();
  t.after(() => gitServer.stop());
  const repository = await makeRepository(gitServer, 'acme/app');
  await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { colour: 'blue' }) });
  const client = createKubeClient({ access: loadClusterAccess({ kubeconfig }) });
  t.after(() => client.stop());
  const applyResources = async (version: string) => {
    for (const object of makeResources(version, repository.url)) {
      await client.apply(object, { fieldManager: 'kubectl' });
    }
  };
  await applyResources('v1beta2');
  const hawser = await startHawser({ kubeconfig });
  t.after(() => hawser.end());
  await kubectl('wait', '--for=condition=Ready', '--timeout=60s', 'kustomization/app');
  return { kubectl, flux, applyResources, stop: () => hawser.end() };
}

function makeResources(version: string, url: string): KubeObject[] {
  const metadata = { name: 'app', namespace: 'default' };
  return [
    {
      apiVersion: `source.toolkit.fluxcd.io/${version}`,
      kind: 'GitRepository',
      metadata,
      spec: { interval: '1h', url, ref: { branch: 'main' } },
    },
    {
      apiVersion: `kustomize.toolkit.fluxcd.io/${version}`,
      kind: 'Kustomization',
      metadata,
      spec: {
        interval: '1h',
        prune: true,
        path: './',
        targetNamespace: 'default',
        sourceRef: { kind: 'GitRepository', name: 'app' },
      },
    },
  ];
}

/** Leaves of our CustomResourceDefinitions what those of a present Flux serve. */
async function serveV1Alone(kubectl: Kubectl): Promise<void> {
  for (const name of ['gitrepositories.source.toolkit.fluxcd.io', 'kustomizations.kustomize.toolkit.fluxcd.io']) {
    const path = join(CRD_DIR, `${name}.yaml`);
    const { spec } = load(await readFile(path, 'utf8')) as { spec: { versions: { name: string }[] } };
    const versions = spec.versions.filter((version) => version.name === 'v1');
    await kubectl('patch', 'crd', name, '--type=merge', '-p', JSON.stringify({ spec: { versions } }));
  }
}

/** Hello-world-flask's Deployment with the port that the recorded one has. */
function makeFlaskDeployment(tag: string): string {
  const deployment = load(makeDeployment(NAME, `ghostwritten/${NAME}:${tag}`)) as {
    spec: { template: { spec: { containers: object[] } } };
  };
  const { containers } = deployment.spec.template.spec;
  Object.assign(containers[0] ?? {}, { ports: [{ containerPort: 5000 }] });
  return dump(deployment);
}
