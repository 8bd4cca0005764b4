import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createFlux } from '../support/flux.ts';
import { makeConfigMap, makeDeployment } from '../support/make-kustomization.ts';
import { cells, succeed, useDirectory, useFluxStory } from '../support/use-flux-story.ts';
import { useStory } from '../support/use-story.ts';

const WEB = makeDeployment('web', 'web:v1');
const BROKEN = WEB.replace('replicas: 2', 'replicas: many');

describe('the flux CLI, acting', () => {
  test('reconcile deploys what was pushed, and returns with the reason when that cannot be applied', async (t) => {
    const { flux, story } = await useFluxStory(t);
    const reconcile = () => flux('reconcile', 'kustomization', 'app', '--with-source', '--timeout=60s');

    const second = await story.repository.commitAndPush({ 'web.yaml': makeDeployment('web', 'web:v2') });
    const deployedSecond = await succeed(reconcile());
    const nothingNew = await succeed(reconcile());
    const third = await story.repository.commitAndPush({ 'web.yaml': BROKEN });
    const refused = await reconcile();
    const failing = await succeed(flux('get', 'kustomizations', '--status-selector=ready=false'));
    const stats = await succeed(flux('stats'));
    const fourth = await story.repository.commitAndPush({ 'web.yaml': makeDeployment('web', 'web:v3') });
    const recovered = await succeed(reconcile());

    for (const { stderr } of [deployedSecond, nothingNew]) {
      assert.match(
        stderr,
        new RegExp(`✔ fetched revision main@sha1:${second}\n[^]*✔ applied revision main@sha1:${second}$`),
      );
    }
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, new RegExp(`✔ fetched revision main@sha1:${third}\n`));
    assert.match(
      refused.stderr,
      new RegExp(`\n✗ Deployment/${story.namespace}/web .* failed.*\\.spec\\.replicas: expected numeric`),
    );
    assert.match(
      failing.stdout,
      new RegExp(`^app\\s+main@sha1:${second.slice(0, 8)}\\s+False\\s+False\\s+Deployment/`, 'm'),
    );
    assert.deepEqual(cells(stats.stdout, 'Kustomization'), ['Kustomization', '1', '1', '0', '-']);
    assert.match(recovered.stderr, new RegExp(`✔ applied revision main@sha1:${fourth}$`));
  });

  test('suspend holds a Kustomization and its source, resume waits until they have caught up', async (t) => {
    const { flux, first, story } = await useFluxStory(t);

    await succeed(flux('suspend', 'kustomization', 'app'));
    await succeed(flux('suspend', 'source', 'git', 'app'));
    const second = await story.repository.commitAndPush({ 'web.yaml': makeDeployment('web', 'web:v2') });
    const refused = await flux('reconcile', 'kustomization', 'app');
    const held = await succeed(flux('get', 'kustomizations'));
    const source = await succeed(flux('resume', 'source', 'git', 'app', '--timeout=60s'));
    const stillHeld = await story.kustomization();
    const resumed = await succeed(flux('resume', 'kustomization', 'app', '--timeout=60s'));

    assert.deepEqual([refused.code, refused.stderr], [1, '✗ resource is suspended']);
    assert.deepEqual(cells(held.stdout, 'app')?.slice(2, 4), ['True', 'True']);
    assert.match(source.stderr, new RegExp(`✔ fetched revision main@sha1:${second}$`));
    assert.equal(stillHeld.status?.lastAppliedRevision, `main@sha1:${first}`);
    assert.match(resumed.stderr, new RegExp(`✔ applied revision main@sha1:${second}$`));
  });

  test('diff shows what a directory would change, as Hawser would change it, and changes nothing', async (t) => {
    const { flux, story } = await useFluxStory(t, {
      files: () => ({ 'web.yaml': WEB, 'settings.yaml': makeConfigMap('settings', { colour: 'blue' }) }),
    });
    const { namespace } = story;
    const directory = await useDirectory(t);
    const diff = () => flux('diff', 'kustomization', 'app', `--path=${directory}`, '--progress-bar=false');
    await writeFile(join(directory, 'web.yaml'), WEB);
    await writeFile(join(directory, 'settings.yaml'), makeConfigMap('settings', { colour: 'blue' }));

    const same = await diff();
    await writeFile(join(directory, 'settings.yaml'), makeConfigMap('settings', { colour: 'red' }));
    await writeFile(join(directory, 'web.yaml'), makeConfigMap('more', {}));
    const different = await diff();

    assert.deepEqual(same, { code: 0, stdout: '', stderr: '' });
    assert.equal(different.code, 1);
    assert.match(different.stdout, new RegExp(`^► ConfigMap/${namespace}/more created$`, 'm'));
    assert.match(
      different.stdout,
      new RegExp(`^► ConfigMap/${namespace}/settings drifted\n\ndata\\.colour\n.*\n- blue\n\\+ red$`, 'm'),
    );
    assert.match(different.stdout, new RegExp(`^► Deployment/${namespace}/web deleted$`, 'm'));
    assert.deepEqual((await story.get('v1', 'ConfigMap', 'settings'))?.data, { colour: 'blue' });
  });

  test('create makes a source with a secret and a Kustomization, waiting for both; delete prunes', async (t) => {
    const story = await useStory(t);
    const { namespace, repository } = story;
    const flux = await createFlux(story.kubeconfig, namespace);
    const first = await repository.commitAndPush({ 'web.yaml': WEB });
    story.gitServer.set({ auth: { username: 'git', password: 'canary-password' } });
    const credentials = ['--username=git', '--password=canary-password', `--url=${repository.url}`];

    await succeed(flux('create', 'secret', 'git', 'login', ...credentials));
    const source = await succeed(
      flux(
        'create',
        'source',
        'git',
        'app',
        `--url=${repository.url}`,
        '--branch=main',
        '--interval=1h',
        '--secret-ref=login',
      ),
    );
    const kustomization = await succeed(
      flux(
        'create',
        'kustomization',
        'app',
        '--source=GitRepository/app',
        '--prune',
        '--wait',
        '--interval=1h',
        `--target-namespace=${namespace}`,
      ),
    );
    const image = await story.kubectl('get', 'deployment', 'web', '-o', 'jsonpath={..image}');
    await succeed(flux('delete', 'kustomization', 'app', '--silent'));
    await story.kubectl('wait', '--for=delete', 'kustomization/app', '--timeout=30s');

    assert.match(source.stderr, new RegExp(`✔ fetched revision: main@sha1:${first}$`));
    assert.match(kustomization.stderr, new RegExp(`✔ applied revision main@sha1:${first}$`));
    assert.equal(image, 'web:v1');
    assert.equal(await story.get('apps/v1', 'Deployment', 'web'), undefined);
    await succeed(flux('delete', 'source', 'git', 'app', '--silent'));
    await story.kubectl('wait', '--for=delete', 'gitrepository/app', '--timeout=30s');
  });
});

test('kubectl wait ends with Ready after a deployment, and with Stalled after one that only a person can mend', async (t) => {
  const { flux, story } = await useFluxStory(t, { files: () => ({ 'web.yaml': BROKEN }), isDeployed: false });
  const wait = (condition: string) =>
    story.kubectl('wait', `--for=condition=${condition}`, '--timeout=30s', 'kustomization/app');

  const stalled = await wait('Stalled');
  const sha = await story.repository.commitAndPush({ 'web.yaml': WEB });
  await succeed(flux('reconcile', 'source', 'git', 'app'));
  const ready = await wait('Ready');

  assert.equal(stalled, 'kustomization.kustomize.toolkit.fluxcd.io/app condition met');
  assert.equal(ready, 'kustomization.kustomize.toolkit.fluxcd.io/app condition met');
  assert.equal((await story.kustomization()).status?.lastAppliedRevision, `main@sha1:${sha}`);
});
