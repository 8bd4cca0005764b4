import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { messageOf } from '../../src/errors/hawser-error.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { configMap, configRef, linesOf, readObject, toManifests } from '../support/apply-manifests.ts';
import { createKubectl } from '../support/kubectl.ts';
import { makeConfigMap } from '../support/make-kustomization.ts';
import { type ApplyBench, useApply } from '../support/use-apply.ts';

describe('taking over from kubectl', () => {
  test('what other managers own stays theirs', async (t) => {
    const bench = await useApply(t);
    await createWithKubectl(bench);
    await bench.client.mergePatch(configRef(bench, 'a'), { data: { theirs: '1' } }, { fieldManager: 'operator' });

    await bench.apply(makeConfigMap('a', { x: '1' }));

    const { data, metadata } = await readObject(bench, configRef(bench, 'a'));
    assert.deepEqual(data, { x: '1', theirs: '1' });
    assert.deepEqual(metadata.managedFields?.map(({ manager }) => manager).sort(), [
      'kustomize-controller',
      'operator',
    ]);
  });

  test('survives somebody who writes at the same moment', async (t) => {
    const bench = await useApply(t);
    await createWithKubectl(bench);
    const edit = { metadata: { annotations: { seen: 'yes' } } };
    bench.interfere('jsonPatch', () =>
      bench.client.mergePatch(configRef(bench, 'a'), edit, { fieldManager: 'operator' }),
    );

    const { failures } = await bench.apply(makeConfigMap('a', { x: '1' }));

    assert.deepEqual(failures.map(messageOf), []);
    const { data, metadata } = await readObject(bench, configRef(bench, 'a'));
    assert.deepEqual(data, { x: '1' });
    assert.equal(metadata.annotations?.seen, 'yes');
  });

  test('what is kubectl’s own edit of an object of ours is undone', async (t) => {
    const bench = await useApply(t);
    const kubectl = createKubectl(bench.kubeconfig, bench.namespace);
    await bench.apply(makeConfigMap('a', { x: '1' }));
    await kubectl('patch', 'configmap', 'a', '--type=merge', '-p', '{"data":{"x":"2","extra":"1"}}');

    await bench.apply(makeConfigMap('a', { x: '3' }));

    assert.deepEqual((await readObject(bench, configRef(bench, 'a'))).data, { x: '3' });
  });
});

describe('what others have put into an object', () => {
  test('a certificate injected into a webhook stays when Git changes something else', async (t) => {
    const bench = await useApply(t);
    const hook = makeHook(bench, 5);
    bench.deleteAfter(hook);
    await bench.apply(toManifests(hook));
    const ref = {
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      kind: hook.kind,
      namespace: '',
      name: hook.metadata.name,
    };
    const path = '/webhooks/0/clientConfig/caBundle';
    const value = Buffer.from('injected').toString('base64');
    await bench.client.jsonPatch(ref, [{ op: 'add', path, value }], { fieldManager: 'cainjector' });

    const result = await bench.apply(toManifests(makeHook(bench, 7)));

    assert.deepEqual(linesOf(result), [`${hook.kind} ${hook.metadata.name} configured`]);
    const { webhooks } = (await readObject(bench, ref)) as unknown as {
      webhooks: { clientConfig: { caBundle?: string }; timeoutSeconds: number }[];
    };
    assert.equal(webhooks[0]?.clientConfig.caBundle, value);
    assert.equal(webhooks[0]?.timeoutSeconds, 7);
  });
});

describe('an object of another Kustomization', () => {
  const other = { name: 'other', namespace: 'team-b' };

  test('is taken over with a warning that names the other one, alone and in a set', async (t) => {
    const bench = await useApply(t);
    await bench.apply(toManifests(configMap('a', { x: '1' }), configMap('b', { x: '1' })), { owner: other });
    bench.forgetAll();

    const alone = await bench.apply(toManifests(configMap('a', { x: '1' })));
    const inSet = await bench.apply(toManifests(configMap('b', { x: '1' }), configMap('c', { x: '1' })));

    for (const { changes } of [alone, inSet]) {
      const [{ warnings = [] } = {}] = changes.filter(({ ref }) => ref.name !== 'c');
      assert.match(warnings.join(), /taken over from Kustomization\/team-b\/other/);
    }
    const { metadata } = await readObject(bench, configRef(bench, 'a'));
    assert.equal(metadata.labels?.['kustomize.toolkit.fluxcd.io/name'], 'app');
  });

  test('is not spoken of once it is ours', async (t) => {
    const bench = await useApply(t);
    await bench.apply(makeConfigMap('a', { x: '1' }), { owner: other });
    await bench.apply(makeConfigMap('a', { x: '1' }));

    const { changes } = await bench.apply(makeConfigMap('a', { x: '2' }));

    assert.deepEqual(
      changes.map(({ warnings }) => warnings),
      [[]],
    );
  });
});

async function createWithKubectl({ kubeconfig, namespace }: ApplyBench): Promise<void> {
  const kubectl = createKubectl(kubeconfig, namespace);
  await kubectl('create', 'configmap', 'a', '--from-literal=x=0', '--from-literal=old=1', '--save-config');
}

/** It matches nothing that anybody would write. */
function makeHook({ namespace }: ApplyBench, timeoutSeconds: number): KubeObject {
  const rules = [
    { apiGroups: ['nobody.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['none'] },
  ];
  const clientConfig = { service: { name: 'nobody', namespace } };
  const hook = { name: 'nobody.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', clientConfig };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: `nobody-${namespace}` },
    webhooks: [{ ...hook, rules, timeoutSeconds }],
  };
}
