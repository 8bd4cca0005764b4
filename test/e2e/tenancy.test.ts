import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { followedStory, hasCondition, hasEvent } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { CRD_DIR, createKubectl } from '../support/kubectl.ts';
import { makeAccount, makeRights, makeServiceAccount, mayDeploy, setRights } from '../support/make-account.ts';
import { makeConfigMap, makeDeployment, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { startHawser } from '../support/start-hawser.ts';
import { startSecondCluster } from '../support/start-second-cluster.ts';
import type { Story } from '../support/use-story.ts';

const SETTINGS = { 'settings.yaml': makeConfigMap('settings', { colour: 'blue' }) };
const FORBIDDEN = { type: 'Ready', status: 'False', reason: 'ReconciliationFailed' } as const;

async function colourOf(story: Story, name = 'settings'): Promise<string | undefined> {
  const found = await story.get('v1', 'ConfigMap', name);
  return (found?.data as Record<string, string> | undefined)?.colour;
}

async function inventoryOf(story: Story): Promise<string[]> {
  const { status } = await story.kustomization();
  return (status?.inventory?.entries ?? []).map(({ id }) => id);
}

/** The pushed repository, deployed as the account `deployer` that may do this. */
async function deployedAs(t: Parameters<typeof followedStory>[0], files: Parameters<typeof followedStory>[1]) {
  const deployed = await followedStory(t, files);
  const { story, first } = deployed;
  await story.create(
    ...makeAccount(story, 'deployer', [mayDeploy('configmaps')]),
    makeKustomization(story, { serviceAccountName: 'deployer' }),
  );
  await story.applied(first);
  return deployed;
}

describe('a Kustomization that acts as a service account', () => {
  test('deploys what the account may write; one object that it may not, and nothing at all is written', async (t) => {
    const { story, push } = await deployedAs(t, SETTINGS);
    const { namespace } = story;
    const forbidden = `Deployment/${namespace}/web dry-run failed (Forbidden): deployments.apps "web" is forbidden: User "system:serviceaccount:${namespace}:deployer" cannot patch resource "deployments"`;

    const second = await push({
      'settings.yaml': makeConfigMap('settings', { colour: 'red' }),
      'more.yaml': makeConfigMap('more', { colour: 'red' }),
      'web.yaml': makeDeployment('web', 'web:v1'),
    });

    await hasCondition(story, { ...FORBIDDEN, message: toPattern(forbidden) });
    await hasEvent(story, 'ReconciliationFailed', forbidden);
    assert.equal(await colourOf(story), 'blue');
    assert.equal(await story.get('v1', 'ConfigMap', 'more'), undefined);
    assert.equal(await story.get('apps/v1', 'Deployment', 'web'), undefined);
    assert.deepEqual(await inventoryOf(story), [`${namespace}_settings__ConfigMap`]);

    await story.create(...makeRights(story, 'deployments', [mayDeploy('deployments.apps')], 'deployer'));

    await story.applied(second);
    assert.equal(await colourOf(story), 'red');
  });

  test('that does not exist is told so, by name, and deployed as soon as the account is there', async (t) => {
    const { story, first } = await followedStory(t, SETTINGS);
    await story.create(makeKustomization(story, { serviceAccountName: 'nobody' }));
    const message = `ServiceAccount/${story.namespace}/nobody not found`;
    await hasCondition(story, { ...FORBIDDEN, message: toPattern(`^${message}$`) });
    await hasEvent(story, 'ReconciliationFailed', message);
    assert.equal(await story.get('v1', 'ConfigMap', 'settings'), undefined);

    await story.create(...makeAccount(story, 'nobody', [mayDeploy('configmaps')]));

    await story.applied(first);
  });

  test('corrects drift as the account: without the right to, the drift stays and is told', async (t) => {
    const { story } = await deployedAs(t, SETTINGS);
    await setRights(story, 'deployer', [mayDeploy('configmaps', ['patch'])]);

    await story.kubectl('patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"colour":"green"}}');
    await hasCondition(story, {
      ...FORBIDDEN,
      message:
        /^ConfigMap\/\S+\/settings .* User "system:serviceaccount:\S+:deployer" cannot patch resource "configmaps"/,
    });
    assert.equal(await colourOf(story), 'green');
    await setRights(story, 'deployer', [mayDeploy('configmaps')]);

    await eventually(async () => assert.equal(await colourOf(story), 'blue'));
    await hasCondition(story, { type: 'Ready', status: 'True', message: /^Applied revision/ });
  });

  test('prunes as the account: what it may not delete stays, in the cluster and in the inventory, until it may', async (t) => {
    const { story, push } = await deployedAs(t, { ...SETTINGS, 'old.yaml': makeConfigMap('old', { colour: 'grey' }) });
    const { namespace } = story;
    await setRights(story, 'deployer', [mayDeploy('configmaps', ['delete'])]);

    const sha = await push({ 'old.yaml': null });
    await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      reason: 'PruneFailed',
      message: toPattern(
        `ConfigMap/${namespace}/old delete failed: configmaps "old" is forbidden: User "system:serviceaccount:${namespace}:deployer" cannot delete resource "configmaps"`,
      ),
    });
    assert.equal(await colourOf(story, 'old'), 'grey');
    assert.ok((await inventoryOf(story)).includes(`${namespace}_old__ConfigMap`));
    await setRights(story, 'deployer', [mayDeploy('configmaps')]);

    await story.applied(sha);
    assert.equal(await story.get('v1', 'ConfigMap', 'old'), undefined);
    assert.deepEqual(await inventoryOf(story), [`${namespace}_settings__ConfigMap`]);
  });

  test('is deleted as the account: it stays, and says why, until the account may delete its objects', async (t) => {
    const { story } = await deployedAs(t, SETTINGS);
    await setRights(story, 'deployer', [mayDeploy('configmaps', ['delete'])]);

    await story.kubectl('delete', 'kustomization', 'app', '--wait=false');
    await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      reason: 'PruneFailed',
      message: /^ConfigMap\/\S+\/settings delete failed: .* cannot delete resource "configmaps"/,
    });
    assert.equal(await colourOf(story), 'blue');
    await setRights(story, 'deployer', [mayDeploy('configmaps')]);

    await eventually(async () => assert.equal(await story.kustomization(), undefined));
    assert.equal(await story.get('v1', 'ConfigMap', 'settings'), undefined);
  });

  test('and is deleted when its account is gone ends at once; an event names what stays in the cluster', async (t) => {
    const { story } = await deployedAs(t, SETTINGS);
    const { namespace } = story;
    await story.kubectl('delete', 'serviceaccount', 'deployer');

    await story.kubectl('delete', 'kustomization', 'app', '--timeout=20s');

    assert.equal(await colourOf(story), 'blue');
    await hasEvent(
      story,
      'ReconciliationFailed',
      `ServiceAccount/${namespace}/deployer not found: 1 objects stay in the cluster: ConfigMap/${namespace}/settings`,
    );
  });

  test('deploys a Role, its RoleBinding and its subject in one go, as far as the account has those rights itself', async (t) => {
    const { story, first } = await followedStory(t, { 'rbac.yaml': REPORTER });
    const rights = ['serviceaccounts', 'roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io'];
    await story.create(
      ...makeAccount(story, 'deployer', [mayDeploy('configmaps'), ...rights.map((resource) => mayDeploy(resource))]),
      makeKustomization(story, { serviceAccountName: 'deployer', retryInterval: '1h' }),
    );

    await story.applied(first);

    const reporter = `system:serviceaccount:${story.namespace}:reporter`;
    assert.equal(await story.kubectl('auth', 'can-i', 'get', 'configmaps', '--as', reporter), 'yes');
  });

  test('gives away no right that the account does not have', async (t) => {
    const { story } = await followedStory(t, { 'rbac.yaml': REPORTER });
    const rights = ['serviceaccounts', 'roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io'];
    await story.create(
      ...makeAccount(
        story,
        'deployer',
        rights.map((resource) => mayDeploy(resource)),
      ),
      makeKustomization(story, { serviceAccountName: 'deployer' }),
    );

    await hasCondition(story, {
      ...FORBIDDEN,
      message:
        /^Role\/\S+\/reporter dry-run failed \(Forbidden\): .*attempting to grant RBAC permissions not currently held/,
    });
    assert.equal(await story.get('v1', 'ServiceAccount', 'reporter'), undefined);
  });

  test('is told nothing of the health of objects that the account may not read, though Hawser knows it', async (t) => {
    const { story, first } = await followedStory(t, {
      'app/settings.yaml': makeConfigMap('settings', { colour: 'blue' }),
      'web/web.yaml': 'apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n',
    });
    const { namespace } = story;
    await story.create(makeKustomization({ name: 'web', namespace }, { path: './web' }));
    await story.applied(first, 'web');
    const healthChecks = [{ apiVersion: 'v1', kind: 'ServiceAccount', name: 'web', namespace }];
    await story.create(
      ...makeAccount(story, 'deployer', [mayDeploy('configmaps')]),
      makeKustomization({ namespace }, { path: './app', serviceAccountName: 'deployer', healthChecks }),
    );

    await hasCondition(story, {
      ...FORBIDDEN,
      message: /serviceaccounts "web" is forbidden: User "system:serviceaccount:\S+:deployer" cannot get resource/,
    });
    await story.create(...makeRights(story, 'reader', [mayDeploy('serviceaccounts', ['patch'])], 'deployer'));
    await story.applied(first);
  });
});

