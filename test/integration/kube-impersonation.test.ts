import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import type { KubeClientEvent } from '../../src/kube/kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import { impersonationOf, requireServiceAccount } from '../../src/kube/service-account.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { useCluster } from '../support/use-cluster.ts';

const fieldManager = 'kustomize-controller';
const RBAC = 'rbac.authorization.k8s.io';

function makeConfigMap(namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace } };
}

/** A cluster with a service account that nobody has granted anything. */
async function useAccount(t: TestContext) {
  const cluster = await useCluster(t);
  const account = { namespace: cluster.namespace, name: 'deployer' };
  await cluster.client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  return { ...cluster, account };
}

test('the API server itself gives a service account its groups', async (t) => {
  const { client, account } = await useAccount(t);

  const review = await client.as(impersonationOf(account)).create({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
    metadata: {} as KubeObject['metadata'],
  });

  const { userInfo } = review.status as { userInfo: { username: string; groups: string[] } };
  assert.equal(userInfo.username, `system:serviceaccount:${account.namespace}:deployer`);
  assert.deepEqual(userInfo.groups.toSorted(), [
    'system:authenticated',
    'system:serviceaccounts',
    `system:serviceaccounts:${account.namespace}`,
  ]);
});

test('what is granted to a service account, or to its group, is what its impersonation may do', async (t) => {
  const { client, account } = await useAccount(t);
  const { namespace } = account;
  const metadata = { name: 'deployer', namespace };
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'patch'] }];
  const subjects = [{ kind: 'Group', apiGroup: RBAC, name: `system:serviceaccounts:${namespace}` }];
  const roleRef = { apiGroup: RBAC, kind: 'Role', name: 'deployer' };
  await client.create({ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules });
  await client.create({ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, subjects, roleRef });
  const deployer = client.as(impersonationOf(account));

  // A grant counts a moment after it was accepted.
  const { created } = await eventually(() => deployer.apply(makeConfigMap(namespace), { fieldManager }));

  assert.equal(created, true);
  const secret = { ...makeConfigMap(namespace), kind: 'Secret' };
  await assert.rejects(deployer.apply(secret, { fieldManager }), {
    code: 'KUBE_FORBIDDEN',
    disposition: 'retry',
    message: `secrets "settings" is forbidden: User "system:serviceaccount:${namespace}:deployer" cannot patch resource "secrets" in API group "" in the namespace "${namespace}"`,
  });
});

test('each way of reading and writing is under the impersonated identity', async (t) => {
  const { client, account } = await useAccount(t);
  const { namespace } = account;
  const object = makeConfigMap(namespace);
  await client.apply(object, { fieldManager });
  const deployer = client.as(impersonationOf(account));
  const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
  const query = { group: '', version: 'v1', plural: 'configmaps', namespace };

  const attempts = [
    deployer.get(ref),
    deployer.list(query),
    deployer.create({ ...object, metadata: { name: 'another', namespace } }),
    deployer.apply(object, { fieldManager }),
    deployer.apply(object, { fieldManager, dryRun: true }),
    deployer.mergePatch(ref, { data: { a: 'b' } }),
    deployer.jsonPatch(ref, [{ op: 'add', path: '/data', value: { a: 'b' } }]),
    deployer.delete(ref),
    deployer.createSubresource({ ...ref, kind: 'ServiceAccount', name: 'deployer' }, 'token', {}),
  ];
  const results = await Promise.allSettled(attempts);

  for (const [index, result] of results.entries()) {
    assert.equal(result.status, 'rejected', `attempt ${index} was allowed`);
    assert.match(String(result.reason), /User "system:serviceaccount:test-\w+:deployer" cannot/);
  }
  assert.ok(await client.get(ref), 'it was deleted');
});

test('a watch lists and follows under the impersonated identity', async (t) => {
  const { kubeconfig, client, account } = await useAccount(t);
  const { namespace } = account;
  const refusals: unknown[] = [];
  const observe = (event: KubeClientEvent) => void (event.kind === 'watchRestarted' && refusals.push(event.error));
  const own = createKubeClient({ access: loadClusterAccess({ kubeconfig }), observe });
  t.after(() => own.stop());
  const query = { group: '', version: 'v1', plural: 'configmaps', namespace };
  const metadata = { name: 'deployer', namespace };
  const roleRef = { apiGroup: RBAC, kind: 'Role', name: 'deployer' };
  const role = { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata };
  const mayOnly = (...verbs: string[]) =>
    client.apply({ ...role, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }] }, { fieldManager });
  const subjects = [{ kind: 'ServiceAccount', ...metadata }];
  await client.create({ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata, subjects, roleRef });
  const refused = (verb: string) =>
    eventually(() => assert.match(String(refusals.at(-1)), new RegExp(`:deployer" cannot ${verb} resource`)));

  const watch = own.as(impersonationOf(account)).watch(query, { onSnapshot: () => {}, onEvent: () => {} });

  await refused('list');
  await mayOnly('list');
  await watch.synced;
  await refused('watch');
  await watch.stop();
});

test('an identity made from another one takes its place', async (t) => {
  const { client, account } = await useAccount(t);
  const ref = { group: '', version: 'v1', kind: 'Secret', namespace: account.namespace, name: 's' };

  const second = client.as(impersonationOf(account)).as(impersonationOf({ ...account, name: 'other' }));

  await assert.rejects(second.get(ref), { message: /User "system:serviceaccount:test-\w+:other" cannot get/ });
});

test('a service account that is missing is named before anything is forbidden', async (t) => {
  const { client, account } = await useAccount(t);

  await requireServiceAccount(client, account);
  await assert.rejects(requireServiceAccount(client, { ...account, name: 'nobody' }), {
    code: 'SERVICE_ACCOUNT_NOT_FOUND',
    reason: 'ReconciliationFailed',
    disposition: 'retry',
    message: `ServiceAccount/${account.namespace}/nobody not found`,
  });
});
