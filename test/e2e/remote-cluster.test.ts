import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { type Deployed, followedStory, hasCondition, hasEvent, listEvents } from '../support/deploy-story.ts';
import { eventually } from '../support/eventually.ts';
import { makeRights, makeServiceAccount, mayDeploy } from '../support/make-account.ts';
import { makeKubeconfig, makeSecret, readClusterAddress } from '../support/make-kubeconfig.ts';
import { makeConfigMap, makeKustomization } from '../support/make-kustomization.ts';
import type { FileChanges } from '../support/make-repository.ts';
import { type SecondCluster, startSecondCluster } from '../support/start-second-cluster.ts';

const CANARY = 'canary-remote-token-8Rq2';
const FAILED = { type: 'Ready', status: 'False', reason: 'ReconciliationFailed' } as const;
const FIRST_CLUSTERS_AUDIENCE = 'https://kubernetes.default.svc.cluster.local';

interface World extends Deployed {
  readonly second: SecondCluster;
  /** A client of the second cluster. */
  readonly remote: KubeClient;
  /** What the second cluster has under this name; its colour, for short. */
  colourThere(name: string): Promise<string | undefined>;
  colourHere(name: string): Promise<string | undefined>;
  /** Deploys a directory of the repository to the second cluster, by a Kustomization of the same name. */
  deploy(name: string, files: FileChanges, spec?: Readonly<Record<string, unknown>>): Promise<string>;
}

const config = (name: string, colour: string) => makeConfigMap(name, { colour });
const toRemote = (name = 'remote', key?: string) => ({ kubeConfig: { secretRef: { name, ...(key ? { key } : {}) } } });

test('a Kustomization with a kubeconfig', async (t) => {
  const world = await useWorld(t);

  await t.test('is deployed to that cluster, whatever the Secret calls the kubeconfig', (t) => keys(t, world));
  await t.test('corrects drift there, by watch', () => drift(world));
  await t.test('prunes there, and takes its objects with it when it is deleted', () => pruneAndDelete(world));
  await t.test('waits for health there, and goes on as soon as it is seen', () => health(world));
  await t.test('has nothing to do with objects of the same name in the first cluster', () => sameNames(world));
  await t.test('acts as the service account of that cluster', () => account(world));
  await t.test('waits for the Secret, and says which one it is', () => missingSecret(world));
  await t.test('is refused where it would run a program, and nothing of it is told to anybody', () =>
    execPlugin(world),
  );
  await t.test('is told by name what is wrong with the kubeconfig', () => brokenKubeconfig(world));
  await t.test('says so while the cluster does not answer, and recovers when it does', () => away(world));
  await t.test('whose Secret is lost cannot be deleted with its objects, but goes without them', () =>
    lostSecret(world),
  );
  await t.test('goes on watching there after a restart of Hawser', () => restart(world));
});

test('a Kustomization with a config map instead of a kubeconfig', async (t) => {
  const { story, first } = await followedStory(t, { 'settings.yaml': config('settings', 'blue') });
  const { namespace } = story;
  const { server, ca } = readClusterAddress(story.kubeconfig);
  const makeConfig = (name: string, data: Record<string, string>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data,
  });
  const generic = { provider: 'generic', address: server, 'ca.crt': ca, audiences: FIRST_CLUSTERS_AUDIENCE };
  const named = (name: string) => ({ kubeConfig: { configMapRef: { name } }, namePrefix: `${name}-` });

  await t.test('shows the cluster tokens of a service account, which is all that it may do there', async () => {
    await story.create(
      makeServiceAccount(story, 'shipper'),
      makeConfig('shipping', { ...generic, serviceAccountName: 'shipper' }),
      makeKustomization({ namespace, name: 'generic' }, named('shipping')),
    );
    await hasCondition(
      story,
      { ...FAILED, message: /User "system:serviceaccount:\S+:shipper" cannot (get|patch) resource "configmaps"/ },
      'generic',
    );

    await story.create(...makeRights(story, 'shipper', [{ ...mayDeploy('configmaps'), verbs: ['*'] }]));

    await story.applied(first, 'generic');
    assert.ok(await story.get('v1', 'ConfigMap', 'shipping-settings'));
  });

  await t.test('is refused a cloud’s identity, by name, and nothing is deployed', async () => {
    await story.create(
      makeConfig('cloud', { provider: 'aws', cluster: 'arn:aws:eks:eu-west-1:1:cluster/prod', address: server }),
      makeKustomization({ namespace, name: 'cloud' }, named('cloud')),
    );
    const message = `ConfigMap/${namespace}/cloud: provider 'aws' is not supported: use the provider generic, or a kubeconfig in a Secret`;

    await hasCondition(
      story,
      { type: 'Stalled', status: 'True', reason: 'ReconciliationFailed', message: new RegExp(`^${message}$`) },
      'cloud',
    );
    await hasEvent(story, 'ReconciliationFailed', message);
    assert.equal(await story.get('v1', 'ConfigMap', 'cloud-settings'), undefined);
  });

  await t.test('is told which key of the config map is missing', async () => {
    await story.create(
      makeConfig('nowhere', { provider: 'generic' }),
      makeKustomization({ namespace, name: 'nowhere' }, named('nowhere')),
    );

    await hasCondition(story, { ...FAILED, message: /^ConfigMap\/\S+\/nowhere has no key 'address'/ }, 'nowhere');
  });
});

