import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HawserError, messageOf } from '../../src/errors/hawser-error.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { configMap, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { eventually } from '../support/eventually.ts';
import { makeDeployment } from '../support/make-kustomization.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const KIB = 1024;

describe('an object that is too large', () => {
  const sizes = [
    { name: 'for etcd', kib: 1_600, says: /etcdserver: request is too large/ },
    { name: 'for the API server’s connection to etcd', kib: 2_600, says: /ResourceExhausted/ },
    { name: 'for the API server', kib: 3_600, says: /too large/i },
  ];
  for (const { name, kib, says } of sizes) {
    test(`${name} is refused for good, after one attempt`, async (t) => {
      const bench = await useApply(t);
      const widget = await useWidgets(bench);
      bench.calls();

      const { failures } = await bench.apply(toManifests(widget({ text: 'x'.repeat(kib * KIB) })));

      assert.match(messageOf(failures[0]).slice(0, 2_000), says);
      assert.equal(dispositionOf(failures[0]), 'stalled');
      assert.equal(bench.calls().apply, 1);
    });
  }

  test('for an annotation is none for us: a definition of 700 KiB is applied, and applied again without a write', async (t) => {
    const bench = await useApply(t);
    const crd = makeLargeCrd(bench, 700 * KIB);
    bench.deleteAfter(crd);

    const first = await bench.apply(toManifests(crd));
    const { resourceVersion } = (await readEstablished(bench, crd)).metadata;
    bench.forgetAll();
    const second = await bench.apply(toManifests(crd));

    assert.deepEqual([...first.failures, ...second.failures].map(messageOf), []);
    assert.deepEqual(linesOf(first), [`CustomResourceDefinition ${crd.metadata.name} created`]);
    assert.equal((await readObject(bench, refOf(crd))).metadata.resourceVersion, resourceVersion);
  });
});

describe('an object that the API server cannot take', () => {
  test('a value of the wrong type is refused for good, and the field is named', async (t) => {
    const bench = await useApply(t);
    const web = makeDeployment('web', 'web:v1').replace('replicas: 2', 'replicas: many');

    const { failures } = await bench.apply(web);

    assert.match(messageOf(failures[0]), /failed to create typed patch object .*\.spec\.replicas/);
    assert.equal(dispositionOf(failures[0]), 'stalled');
  });

  test('the same environment variable twice is refused for good, and named', async (t) => {
    const bench = await useApply(t);
    const twice = '        env: [{ name: A, value: "1" }, { name: A, value: "2" }]\n';

    const { failures } = await bench.apply(makeDeployment('web', 'web:v1') + twice);

    assert.match(messageOf(failures[0]), /duplicate entries for key \[name="A"\]/);
    assert.equal(dispositionOf(failures[0]), 'stalled');
  });

  test('a kind that nobody serves is named, retried, and keeps the whole set from being written', async (t) => {
    const bench = await useApply(t);
    const unknown = { apiVersion: 'example.org/v1', kind: 'Nothing', metadata: { name: 'x' } };

    const { failures, hasWritten } = await bench.apply(toManifests(unknown, configMap('a', {})));

    assert.match(messageOf(failures[0]), /no matches for kind "Nothing" in version "example.org\/v1"/);
    assert.equal(dispositionOf(failures[0]), 'retry');
    assert.equal(hasWritten, false);
  });

  test('every refused object of a set is named', async (t) => {
    const bench = await useApply(t);
    const broken = (name: string) => makeDeployment(name, 'web:v1', -1);

    const { failures } = await bench.apply(toManifests(broken('one'), broken('two'), configMap('a', {})));

    assert.deepEqual(failures.map((error) => messageOf(error).split(' ')[0]).sort(), [
      `Deployment/${bench.namespace}/one`,
      `Deployment/${bench.namespace}/two`,
    ]);
  });

  test('what a webhook that does not answer would judge is retried', async (t) => {
    const bench = await useApply(t);
    const hook = makeDeadHook(bench);
    bench.deleteAfter(hook);
    await bench.client.create(hook);

    const error = await eventually(async () => {
      bench.forgetAll();
      const { failures } = await bench.apply(toManifests(configMap('a', {})));
      assert.equal(failures.length, 1);
      return failures[0];
    });

    assert.match(messageOf(error), /apply failed \(InternalError\): .*failed calling webhook/);
    assert.equal(dispositionOf(error), 'retry');
  });

  test('the value of a Secret is in no error', async (t) => {
    const bench = await useApply(t);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, data: { token: 'hunter2!hunter2' } };

    const { failures } = await bench.apply(toManifests(secret));

    assert.equal(failures.length, 1);
    assert.doesNotMatch(messageOf(failures[0]), /hunter2/);
  });
});

function dispositionOf(error: unknown): string {
  return (error as HawserError).disposition;
}

/** A definition that is served, and its objects. */
async function useWidgets(bench: ApplyBench): Promise<(spec: object) => KubeObject> {
  const group = `${bench.namespace}.example.com`;
  const crd = makeWidgetCrd(group);
  bench.deleteAfter(crd);
  const widget = (spec: object) => ({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w' }, spec });
  const { failures } = await bench.apply(toManifests(crd, widget({})));
  assert.deepEqual(failures.map(messageOf), []);
  return widget;
}

function makeLargeCrd(bench: ApplyBench, bytes: number): KubeObject {
  const crd = makeWidgetCrd(`${bench.namespace}.example.com`);
  const schema = { type: 'object', description: 'x'.repeat(bytes), 'x-kubernetes-preserve-unknown-fields': true };
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } };
  return { ...crd, spec: { ...(crd.spec as object), versions: [version] } };
}

/** Its status is written once, by the API server itself. */
function readEstablished(bench: ApplyBench, crd: KubeObject): Promise<KubeObject> {
  return eventually(async () => {
    const object = await readObject(bench, refOf(crd));
    assert.match(JSON.stringify(object.status), /"Established","status":"True"|"status":"True","type":"Established"/);
    return object;
  });
}

/** Nobody listens on the first port. */
function makeDeadHook({ namespace }: ApplyBench): KubeObject {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const hook = { name: 'dead.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', namespaceSelector };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: `dead-${namespace}` },
    webhooks: [{ ...hook, rules, clientConfig: { url: 'https://127.0.0.1:1/' } }],
  };
}
