import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { messageOf } from '../../src/errors/hawser-error.ts';
import { type KubeObject, type ObjectRef, refOf } from '../../src/model/kube-object.ts';
import { configMap, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { makeWidgetCrd } from '../support/make-widget-crd.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';

const AWKWARD = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, creationTimestamp: null }
spec:
  replicas: 0
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web }, creationTimestamp: null }
    spec:
      volumes: [{ name: files, configMap: { name: files, defaultMode: 0644 } }]
      containers:
      - name: web
        image: web:v1
        ports: [{ containerPort: 80 }]
        resources: { requests: { cpu: 1, memory: 1024Mi }, limits: { cpu: 1000m, memory: 2048Mi } }
status: { replicas: 7 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 3
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: nothing }
rules: []
---
apiVersion: v1
kind: Secret
metadata: { name: key }
stringData: { token: s3cret }
`;

describe('manifests in awkward shapes', () => {
  test('are applied once: the same manifests again, with nothing known, write nothing', async (t) => {
    const bench = await useApply(t);
    const first = await bench.apply(AWKWARD);
    const refs = first.plan.desired.map(({ ref }) => ref);
    const before = await entryTimesOf(bench, refs);
    bench.forgetAll();

    const second = await bench.apply(AWKWARD);

    assert.deepEqual([...first.failures, ...second.failures].map(messageOf), []);
    assert.deepEqual(await entryTimesOf(bench, refs), before);
    const web = await readObject(bench, refs.find(({ kind }) => kind === 'Deployment') as ObjectRef);
    const spec = web.spec as { template: { spec: { volumes: { configMap: { defaultMode: number } }[] } } };
    assert.equal(spec.template.spec.volumes[0]?.configMap.defaultMode, 420);
  });

  test('a Secret’s stringData is stored as data, and a key that leaves Git leaves the cluster', async (t) => {
    const bench = await useApply(t);
    const secret = (stringData: object) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key' },
      stringData,
    });
    await bench.apply(toManifests(secret({ a: 'one', b: 'two' })));

    await bench.apply(toManifests(secret({ a: 'one' })));

    const ref = { group: '', version: 'v1', kind: 'Secret', namespace: bench.namespace, name: 'key' };
    assert.deepEqual((await readObject(bench, ref)).data, { a: Buffer.from('one').toString('base64') });
  });

  test('an aggregated ClusterRole keeps the rules that the cluster has put together', async (t) => {
    const bench = await useApply(t);
    const name = bench.namespace;
    const role = {
      apiVersion: RBAC,
      kind: 'ClusterRole',
      metadata: { name },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { nobody: name } }] },
      rules: [],
    };
    bench.deleteAfter(role);
    await bench.apply(toManifests(role));
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    await bench.client.mergePatch(refOf(role), { rules }, { fieldManager: 'clusterrole-aggregation-controller' });
    bench.forgetAll();
    bench.calls();

    const { failures } = await bench.apply(toManifests(role));

    assert.deepEqual(failures.map(messageOf), []);
    const own = (await readObject(bench, refOf(role))).metadata.managedFields?.find(
      ({ manager }) => manager === 'kustomize-controller',
    );
    assert.doesNotMatch(JSON.stringify(own?.fieldsV1), /f:rules/);
  });

  test('an address and a port that the cluster has given a Service survive another change', async (t) => {
    const bench = await useApply(t);
    const service = (color: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', labels: { color } },
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    const ref = { ...refOf(service('')), namespace: bench.namespace };
    await bench.apply(toManifests(service('red')));
    const before = await readObject(bench, ref);

    await bench.apply(toManifests(service('blue')));

    const after = await readObject(bench, ref);
    assert.deepEqual(after.spec, before.spec);
    assert.equal(after.metadata.labels?.color, 'blue');
  });

  test('lists, lists in lists, empty documents, comments, CRLF and a byte order mark hide no object', async (t) => {
    const bench = await useApply(t);
    const list = (...items: object[]) => ({ apiVersion: 'v1', kind: 'List', metadata: {}, items });
    const nested = JSON.stringify(list(configMap('a', {}), list(configMap('b', {}))));
    const manifests = `\uFEFF---\n# nothing here\n---\n---\n${nested}\n---\n${JSON.stringify(configMap('c', {}))}\n`;

    const result = await bench.apply(manifests.replaceAll('\n', '\r\n'));

    assert.deepEqual(linesOf(result).sort(), ['ConfigMap a created', 'ConfigMap b created', 'ConfigMap c created']);
  });

  test('an object without a name, to be named by the cluster, is refused', async (t) => {
    const bench = await useApply(t);
    const nameless = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'a-' } };

    await assert.rejects(bench.apply(JSON.stringify(nameless)), /name/);
  });
});

describe('the CA bundle of a definition’s conversion webhook', () => {
  test('is left out with a warning where it is a placeholder', async (t) => {
    const bench = await useApply(t);
    const crd = withConversion(bench, Buffer.from('\n').toString('base64'));

    const { changes, failures } = await bench.apply(toManifests(crd));

    assert.deepEqual(failures.map(messageOf), []);
    assert.match(changes[0]?.warnings?.join() ?? '', /caBundle holds no certificate and was left out/);
    assert.equal(await readBundle(bench, crd), undefined);
  });

  test('is kept where it holds a certificate', async (t) => {
    const bench = await useApply(t);
    const bundle = Buffer.from(rootCertificates[0] ?? '').toString('base64');
    const crd = withConversion(bench, bundle);

    const { changes, failures } = await bench.apply(toManifests(crd));

    assert.deepEqual(failures.map(messageOf), []);
    assert.deepEqual(changes[0]?.warnings, []);
    assert.equal(await readBundle(bench, crd), bundle);
  });
});

/** When our entry of each object last changed: unlike the resourceVersion, controllers do not move it. */
async function entryTimesOf(bench: ApplyBench, refs: readonly ObjectRef[]) {
  const objects = await Promise.all(refs.map((ref) => readObject(bench, ref)));
  return objects.map(({ kind, metadata }) => {
    const own = metadata.managedFields?.find(({ manager }) => manager === 'kustomize-controller');
    return { kind, generation: metadata.generation, own };
  });
}

function withConversion(bench: ApplyBench, caBundle: string): KubeObject {
  const base = makeWidgetCrd(`${bench.namespace}.example.com`);
  const clientConfig = { service: { name: 'nobody', namespace: bench.namespace }, caBundle };
  const conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } };
  const crd = { ...base, spec: { ...(base.spec as object), conversion } };
  bench.deleteAfter(crd);
  return crd;
}

async function readBundle(bench: ApplyBench, crd: KubeObject): Promise<unknown> {
  const { spec } = await readObject(bench, refOf(crd));
  return (spec as { conversion: { webhook: { clientConfig: { caBundle?: string } } } }).conversion.webhook.clientConfig
    .caBundle;
}
