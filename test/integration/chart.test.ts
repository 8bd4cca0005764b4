import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadAll } from 'js-yaml';
import { ensureHelm, renderInstall } from '../../scripts/render-install.ts';
import { listVariables } from '../../src/config/list-variables.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type ControlPlane, startControlPlane } from '../support/start-control-plane.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHART = join(ROOT, 'helm');
const INSTALL = join(ROOT, 'deploy/install.yaml');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: object };
  // biome-ignore lint/suspicious/noExplicitAny: a test reads into manifests of every kind
  readonly [field: string]: any;
}

function parse(yaml: string): Manifest[] {
  return loadAll(yaml).filter((item): item is Manifest => item !== null);
}

function find(manifests: readonly Manifest[], kind: string, name = 'hawser'): Manifest | undefined {
  return manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
}

function environmentOf(manifests: readonly Manifest[]): Map<string, unknown> {
  const env: { name: string; value?: string; valueFrom?: unknown }[] = find(manifests, 'Deployment')?.spec.template.spec
    .containers[0].env;
  return new Map(env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
}

/** The manifests as they would be, were `namespace` the one they are made for; cluster-wide names are made its own. */
function moveTo(namespace: string, manifests: readonly Manifest[]): Manifest[] {
  const text = JSON.stringify(manifests).replaceAll('"flux-system"', `"${namespace}"`);
  return (JSON.parse(text) as Manifest[]).map((manifest) =>
    manifest.kind === 'ClusterRoleBinding'
      ? { ...manifest, metadata: { ...manifest.metadata, name: `${namespace}-${manifest.metadata.name}` } }
      : manifest,
  );
}

describe('deploy/install.yaml in a cluster', () => {
  const namespace = `chart-${randomBytes(4).toString('hex')}`;
  const account = `system:serviceaccount:${namespace}:hawser`;
  const manifests = moveTo(namespace, parse(readFileSync(INSTALL, 'utf8')));
  let plane: ControlPlane;

  function kubectl(args: readonly string[], input = ''): { status: number | null; stdout: string; output: string } {
    const run = spawnSync('kubectl', args, {
      input,
      encoding: 'utf8',
      env: { ...process.env, KUBECONFIG: plane.kubeconfig },
    });
    return { status: run.status, stdout: run.stdout, output: `${run.stdout}${run.stderr}` };
  }

  function apply(items: readonly Manifest[], ...flags: string[]): string {
    const { status, output } = kubectl(
      ['apply', '-f', '-', ...flags],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
    );
    assert.equal(status, 0, output);
    return output;
  }

  before(async () => {
    plane = await startControlPlane();
    apply(manifests);
  });

  after(async () => {
    kubectl(['delete', 'namespace', namespace, '--wait=false']);
    kubectl(['delete', 'clusterrolebinding', `${namespace}-hawser`, `${namespace}-hawser-cluster-admin`]);
    await plane.stop();
  });

  test('the Deployment becomes available', () => {
    const wait = ['wait', '--for=condition=available', '--timeout=60s', '--all', 'deployments', '-n', namespace];

    const { status, output } = kubectl(wait);

    assert.equal(output.trim(), 'deployment.apps/hawser condition met');
    assert.equal(status, 0);
  });

  test('the manifests have no field that the API server does not know', () => {
    apply(manifests, '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict');
  });

  test('applied again it changes nothing', () => {
    const changed = apply(manifests)
      .split('\n')
      .filter((line) => line && !line.endsWith(' unchanged'));

    assert.deepEqual(changed, []);
  });

  test('the Pod keeps to the restricted Pod security standard', () => {
    const level = 'pod-security.kubernetes.io/enforce=restricted';

    const { output } = kubectl(['label', 'namespace', namespace, level, '--dry-run=server', '--overwrite']);

    assert.doesNotMatch(output, /violate/);
  });

  const rights: readonly { verb: string; resource: string; subresource?: string; want: 'yes' | 'no' }[] = [
    { verb: 'watch', resource: 'gitrepositories.source.toolkit.fluxcd.io', want: 'yes' },
    { verb: 'patch', resource: 'gitrepositories.source.toolkit.fluxcd.io', want: 'yes' },
    { verb: 'patch', resource: 'gitrepositories.source.toolkit.fluxcd.io', subresource: 'status', want: 'yes' },
    { verb: 'watch', resource: 'kustomizations.kustomize.toolkit.fluxcd.io', want: 'yes' },
    { verb: 'patch', resource: 'kustomizations.kustomize.toolkit.fluxcd.io', want: 'yes' },
    { verb: 'patch', resource: 'kustomizations.kustomize.toolkit.fluxcd.io', subresource: 'status', want: 'yes' },
    { verb: 'delete', resource: 'kustomizations.kustomize.toolkit.fluxcd.io', want: 'no' },
    { verb: 'watch', resource: 'receivers.notification.toolkit.fluxcd.io', want: 'yes' },
    { verb: 'patch', resource: 'receivers.notification.toolkit.fluxcd.io', subresource: 'status', want: 'yes' },
    { verb: 'get', resource: 'secrets', want: 'yes' },
    { verb: 'watch', resource: 'secrets', want: 'yes' },
    { verb: 'watch', resource: 'configmaps', want: 'yes' },
    { verb: 'update', resource: 'secrets', want: 'no' },
    { verb: 'impersonate', resource: 'serviceaccounts', want: 'yes' },
    { verb: 'create', resource: 'serviceaccounts', subresource: 'token', want: 'yes' },
    { verb: 'impersonate', resource: 'users', want: 'no' },
    { verb: 'create', resource: 'events', want: 'yes' },
    { verb: 'patch', resource: 'events', want: 'yes' },
    { verb: 'watch', resource: 'customresourcedefinitions.apiextensions.k8s.io', want: 'yes' },
    { verb: 'create', resource: 'deployments.apps', want: 'no' },
  ];

  test('without cluster-admin the service account has what Hawser needs for itself, and no more', () => {
    kubectl(['delete', 'clusterrolebinding', `${namespace}-hawser-cluster-admin`]);

    const answers = rights.map(({ verb, resource, subresource }) => {
      const flags = subresource ? [`--subresource=${subresource}`] : [];
      return kubectl(['auth', 'can-i', verb, resource, ...flags, '-n', 'default', `--as=${account}`]).stdout.trim();
    });

    assert.deepEqual(
      answers.map((answer, index) => ({ ...rights[index], want: answer })),
      rights,
    );
  });
});

const helm = ensureHelm();

function render(...settings: string[]): Manifest[] {
  const flags = settings.flatMap((setting) => ['--set', setting]);
  const args = ['template', 'hawser', CHART, '--namespace', 'flux-system', '--kube-version', '1.37.0', ...flags];
  return parse(execFileSync(helm, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
}

describe('the chart, rendered by helm', () => {
  test('renders to deploy/install.yaml', () => {
    assert.equal(renderInstall(helm, CHART), readFileSync(INSTALL, 'utf8'));
  });

  const refusals: readonly { name: string; settings: string[]; want: RegExp }[] = [
    { name: 'two processes with a Redis each', settings: ['replicas=2'], want: /redis\.external=true/ },
    { name: 'a server with a Redis of its own', settings: ['config.roles={server}'], want: /redis\.external=true/ },
    {
      name: 'two processes on one data directory',
      settings: ['replicas=2', 'redis.external=true', 'persistence.enabled=true'],
      want: /a data directory has one owner/,
    },
    { name: 'an Ingress without host', settings: ['ingress.enabled=true'], want: /ingress\.host/ },
  ];
  for (const { name, settings, want } of refusals) {
    test(`refuses ${name} and says what to set`, () => {
      assert.throws(() => render(...settings), want);
    });
  }

  test('one process runs its own Redis, is replaced before the next starts, and serves artifacts by a Service', () => {
    const manifests = render();

    const environment = environmentOf(manifests);
    assert.equal(environment.has('REDIS_URL'), false);
    assert.equal(environment.get('HAWSER_ARTIFACT_URL'), 'http://hawser-artifacts.flux-system.svc.cluster.local.');
    assert.equal(find(manifests, 'Deployment')?.spec.strategy.type, 'Recreate');
    assert.equal(find(manifests, 'Service', 'hawser-artifacts')?.spec.ports[0].port, 80);
  });

  test('several processes share a Redis, are replaced one by one, and each names itself as the place of its artifacts', () => {
    const manifests = render('replicas=3', 'redis.external=true');

    const environment = environmentOf(manifests);
    assert.deepEqual(environment.get('REDIS_URL'), {
      secretKeyRef: { name: 'hawser', key: 'redis-url', optional: false },
    });
    assert.equal(environment.get('HAWSER_ARTIFACT_URL'), 'http://$(POD_IP):9790');
    assert.ok(
      [...environment.keys()].indexOf('POD_IP') < [...environment.keys()].indexOf('HAWSER_ARTIFACT_URL'),
      'POD_IP must come before the variable that uses it',
    );
    assert.equal(find(manifests, 'Deployment')?.spec.strategy.type, 'RollingUpdate');
  });

  test('settings reach the process under their names', () => {
    const manifests = render(
      'config.roles={server,worker}',
      'config.namespace=team-a',
      'config.externalUrl=https://hawser.example.com',
      'config.concurrency=50',
      'config.logLevel=debug',
      'config.githubApiUrl=https://github.example.com/api/v3',
      'ports.public=9000',
    );

    const environment = environmentOf(manifests);
    assert.equal(environment.get('HAWSER_ROLES'), 'server,worker');
    assert.equal(environment.get('HAWSER_NAMESPACE'), 'team-a');
    assert.equal(environment.get('HAWSER_EXTERNAL_URL'), 'https://hawser.example.com');
    assert.equal(environment.get('HAWSER_CONCURRENCY'), '50');
    assert.equal(environment.get('HAWSER_LOG_LEVEL'), 'debug');
    assert.equal(environment.get('HAWSER_GITHUB_API_URL'), 'https://github.example.com/api/v3');
    assert.equal(environment.get('HAWSER_PUBLIC_ADDR'), ':9000');
    assert.deepEqual(environment.get('GITHUB_TOKEN'), {
      secretKeyRef: { name: 'hawser', key: 'github-token', optional: true },
    });
  });

  test('with every setting given, the environment holds every variable that a Pod needs, and the process accepts it', () => {
    const settings = [
      'namespace=a',
      'externalUrl=https://a',
      'concurrency=5',
      'logLevel=warn',
      'strictSubstitution=false',
      'githubApiUrl=https://b',
      'gitlabApiUrl=https://c',
      'giteaApiUrl=https://d',
      'bitbucketApiUrl=https://e',
      'azureDevopsApiUrl=https://f',
      'eventsAddr=http://g',
    ];
    const tenancy = ['tenancy.defaultServiceAccount=deployer', 'tenancy.noCrossNamespaceRefs=true'];
    const setByAzure = ['CLIENT_ID', 'TENANT_ID', 'FEDERATED_TOKEN_FILE', 'AUTHORITY_HOST'].map(
      (name) => `AZURE_${name}`,
    );
    const setByAmazon = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'];
    const leftAlone = ['KUBECONFIG', 'HAWSER_KUSTOMIZE_PATH', ...setByAzure, ...setByAmazon];

    const environment = environmentOf(
      render('redis.external=true', ...tenancy, ...settings.map((setting) => `config.${setting}`)),
    );

    const wanted = listVariables().map(({ name }) => name);
    assert.deepEqual([...environment.keys()].sort(), wanted.filter((name) => !leftAlone.includes(name)).sort());
    const secrets = { REDIS_URL: 'redis://redis:6379', GITHUB_TOKEN: 'secret-1', GITHUB_WEBHOOK_SECRET: 'secret-2' };
    const texts = [...environment].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
    const config = loadConfig({ ...Object.fromEntries(texts), ...secrets });
    assert.equal(config.artifactUrl, 'http://hawser-artifacts.flux-system.svc.cluster.local.');
  });

  test('an identity in Azure is an annotation of the service account and a label of the Pod', () => {
    const id = '66666666-7777-8888-9999-000000000000';
    const manifests = render(
      String.raw`podLabels.azure\.workload\.identity/use=yes`,
      String.raw`serviceAccount.annotations.azure\.workload\.identity/client-id=${id}`,
    );

    const pod = find(manifests, 'Deployment')?.spec.template;
    assert.equal(pod.metadata.labels['azure.workload.identity/use'], 'yes');
    const account = find(manifests, 'ServiceAccount');
    assert.deepEqual(account?.metadata.annotations, { 'azure.workload.identity/client-id': id });
    assert.equal(pod.spec.serviceAccountName, account?.metadata.name);
  });

  test('a persistent data directory is a claim of the release, or the one that is named', () => {
    const own = render('persistence.enabled=true', 'persistence.size=20Gi');
    const given = render('persistence.enabled=true', 'persistence.existingClaim=mine');

    assert.equal(find(own, 'PersistentVolumeClaim')?.spec.resources.requests.storage, '20Gi');
    assert.equal(find(given, 'PersistentVolumeClaim'), undefined);
    const [data] = find(given, 'Deployment')?.spec.template.spec.volumes ?? [];
    assert.deepEqual(data, { name: 'data', persistentVolumeClaim: { claimName: 'mine' } });
  });

  test('an Ingress leads to the public listener, with TLS', () => {
    const settings = ['ingress.enabled=true', 'ingress.host=hawser.example.com', 'ingress.tlsSecretName=tls'];

    const ingress = find(render(...settings), 'Ingress');

    assert.equal(ingress?.spec.rules[0].http.paths[0].backend.service.name, 'hawser');
    assert.deepEqual(ingress?.spec.tls, [{ hosts: ['hawser.example.com'], secretName: 'tls' }]);
  });

  test('without rbac.clusterAdmin nothing is bound to cluster-admin', () => {
    const bindings = render('rbac.clusterAdmin=false').filter(({ kind }) => kind === 'ClusterRoleBinding');

    assert.deepEqual(
      bindings.map(({ roleRef }) => roleRef.name),
      ['hawser'],
    );
  });
});