const REPORTER = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: reporter
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: reporter
subjects:
- kind: ServiceAccount
  name: reporter
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: reporter
rules:
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: reporter
`;

describe('an installation that is shared', () => {
  test('deploys from sources of other namespaces, unless that is forbidden', async (t) => {
    const { story, first } = await followedStory(t, SETTINGS, { started: false });
    // A cluster of its own: a process that watches all namespaces would meddle with other tests.
    const cluster = await useSeparateCluster(t);
    const { kubeconfig, client, kubectl } = cluster;
    await client.create(makeGitRepository({ namespace: 'platform' }, { url: story.repository.url }));
    const sourceRef = { kind: 'GitRepository', name: 'app', namespace: 'platform' };
    await client.create(makeKustomization({ namespace: 'tenant' }, { sourceRef }));
    const env = { HAWSER_GITHUB_API_URL: story.github.url };

    const open = await startHawser({ kubeconfig, env });
    t.after(() => open.end());
    await kubectl('wait', 'kustomization', 'app', '--for=condition=Ready', '--timeout=30s');
    assert.equal(await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}'), 'blue');
    assert.match(await kubectl('get', 'kustomization', 'app', '-o', 'yaml'), new RegExp(`main@sha1:${first}`));
    await open.end();
    const closed = await startHawser({ kubeconfig, env: { ...env, HAWSER_NO_CROSS_NAMESPACE_REFS: 'true' } });
    t.after(() => closed.end());
    await kubectl('annotate', 'kustomization', 'app', 'reconcile.fluxcd.io/requestedAt=now');

    await kubectl('wait', 'kustomization', 'app', '--for=condition=Stalled', '--timeout=30s');
    assert.match(
      await kubectl('get', 'kustomization', 'app'),
      /can't access 'GitRepository\/platform\/app', cross-namespace references have been blocked/,
    );
    assert.equal(await kubectl('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}'), 'blue');
  });

  test('lets Kustomizations without an account of their own act as the default one of their namespace', async (t) => {
    const { story, first } = await followedStory(t, SETTINGS, { env: { HAWSER_DEFAULT_SERVICE_ACCOUNT: 'tenant' } });
    const { namespace } = story;
    await story.create(
      ...makeAccount(story, 'deployer', [mayDeploy('configmaps')]),
      makeServiceAccount(story, 'tenant'),
      makeKustomization(story, { namePrefix: 'default-' }),
      makeKustomization({ name: 'named', namespace }, { namePrefix: 'named-', serviceAccountName: 'deployer' }),
    );

    await story.applied(first, 'named');

    await hasCondition(story, {
      ...FORBIDDEN,
      message: /default-settings .*: User "system:serviceaccount:\S+:tenant" cannot (get|patch) resource "configmaps"/,
    });
    await story.create(...makeRights(story, 'tenant', [mayDeploy('configmaps')]));
    await story.applied(first);
  });

  test('can forbid sources of other namespaces; one of the same namespace is used although it is spelled out', async (t) => {
    const { story, first } = await followedStory(t, SETTINGS, { env: { HAWSER_NO_CROSS_NAMESPACE_REFS: 'true' } });
    const { namespace } = story;
    const message = `can't access 'GitRepository/other/app', cross-namespace references have been blocked`;
    const refOf = (other: string) => ({ sourceRef: { kind: 'GitRepository', name: 'app', namespace: other } });
    await story.create(
      makeKustomization({ name: 'abroad', namespace }, { ...refOf('other'), namePrefix: 'abroad-' }),
      makeKustomization({ name: 'home', namespace }, refOf(namespace)),
    );

    await hasCondition(
      story,
      { type: 'Stalled', status: 'True', reason: 'AccessDenied', message: toPattern(`^${message}$`) },
      'abroad',
    );
    await hasEvent(story, 'AccessDenied', message);
    await story.applied(first, 'home');
    assert.equal(await story.get('v1', 'ConfigMap', 'abroad-settings'), undefined);

    await story.kubectl(
      'patch',
      'kustomization',
      'abroad',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: refOf(namespace) }),
    );

    await story.applied(first, 'abroad');
  });
});

