import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HawserError, messageOf } from '../../src/errors/hawser-error.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { configMap, configRef, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { eventually } from '../support/eventually.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const RBAC = 'rbac.authorization.k8s.io';

describe('a set whose objects stand on each other', () => {
  test('a namespace, a definition, a custom resource and what lives there are created in one sync', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = makeWidgets(bench);
    const namespace = makeNamespace(bench, 'new');
    const inside = { ...configMap('inside', {}), metadata: { name: 'inside', namespace: namespace.metadata.name } };

    const result = await bench.apply(toManifests(inside, widget(1), crd, namespace, configMap('beside', {})));

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.equal(linesOf(result).filter((line) => line.endsWith(' created')).length, 5);
    // The namespace's member and the widget are tried once what they stand on is there.
    assert.deepEqual(bench.calls(), { dryRun: 5, apply: 5 });
  });

  test('a member of a new namespace that is refused leaves the namespace, and nothing after it', async (t) => {
    const bench = await useApply(t);
    const namespace = makeNamespace(bench, 'new');
    const broken: KubeObject = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'broken', namespace: namespace.metadata.name },
      spec: { ports: [{ port: -1 }] },
    };
    const inside = { ...configMap('inside', {}), metadata: { name: 'inside', namespace: namespace.metadata.name } };

    const result = await bench.apply(toManifests(namespace, broken, inside));

    assert.deepEqual(linesOf(result), [`Namespace ${namespace.metadata.name} created`]);
    assert.match(messageOf(result.failures[0]), /^Service\/.*\/broken dry-run failed \(Invalid\)/);
    assert.equal(
      await bench.client.get({ ...configRef(bench, 'inside'), namespace: namespace.metadata.name }),
      undefined,
    );
  });

  test('a quota of the same set is there before what it counts', async (t) => {
    const bench = await useApply(t);
    const quota: KubeObject = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none' },
      spec: { hard: { 'count/services': '0' } },
    };
    const { plan } = await bench.apply(toManifests(configMap('a', {}), quota));

    const tried = plan.desired.filter(({ identity }) => plan.validateFirst.has(identity));
    assert.deepEqual(
      tried.map(({ ref }) => ref.kind),
      ['ResourceQuota'],
    );
  });

  test('a Role and its RoleBinding are created in one sync by an account that holds only that role’s rights', async (t) => {
    const bench = await useApply(t);
    await restrict(bench, [
      { apiGroups: [RBAC], resources: ['roles', 'rolebindings'], verbs: ['get', 'create', 'patch'] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch'] },
    ]);

    const result = await bench.apply(toManifests(makeBinding('reader'), makeRole('reader', ['get'])), {
      as: 'deployer',
    });

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.deepEqual(linesOf(result), ['Role reader created', 'RoleBinding reader created']);
  });

  test('what an account may not do is named for each object, and nothing is written', async (t) => {
    const bench = await useApply(t);
    await restrict(bench, [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch'] }]);

    const { failures, hasWritten } = await bench.apply(
      toManifests(configMap('a', {}), makeRole('reader', ['get']), makeRole('writer', ['create'])),
      { as: 'deployer' },
    );

    assert.equal(hasWritten, false);
    assert.deepEqual(
      failures.map((error) => messageOf(error).replace(/ dry-run failed \(Forbidden\): .*deployer.*/, '')).sort(),
      [`Role/${bench.namespace}/reader`, `Role/${bench.namespace}/writer`],
    );
    assert.equal(await bench.client.get(configRef(bench, 'a')), undefined);
  });

  test('a definition that was deleted is created anew with its objects', async (t) => {
    const bench = await useApply(t);
    const { crd, widget } = makeWidgets(bench);
    await bench.apply(toManifests(crd, widget(1)));
    await bench.client.delete(refOf(crd));
    await eventually(async () => assert.equal(await bench.client.get(refOf(crd)), undefined));
    bench.client.discovery.invalidate();
    bench.forgetAll();

    const result = await bench.apply(toManifests(crd, widget(1)));

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.deepEqual((await readObject(bench, { ...refOf(widget(1)), namespace: bench.namespace })).spec, { size: 1 });
  });
});

describe('an admission policy that the same set changes', () => {
  test('is changed first, and what only its old rules refuse is applied', async (t) => {
    const bench = await useApply(t);
    const policy = (allowed: string) => makePolicy(bench, allowed);
    for (const object of policy('one')) bench.deleteAfter(object);
    await bench.apply(toManifests(...policy('one'), configMap('a', { x: 'one' })));
    await untilRefused(bench);

    const result = await bench.apply(toManifests(...policy('two'), configMap('a', { x: 'two' })));

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { x: 'two' });
  });
});

