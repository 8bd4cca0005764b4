import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { HawserError } from '../../src/errors/hawser-error.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { type TestCluster, useCluster } from '../support/use-cluster.ts';

const CRDS = join(import.meta.dirname, '../../helm/crds');
const run = promisify(execFile);

const source = { kind: 'GitRepository', name: 'app' };
const gitSpec = { url: 'https://git.example/app', interval: '5s' };
const kustomizeSpec = { interval: '5s', prune: true, sourceRef: source };

interface Sample {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

const git = 'source.toolkit.fluxcd.io';
const kustomize = 'kustomize.toolkit.fluxcd.io';
const notification = 'notification.toolkit.fluxcd.io';
const receiverSpec = { type: 'github', secretRef: { name: 'token' }, resources: [source] };

const stored: readonly (Sample & { want: Readonly<Record<string, unknown>> })[] = [
  {
    name: 'a GitRepository of v1 gets its default timeout',
    apiVersion: `${git}/v1`,
    kind: 'GitRepository',
    spec: gitSpec,
    want: { ...gitSpec, timeout: '60s' },
  },
  {
    name: "a GitRepository of v1beta2 keeps that version's fields",
    apiVersion: `${git}/v1beta2`,
    kind: 'GitRepository',
    spec: {
      ...gitSpec,
      timeout: '1m',
      gitImplementation: 'go-git',
      verify: { mode: 'head', secretRef: { name: 'keys' } },
    },
    want: {
      ...gitSpec,
      timeout: '1m',
      gitImplementation: 'go-git',
      verify: { mode: 'head', secretRef: { name: 'keys' } },
    },
  },
  {
    name: "a Kustomization of v1beta2 keeps that version's fields, whatever they hold",
    apiVersion: `${kustomize}/v1beta2`,
    kind: 'Kustomization',
    spec: { ...kustomizeSpec, validation: 'client', patchesStrategicMerge: [{ any: { thing: [1] } }] },
    want: { ...kustomizeSpec, force: false, validation: 'client', patchesStrategicMerge: [{ any: { thing: [1] } }] },
  },
  {
    name: 'a Kustomization of v1 keeps every kind of field',
    apiVersion: `${kustomize}/v1`,
    kind: 'Kustomization',
    spec: {
      ...kustomizeSpec,
      force: true,
      postBuild: { substitute: { a: 'b' }, substituteFrom: [{ kind: 'Secret', name: 'vars' }] },
      kubeConfig: { configMapRef: { name: 'cluster' } },
      ignore: [{ paths: ['/spec/replicas'], target: { kind: 'Deployment' } }],
    },
    want: {
      ...kustomizeSpec,
      force: true,
      postBuild: { substitute: { a: 'b' }, substituteFrom: [{ kind: 'Secret', name: 'vars', optional: false }] },
      kubeConfig: { configMapRef: { name: 'cluster' } },
      ignore: [{ paths: ['/spec/replicas'], target: { kind: 'Deployment' } }],
    },
  },
  {
    name: 'a Receiver of v1 gets its default interval',
    apiVersion: `${notification}/v1`,
    kind: 'Receiver',
    spec: receiverSpec,
    want: { ...receiverSpec, interval: '10m' },
  },
];

const refused: readonly (Sample & { want: RegExp })[] = [
  {
    name: 'a URL without scheme',
    apiVersion: `${git}/v1`,
    kind: 'GitRepository',
    spec: { ...gitSpec, url: 'git@host:app' },
    want: /spec\.url/,
  },
  {
    name: 'a timeout in hours',
    apiVersion: `${git}/v1`,
    kind: 'GitRepository',
    spec: { ...gitSpec, timeout: '1h' },
    want: /spec\.timeout/,
  },
  {
    name: 'a service account without a provider that has them',
    apiVersion: `${git}/v1`,
    kind: 'GitRepository',
    spec: { ...gitSpec, serviceAccountName: 'git' },
    want: /serviceAccountName can only be set when provider is 'azure' or 'aws'/,
  },
  {
    name: 'no prune',
    apiVersion: `${kustomize}/v1`,
    kind: 'Kustomization',
    spec: { interval: '5s', sourceRef: source },
    want: /spec\.prune/,
  },
  {
    name: 'another kind of source',
    apiVersion: `${kustomize}/v1beta2`,
    kind: 'Kustomization',
    spec: { ...kustomizeSpec, sourceRef: { kind: 'Deployment', name: 'app' } },
    want: /spec\.sourceRef\.kind/,
  },
  {
    name: 'two kubeconfigs',
    apiVersion: `${kustomize}/v1`,
    kind: 'Kustomization',
    spec: { ...kustomizeSpec, kubeConfig: { secretRef: { name: 'a' }, configMapRef: { name: 'b' } } },
    want: /exactly one of spec\.kubeConfig\.secretRef or spec\.kubeConfig\.configMapRef must be set/,
  },
  {
    name: 'a namespace that is too long',
    apiVersion: `${kustomize}/v1`,
    kind: 'Kustomization',
    spec: { ...kustomizeSpec, targetNamespace: 'n'.repeat(64) },
    want: /spec\.targetNamespace/,
  },
  {
    name: 'no Secret',
    apiVersion: `${notification}/v1`,
    kind: 'Receiver',
    spec: { type: 'github', resources: [source] },
    want: /secretRef is required when type is not generic-oidc/,
  },
  {
    name: 'a type that Flux does not know',
    apiVersion: `${notification}/v1beta2`,
    kind: 'Receiver',
    spec: { ...receiverSpec, type: 'gitea' },
    want: /spec\.type/,
  },
  {
    name: 'a kind that cannot be asked',
    apiVersion: `${notification}/v1`,
    kind: 'Receiver',
    spec: { ...receiverSpec, resources: [{ kind: 'Deployment', name: 'app' }] },
    want: /spec\.resources\[0\]\.kind/,
  },
];

describe('the CRDs in a cluster', () => {
  let cluster: TestCluster;
  let client: KubeClient;
  let kubectl: (...args: string[]) => Promise<{ stdout: string; stderr: string }>;

  const cleanups: (() => unknown)[] = [];
  before(async () => {
    cluster = await useCluster({ after: (cleanup) => void cleanups.push(cleanup as () => unknown) });
    client = cluster.client;
    kubectl = (...args) => run('kubectl', args, { env: { ...process.env, KUBECONFIG: cluster.kubeconfig } });
    await kubectl('apply', '--server-side', '--force-conflicts', '-f', CRDS);
    await kubectl('wait', '--for=condition=established', '--timeout=30s', '-f', CRDS);
  });

  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });

  function toObject({ apiVersion, kind, spec }: Sample): KubeObject {
    const name = `sample-${crypto.randomUUID()}`;
    return { apiVersion, kind, metadata: { name, namespace: cluster.namespace }, spec };
  }

  for (const sample of stored) {
    test(sample.name, async () => {
      const created = await client.create(toObject(sample));

      assert.deepEqual(created.spec, sample.want);
      assert.deepEqual(created.status, { observedGeneration: -1 });
    });
  }

  for (const sample of refused) {
    test(`${sample.kind} refuses ${sample.name}`, async () => {
      await assert.rejects(
        client.create(toObject(sample)),
        (error) => error instanceof HawserError && sample.want.test(error.message),
      );
    });
  }

  for (const resource of [`gitrepositories.${git}`, `kustomizations.${kustomize}`, `receivers.${notification}`]) {
    for (const version of ['v1', 'v1beta2', 'v1beta1']) {
      test(`kubectl explain describes every field of ${resource} ${version}`, async () => {
        const [plural, ...group] = resource.split('.');
        for (const part of ['spec', 'status']) {
          const { stdout } = await kubectl(
            'explain',
            `${plural}.${part}`,
            `--api-version=${group.join('.')}/${version}`,
          );

          assert.ok([...stdout.matchAll(/^ {2}\w+\t</gm)].length >= 5, stdout);
          assert.doesNotMatch(stdout, /<no description>|<empty>/);
        }
      });
    }
  }

  test('the older version is served without a warning', async () => {
    const { stderr } = await kubectl('get', `gitrepositories.v1beta2.${git}`, '--namespace', cluster.namespace);

    assert.doesNotMatch(stderr, /deprecated/i);
  });

  test('kubectl get shows the columns of Flux', async () => {
    await client.create(toObject(stored[0]!));
    await client.create(toObject(stored[2]!));

    const sources = await kubectl('get', 'gitrepo', '--namespace', cluster.namespace);
    const kustomizations = await kubectl('get', 'ks', '--namespace', cluster.namespace);

    assert.match(sources.stdout, /^NAME +URL +AGE +READY +STATUS/);
    assert.match(kustomizations.stdout, /^NAME +AGE +READY +STATUS/);
  });
});