describe('the document about tenancy', () => {
  test('has examples that can be typed as they stand', async (t) => {
    const { kubeconfig } = await useSeparateCluster(t);
    const kubectl = createKubectl(kubeconfig, 'team-a');
    const document = await readFile(new URL('../../docs/tenancy.md', import.meta.url), 'utf8');
    const examples = [...document.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);
    const directory = await mkdtemp(join(tmpdir(), 'hawser-tenancy-'));
    t.after(() => rm(directory, { recursive: true }));

    assert.ok(examples.length > 3);
    for (const [index, example] of examples.entries()) {
      const file = join(directory, `${index}.yaml`);
      await writeFile(file, example);
      assert.match(await kubectl('apply', '-f', file), /created/);
    }
  });
});

/** A cluster with the custom resources, and the namespaces `platform` and `tenant`. */
async function useSeparateCluster(t: TestContext) {
  const { kubeconfig } = await startSecondCluster(t);
  const client = createKubeClient({ access: loadClusterAccess({ kubeconfig }) });
  t.after(() => client.stop());
  const kubectl = createKubectl(kubeconfig, 'tenant');
  await kubectl('apply', '--server-side', '-f', CRD_DIR);
  // kubectl gives up at once on a definition that has no conditions yet.
  await eventually(() => kubectl('wait', '--for=condition=established', '--timeout=30s', '-f', CRD_DIR));
  for (const name of ['platform', 'tenant']) {
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  return { kubeconfig, client, kubectl };
}

/** The text as a pattern; `^` and `$` at its ends keep their meaning. */
function toPattern(text: string): RegExp {
  const [, start = '', middle = '', end = ''] = /^(\^?)(.*?)(\$?)$/.exec(text) ?? [];
  return new RegExp(`${start}${middle.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}${end}`);
}