async function useWorld(t: TestContext): Promise<World> {
  const second = await startSecondCluster(t);
  const deployed = await followedStory(t, { 'README.md': 'nothing to deploy here' });
  const { story, push } = deployed;
  const { namespace } = story;
  const remote = createKubeClient({ access: loadClusterAccess({ kubeconfig: second.kubeconfig }) });
  t.after(() => remote.stop());
  await remote.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await story.create(makeSecret(namespace, 'remote', { value: kubeconfigOf(second) }));
  const colourIn = async (client: KubeClient, name: string) => {
    const found = await client.get({ group: '', version: 'v1', kind: 'ConfigMap', namespace, name });
    return (found?.data as Record<string, string> | undefined)?.colour;
  };
  return {
    ...deployed,
    second,
    remote,
    colourThere: (name) => colourIn(remote, name),
    colourHere: (name) => colourIn(story.client, name),
    async deploy(name, files, spec = {}) {
      const sha = await push(
        Object.fromEntries(Object.entries(files).map(([file, text]) => [`${name}/${file}`, text])),
      );
      await story.create(makeKustomization({ name, namespace }, { path: `./${name}`, ...toRemote(), ...spec }));
      return sha;
    },
  };
}

function kubeconfigOf({ url, ca, token }: SecondCluster): string {
  return makeKubeconfig({ server: url, ca, user: { token } });
}

async function keys(t: TestContext, { story, second, deploy, colourThere, colourHere }: World) {
  const { namespace } = story;
  const text = kubeconfigOf(second);
  await story.create(
    makeSecret(namespace, 'by-file', { 'value.yaml': text }),
    makeSecret(namespace, 'by-key', { value: 'not a kubeconfig', mine: text }),
  );
  const cases = [
    { name: 'default', title: 'value', spec: toRemote() },
    { name: 'file', title: 'value.yaml', spec: toRemote('by-file') },
    { name: 'key', title: 'the key that is named', spec: toRemote('by-key', 'mine') },
  ];
  for (const { name, title, spec } of cases) {
    await t.test(title, async () => {
      const sha = await deploy(name, { 'config.yaml': config(name, 'blue') }, spec);

      await story.applied(sha, name);
      assert.equal(await colourThere(name), 'blue');
      assert.equal(await colourHere(name), undefined);
    });
  }
}

async function drift({ story, remote, deploy, colourThere }: World) {
  await story.applied(await deploy('drift', { 'config.yaml': config('drift', 'blue') }), 'drift');
  const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: story.namespace, name: 'drift' };

  await remote.mergePatch(ref, { data: { colour: 'green' } }, { fieldManager: 'operator' });
  await eventually(async () => assert.equal(await colourThere('drift'), 'blue'));
  await remote.delete(ref);
  await eventually(async () => assert.equal(await colourThere('drift'), 'blue'));
}

async function pruneAndDelete({ story, push, deploy, colourThere }: World) {
  const files = { 'kept.yaml': config('kept', 'blue'), 'old.yaml': config('old', 'blue') };
  await story.applied(await deploy('pruned', files), 'pruned');
  assert.equal(await colourThere('old'), 'blue');

  await story.applied(await push({ 'pruned/old.yaml': null }), 'pruned');
  assert.equal(await colourThere('old'), undefined);
  assert.equal(await colourThere('kept'), 'blue');

  await story.kubectl('delete', 'kustomization', 'pruned', '--timeout=20s');
  assert.equal(await colourThere('kept'), undefined);
}

