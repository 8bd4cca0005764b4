import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IgnoreRule } from '../../src/apply/ignore-rules.ts';
import { messageOf } from '../../src/errors/hawser-error.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { configMap, configRef, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { createKubectl } from '../support/kubectl.ts';
import { makeDeployment } from '../support/make-kustomization.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

const REPLICAS: readonly IgnoreRule[] = [{ paths: ['/spec/replicas'], target: { kind: 'Deployment' } }];

describe('a field that spec.ignore leaves to others', () => {
  test('is applied when the object is created', async (t) => {
    const bench = await useApply(t);

    await bench.apply(makeDeployment('web', 'web:v1', 3), { ignore: REPLICAS });

    assert.equal((await readWeb(bench)).replicas, 3);
  });

  test('keeps what an autoscaler made of it when the image changes, and is ours no more', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeDeployment('web', 'web:v1'), { ignore: REPLICAS });
    await scaleAs(bench, 'autoscaler', 5);

    const result = await bench.apply(makeDeployment('web', 'web:v2'), { ignore: REPLICAS });

    assert.deepEqual(linesOf(result), ['Deployment web configured']);
    assert.deepEqual(await readWeb(bench), { replicas: 5, image: 'web:v2', ownersOfReplicas: ['autoscaler'] });
  });

  test('keeps what a person made of it with kubectl, although kubectl’s fields are taken over', async (t) => {
    const bench = await useApply(t);
    const kubectl = createKubectl(bench.kubeconfig, bench.namespace);
    await bench.apply(makeDeployment('web', 'web:v1'), { ignore: REPLICAS });
    await kubectl('patch', 'deployment', 'web', '--type=merge', '-p', '{"spec":{"replicas":4}}');

    await bench.apply(makeDeployment('web', 'web:v2'), { ignore: REPLICAS });

    const { replicas, image } = await readWeb(bench);
    assert.deepEqual({ replicas, image }, { replicas: 4, image: 'web:v2' });
  });

  test('stays as it is where only we own it and Git changes it', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeDeployment('web', 'web:v1', 2), { ignore: REPLICAS });

    await bench.apply(makeDeployment('web', 'web:v2', 7), { ignore: REPLICAS });

    const { replicas, image } = await readWeb(bench);
    assert.deepEqual({ replicas, image }, { replicas: 2, image: 'web:v2' });
  });

  test('stays where only we own it and Git has dropped it', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeDeployment('web', 'web:v1', 2), { ignore: REPLICAS });

    await bench.apply(makeDeployment('web', 'web:v2').replace('  replicas: 2\n', ''), { ignore: REPLICAS });

    assert.equal((await readWeb(bench)).replicas, 2);
  });

  test('may be one that cannot be changed: the value of the cluster is sent, and nothing is refused', async (t) => {
    const bench = await useApply(t);
    const ignore = [{ paths: ['/spec/selector', '/spec/template/metadata/labels'] }];
    await bench.apply(makeDeployment('web', 'web:v1'), { ignore });
    const relabelled = makeDeployment('web', 'web:v2').replaceAll('      app: web', '      app: other');

    const { failures } = await bench.apply(relabelled, { ignore });

    assert.deepEqual(failures.map(messageOf), []);
    assert.equal((await readWeb(bench)).image, 'web:v2');
  });

  test('may be one that must be there: the image of a container', async (t) => {
    const bench = await useApply(t);
    const ignore = [{ paths: ['/spec/template/spec/containers/0/image'] }];
    await bench.apply(makeDeployment('web', 'web:v1'), { ignore });
    await bench.client.apply(makeImage(bench, 'web:automated'), { fieldManager: 'image-updater' });

    const { failures } = await bench.apply(makeDeployment('web', 'web:v2', 3), { ignore });

    assert.deepEqual(failures.map(messageOf), []);
    const { replicas, image } = await readWeb(bench);
    assert.deepEqual({ replicas, image }, { replicas: 3, image: 'web:automated' });
  });

  test('is not written again when nothing else has changed', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeDeployment('web', 'web:v1'), { ignore: REPLICAS });
    const { metadata } = await scaleAs(bench, 'autoscaler', 5);
    bench.live.markDrift(webRef(bench), { reason: 'a field that we own was changed' });

    const result = await bench.apply(makeDeployment('web', 'web:v1'), { ignore: REPLICAS });

    assert.deepEqual(result.failures.map(messageOf), []);
    assert.equal((await readWeb(bench)).replicas, 5);
    const after = await readObject(bench, webRef(bench));
    assert.equal(after.metadata.generation, metadata.generation);
  });
});

describe('what the rules of spec.ignore cost', () => {
  test('a read of each object that a rule is for, and that has changed; none of the others', async (t) => {
    const bench = await useApply(t);
    const ignore = [{ paths: ['/data/x'], target: { kind: 'ConfigMap', name: 'a.*' } }];
    const set = (value: string) =>
      toManifests(configMap('a1', { y: value }), configMap('a2', {}), configMap('b', { y: value }));
    await bench.apply(set('1'), { ignore });
    bench.calls();

    await bench.apply(set('2'), { ignore });
    const changed = bench.calls();
    await bench.apply(set('2'), { ignore });

    assert.deepEqual(changed, { get: 2, dryRun: 2, apply: 2 });
    assert.deepEqual(bench.calls(), {});
  });

  test('a rule that cannot be read fails with the field’s name, and nothing is written', async (t) => {
    const bench = await useApply(t);
    const ignore = [{ paths: ['/data/x'], target: { name: '(' } }];

    const { failures } = await bench.apply(toManifests(configMap('a', {}), configMap('b', {})), { ignore });

    assert.match(messageOf(failures[0]), /spec\.ignore: target\.name '\(' is not a regular expression/);
    assert.equal(await bench.client.get(configRef(bench, 'a')), undefined);
  });
});

function webRef({ namespace }: ApplyBench) {
  return { group: 'apps', version: 'v1', kind: 'Deployment', namespace, name: 'web' };
}

function scaleAs(bench: ApplyBench, fieldManager: string, replicas: number): Promise<KubeObject> {
  const metadata = { name: 'web', namespace: bench.namespace };
  const scaled = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } };
  return bench.client.apply(scaled, { fieldManager }).then(({ object }) => object);
}

function makeImage({ namespace }: ApplyBench, image: string): KubeObject {
  const spec = { template: { spec: { containers: [{ name: 'web', image }] } } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace }, spec };
}

async function readWeb(bench: ApplyBench) {
  const web = await readObject(bench, webRef(bench));
  const spec = web.spec as { replicas: number; template: { spec: { containers: { image: string }[] } } };
  const owners = (web.metadata.managedFields ?? []).filter(({ fieldsV1 }) =>
    JSON.stringify(fieldsV1).includes('"f:spec":{"f:replicas"'),
  );
  const ownersOfReplicas = owners.map(({ manager }) => manager);
  return { replicas: spec.replicas, image: spec.template.spec.containers[0]?.image, ownersOfReplicas };
}
