/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are those of the manifests */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDecryptionFixture } from '../support/decryption-fixtures.ts';
import { deployedStory, followedStory, hasCondition, hasEvent } from '../support/deploy-story.ts';
import { makeConfigMap, makeDeployment, makeKustomization } from '../support/make-kustomization.ts';

const CANARY = 'canary-database-password-5Zk1';

function makeSecret(namespace: string, name: string, data: Record<string, string>) {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data: Object.fromEntries(encoded) };
}

describe('what a spec does to the manifests before they are applied', () => {
  test('names, images, patches and common metadata end up in the cluster', async (t) => {
    const { story } = await deployedStory(
      t,
      { 'web.yaml': makeDeployment('web', 'web:v1') },
      {
        namePrefix: 'blue-',
        nameSuffix: '-one',
        images: [{ name: 'web', newName: 'registry.example/web', newTag: 'v7' }],
        commonMetadata: { labels: { team: 'a' }, annotations: { owner: 'b' } },
        patches: [{ patch: '- {op: replace, path: /spec/replicas, value: 3}', target: { kind: 'Deployment' } }],
      },
    );

    const found = await story.get('apps/v1', 'Deployment', 'blue-web-one');

    const spec = found?.spec as { replicas: number; template: { spec: { containers: { image: string }[] } } };
    assert.equal(spec.replicas, 3);
    assert.equal(spec.template.spec.containers[0]?.image, 'registry.example/web:v7');
    assert.equal(found?.metadata.labels?.team, 'a');
    assert.equal(found?.metadata.annotations?.owner, 'b');
  });

  test('variables come from the spec, ConfigMaps and Secrets, and a labelled one that changes is deployed at once', async (t) => {
    const { story } = await followedStory(t, {
      'settings.yaml': makeConfigMap('settings', { from: '${region}-${zone}-${password}', size: 'size ${size:=5}' }),
    });
    const { namespace, client } = story;
    await story.create(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'vars', namespace, labels: { 'reconcile.fluxcd.io/watch': 'Enabled' } },
        data: { region: 'north', zone: 'a' },
      },
      makeSecret(namespace, 'secret-vars', { password: CANARY }),
      makeKustomization(
        { namespace },
        {
          postBuild: {
            substitute: { zone: 'b' },
            substituteFrom: [
              { kind: 'ConfigMap', name: 'vars' },
              { kind: 'Secret', name: 'secret-vars' },
              { kind: 'ConfigMap', name: 'ghost', optional: true },
            ],
          },
        },
      ),
    );
    const deployed = await hasCondition(story, { type: 'Ready', status: 'True', message: /Applied revision/ });
    assert.deepEqual((await story.get('v1', 'ConfigMap', 'settings'))?.data, {
      from: `north-b-${CANARY}`,
      size: 'size 5',
    });

    const vars = { group: '', version: 'v1', kind: 'ConfigMap', namespace, name: 'vars' };
    await client.mergePatch(vars, { data: { region: 'south' } });

    await hasEvent(story, 'Progressing', `ConfigMap/${namespace}/settings configured`);
    assert.deepEqual((await story.get('v1', 'ConfigMap', 'settings'))?.data, {
      from: `south-b-${CANARY}`,
      size: 'size 5',
    });
    assert.equal(JSON.stringify(deployed.status).includes(CANARY), false);
    assert.equal(JSON.stringify(story.hawser.log).includes(CANARY), false);
  });

  test('a variable without value is refused by name, and nothing is applied', async (t) => {
    const { story } = await followedStory(t, {
      'settings.yaml': makeConfigMap('settings', { a: '${missing}' }),
      'other.yaml': makeConfigMap('other', { a: 'b' }),
    });
    const { namespace } = story;
    await story.create(makeKustomization({ namespace }, { postBuild: { substitute: { other: 'x' } } }));

    await hasCondition(story, {
      type: 'Stalled',
      status: 'True',
      reason: 'BuildFailed',
      message: /post build failed for 'ConfigMap.*settings': .*variable not set \(strict mode\): "missing"/,
    });
    assert.equal(await story.get('v1', 'ConfigMap', 'other'), undefined);
  });

  test('a missing source of variables is named, and is waited for', async (t) => {
    const { story, first } = await followedStory(t, { 'settings.yaml': makeConfigMap('settings', { a: '${v}' }) });
    const { namespace } = story;
    await story.create(
      makeKustomization({ namespace }, { postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'vars' }] } }),
    );
    await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      reason: 'BuildFailed',
      message: /substitute from 'ConfigMap\/vars' error: configmaps "vars" not found/,
    });

    await story.create({ ...makeSecret(namespace, 'vars', {}), kind: 'ConfigMap', data: { v: 'one' } });

    await story.applied(first);
  });
});

describe('encrypted secrets', () => {
  test('are decrypted with the key in the Secret; without it nothing is applied and the Secret is named', async (t) => {
    const { story, first } = await followedStory(t, {
      'secret.yaml': readDecryptionFixture('secret.yaml.enc').toString(),
      'other.yaml': makeConfigMap('other', { a: 'b' }),
    });
    const { namespace, kubectl } = story;
    await story.create(makeKustomization({ namespace }));
    await hasCondition(story, {
      type: 'Stalled',
      status: 'True',
      message: /is SOPS encrypted, configuring decryption is required for this secret to be reconciled/,
    });
    assert.equal(await story.get('v1', 'ConfigMap', 'other'), undefined);

    const patch = { spec: { decryption: { provider: 'sops', secretRef: { name: 'keys' } } } };
    await kubectl('patch', 'kustomization', 'app', '--type=merge', '-p', JSON.stringify(patch));
    await hasCondition(story, { type: 'Ready', status: 'False', message: /secrets "keys" not found/ });
    await story.create(
      makeSecret(namespace, 'keys', { 'wrong.agekey': readDecryptionFixture('other.agekey').toString() }),
    );
    await hasCondition(story, {
      type: 'Ready',
      status: 'False',
      reason: 'BuildFailed',
      message: /decryption failed for/,
    });
    assert.equal(await story.get('v1', 'ConfigMap', 'other'), undefined);

    const key = readDecryptionFixture('age.agekey').toString('base64');
    await kubectl('patch', 'secret', 'keys', '--type=merge', '-p', JSON.stringify({ data: { 'right.agekey': key } }));
    await story.applied(first);
  });
});