async function health({ story, remote, deploy }: World) {
  const { namespace } = story;
  const current = `has(metadata.annotations) && 'phase' in metadata.annotations && metadata.annotations['phase'] == 'done'`;
  const spec = { wait: true, timeout: '30m', healthCheckExprs: [{ apiVersion: 'v1', kind: 'ConfigMap', current }] };
  const sha = await deploy('health', { 'config.yaml': config('health', 'blue') }, spec);
  await hasCondition(
    story,
    { type: 'Ready', status: 'Unknown', message: /waiting for: \[ConfigMap\/\S+\/health status: 'InProgress'/ },
    'health',
  );

  const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace, name: 'health' };
  await remote.mergePatch(ref, { metadata: { annotations: { phase: 'done' } } }, { fieldManager: 'operator' });

  await story.applied(sha, 'health');
}

async function sameNames({ story, push, remote, deploy, colourThere, colourHere }: World) {
  const { namespace } = story;
  const here = { name: 'here', namespace };
  const both = { 'config.yaml': config('both', 'blue') };
  const [, sha] = [
    await push({ 'here/config.yaml': config('both', 'red') }),
    await deploy('there', both),
    await story.create(makeKustomization(here, { path: './here' })),
  ];
  await story.applied(sha, 'there');
  await story.applied(sha, 'here');
  assert.deepEqual([await colourHere('both'), await colourThere('both')], ['red', 'blue']);

  const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace, name: 'both' };
  await remote.mergePatch(ref, { data: { colour: 'green' } }, { fieldManager: 'operator' });
  await eventually(async () => assert.equal(await colourThere('both'), 'blue'));
  await story.client.mergePatch(ref, { data: { colour: 'green' } }, { fieldManager: 'operator' });
  await eventually(async () => assert.equal(await colourHere('both'), 'red'));
  await story.kubectl('delete', 'kustomization', 'there', '--timeout=20s');

  assert.deepEqual([await colourHere('both'), await colourThere('both')], ['red', undefined]);
}

async function account({ story, remote, deploy, colourThere }: World) {
  const message = `ServiceAccount/${story.namespace}/deployer not found`;
  // The account of the first cluster has no meaning in the second one.
  await story.create(makeServiceAccount(story, 'deployer'));
  const files = { 'config.yaml': config('account', 'blue') };
  const sha = await deploy('account', files, { serviceAccountName: 'deployer' });
  await hasCondition(story, { ...FAILED, message: new RegExp(`^${message}$`) }, 'account');
  assert.equal(await colourThere('account'), undefined);

  for (const object of [
    makeServiceAccount(story, 'deployer'),
    ...makeRights(story, 'deployer', [mayDeploy('configmaps')]),
  ]) {
    await remote.create(object);
  }

  await story.applied(sha, 'account');
  assert.equal(await colourThere('account'), 'blue');
}

async function missingSecret({ story, second, deploy, colourThere }: World) {
  const { namespace } = story;
  const sha = await deploy('late', { 'config.yaml': config('late', 'blue') }, toRemote('late'));
  const message = `unable to read spec.kubeConfig: Secret/${namespace}/late not found`;
  await hasCondition(story, { ...FAILED, message: new RegExp(`^${message}: create it`) }, 'late');
  await hasEvent(story, 'ReconciliationFailed', message);

  await story.create(makeSecret(namespace, 'late', { kubeconfig: kubeconfigOf(second) }));
  await hasCondition(
    story,
    { ...FAILED, message: /^Secret\/\S+\/late holds no kubeconfig: it has no key 'value' or 'value\.yaml'$/ },
    'late',
  );
  await story.kubectl('patch', 'secret', 'late', '-p', JSON.stringify({ stringData: { value: kubeconfigOf(second) } }));

  await story.applied(sha, 'late');
  assert.equal(await colourThere('late'), 'blue');
}