describe('a namespace that is not in the set', () => {
  test('is named when it is missing, and the set is applied once it is there', async (t) => {
    const bench = await useApply(t);
    const namespace = makeNamespace(bench, 'elsewhere');
    const { name } = namespace.metadata;
    const inside = { ...configMap('inside', {}), metadata: { name: 'inside', namespace: name } };

    const missing = await bench.apply(toManifests(inside));
    await bench.client.create(namespace);
    const there = await bench.apply(toManifests(inside));

    assert.match(messageOf(missing.failures[0]), new RegExp(`namespaces "${name}" not found`));
    assert.equal((missing.failures[0] as HawserError).disposition, 'retry');
    assert.deepEqual(linesOf(there), ['ConfigMap inside created']);
  });

  test('that is being deleted is retried, and the set is applied once it is gone and there again', async (t) => {
    const bench = await useApply(t);
    const namespace = makeNamespace(bench, 'leaving');
    const ref = refOf(namespace);
    await bench.client.create(namespace);
    const held = { name: 'held', namespace: ref.name, finalizers: ['example.com/hold'] };
    await bench.client.create({ ...configMap('held', {}), metadata: held });
    await bench.client.delete(ref);
    const set = toManifests({ ...configMap('inside', {}), metadata: { name: 'inside', namespace: ref.name } });

    const leaving = await bench.apply(set);
    await bench.client.mergePatch(
      { ...configRef(bench, 'held'), namespace: ref.name },
      { metadata: { finalizers: null } },
    );
    await eventually(async () => assert.equal(await bench.client.get(ref), undefined));
    const { failures } = await bench.apply(toManifests(namespace, set));

    assert.match(messageOf(leaving.failures[0]), /is being terminated/);
    assert.equal((leaving.failures[0] as HawserError).disposition, 'retry');
    assert.deepEqual(failures.map(messageOf), []);
  });
});

function makeNamespace(bench: ApplyBench, suffix: string): KubeObject {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${bench.namespace}-${suffix}` } };
  bench.deleteAfter(namespace);
  return namespace;
}

function makeWidgets(bench: ApplyBench) {
  const group = `${bench.namespace}.example.com`;
  const crd = makeWidgetCrd(group);
  bench.deleteAfter(crd);
  const widget = (size: number): KubeObject => ({
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name: 'w' },
    spec: { size },
  });
  return { crd, widget };
}

function makeRole(name: string, verbs: readonly string[]): KubeObject {
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs }];
  return { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name }, rules };
}

function makeBinding(role: string): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: role },
    roleRef: { apiGroup: RBAC, kind: 'Role', name: role },
    subjects: [{ kind: 'User', apiGroup: RBAC, name: 'somebody' }],
  };
}

/** Gives the service account `deployer` these rights and no others. */
async function restrict({ client, namespace }: ApplyBench, rules: readonly unknown[]): Promise<void> {
  const metadata = { name: 'deployer', namespace };
  await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await client.create({ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules });
  const subjects = [{ kind: 'ServiceAccount', name: 'deployer', namespace }];
  await client.create({ ...makeBinding('deployer'), metadata, subjects });
  const deployer = client.as({ name: `system:serviceaccount:${namespace}:deployer` });
  const probe = { ...configMap('probe', {}), metadata: { name: 'probe', namespace } };
  await eventually(() => deployer.apply(probe, { fieldManager: 'probe', dryRun: true }));
}

function makePolicy({ namespace }: ApplyBench, allowed: string): KubeObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const metadata = { name: `only-${namespace}` };
  const operations = ['CREATE', 'UPDATE'];
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations, resources: ['configmaps'] }];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const validations = [{ expression: `!has(object.data) || !('x' in object.data) || object.data.x == '${allowed}'` }];
  const spec = { matchConstraints: { resourceRules, namespaceSelector }, validations };
  const binding = { policyName: metadata.name, validationActions: ['Deny'] };
  return [
    { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: binding },
  ];
}

function untilRefused(bench: ApplyBench): Promise<void> {
  const probe = { ...configMap('probe', { x: 'two' }), metadata: { name: 'probe', namespace: bench.namespace } };
  return eventually(() => assert.rejects(bench.client.apply(probe, { fieldManager: 'probe', dryRun: true }), /denied/));
}