async function execPlugin({ story, second, deploy, colourThere }: World) {
  const { url: server, ca } = second;
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh', args: ['-c', CANARY] };
  const text = makeKubeconfig({ server, ca, user: { exec, token: CANARY } });
  await story.create(makeSecret(story.namespace, 'exec', { value: text }));

  await deploy('exec', { 'config.yaml': config('exec', 'blue') }, toRemote('exec'));

  const message = `Secret/${story.namespace}/exec: the kubeconfig has the field exec, which is not supported: no program is run`;
  const found = await hasCondition(
    story,
    { type: 'Stalled', status: 'True', reason: 'ReconciliationFailed', message: new RegExp(`^${message}`) },
    'exec',
  );
  await hasEvent(story, 'ReconciliationFailed', message);
  assert.equal(await colourThere('exec'), undefined);
  const told = [JSON.stringify(found), (await listEvents(story)).join('\n'), story.hawser.output()];
  for (const canary of [CANARY, Buffer.from(CANARY).toString('base64')]) {
    assert.deepEqual(
      told.map((text) => text.includes(canary)),
      [false, false, false],
    );
  }
}

async function brokenKubeconfig({ story, second, deploy, colourThere }: World) {
  const { url: server, ca } = second;
  await story.create(makeSecret(story.namespace, 'broken', { value: `users: [{token: ${CANARY}` }));
  const sha = await deploy('broken', { 'config.yaml': config('broken', 'blue') }, toRemote('broken'));
  const correct = (value: string) =>
    story.kubectl('patch', 'secret', 'broken', '-p', JSON.stringify({ stringData: { value } }));
  const refused = (message: RegExp, type = 'Ready') =>
    hasCondition(
      story,
      { type, status: type === 'Ready' ? 'False' : 'True', reason: FAILED.reason, message },
      'broken',
    );

  await refused(/^Secret\/\S+\/broken: the kubeconfig is not valid YAML/, 'Stalled');
  await correct(makeKubeconfig({ server, ca, user: { token: CANARY } }));
  await refused(/^Secret\/\S+\/broken: Unauthorized$/);
  await correct(kubeconfigOf(second));
  await story.applied(sha, 'broken');

  assert.equal(await colourThere('broken'), 'blue');
  assert.equal(story.hawser.output().includes(CANARY), false);
  assert.equal((await listEvents(story)).join('\n').includes(CANARY), false);
}

async function away({ story, second, push, deploy, colourThere, colourHere }: World) {
  await story.applied(await deploy('away', { 'config.yaml': config('away', 'blue') }), 'away');
  await story.create(
    makeKustomization({ name: 'at-home', namespace: story.namespace }, { path: './away', namePrefix: 'at-home-' }),
  );
  await second.kill();

  const sha = await push({ 'away/config.yaml': config('away', 'red') });
  await hasCondition(
    story,
    { ...FAILED, message: /the API server at 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/ },
    'away',
  );
  await story.applied(sha, 'at-home');
  assert.equal(await colourHere('at-home-away'), 'red');
  await second.revive();

  await story.applied(sha, 'away');
  assert.equal(await colourThere('away'), 'red');
}

async function lostSecret({ story, second, deploy, colourThere }: World) {
  await story.create(makeSecret(story.namespace, 'lost', { value: kubeconfigOf(second) }));
  await story.applied(await deploy('lost', { 'config.yaml': config('lost', 'blue') }, toRemote('lost')), 'lost');
  await story.kubectl('delete', 'secret', 'lost');

  await story.kubectl('delete', 'kustomization', 'lost', '--wait=false');
  await hasCondition(
    story,
    { ...FAILED, message: /^unable to read spec\.kubeConfig: Secret\/\S+\/lost not found/ },
    'lost',
  );
  await story.kubectl('patch', 'kustomization', 'lost', '--type=merge', '-p', '{"spec":{"suspend":true}}');

  await eventually(async () => assert.equal(await story.kustomization('lost'), undefined));
  assert.equal(await colourThere('lost'), 'blue');
}

async function restart({ story, remote, deploy, colourThere }: World) {
  await story.applied(await deploy('restarted', { 'config.yaml': config('restarted', 'blue') }), 'restarted');
  await story.hawser.end();
  await story.start();

  const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: story.namespace, name: 'restarted' };
  await remote.mergePatch(ref, { data: { colour: 'green' } }, { fieldManager: 'operator' });

  await eventually(async () => assert.equal(await colourThere('restarted'), 'blue'));
}
