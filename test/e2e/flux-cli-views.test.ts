import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadAll } from 'js-yaml';
import { eventually } from '../support/eventually.ts';
import { createFlux } from '../support/flux.ts';
import { makeConfigMap, makeDeployment, makeKustomization } from '../support/make-kustomization.ts';
import { cells, succeed, useDirectory, useFluxStory } from '../support/use-flux-story.ts';
import { useStory } from '../support/use-story.ts';

const INSTALL = join(import.meta.dirname, '../../deploy/install.yaml');

describe('the flux CLI, looking', () => {
  test('get, stats and trace tell what is deployed, from which commit and by whom', async (t) => {
    const { flux, first, story } = await useFluxStory(t);
    const revision = `main@sha1:${first.slice(0, 8)}`;

    const kustomizations = await succeed(flux('get', 'kustomizations'));
    const sources = await succeed(flux('get', 'sources', 'git'));
    const all = await succeed(flux('get', 'all'));
    const stats = await succeed(flux('stats'));
    const trace = await succeed(flux('trace', 'deployment', 'web'));

    assert.deepEqual(cells(kustomizations.stdout, 'app'), [
      'app',
      revision,
      'False',
      'True',
      `Applied revision: ${revision}`,
    ]);
    const stored = `stored artifact for revision '${revision}'`;
    assert.deepEqual(cells(sources.stdout, 'app'), ['app', revision, 'False', 'True', stored]);
    assert.match(all.stdout, /^gitrepository\/app\s/m);
    assert.match(all.stdout, /^kustomization\/app\s/m);
    assert.deepEqual(cells(stats.stdout, 'Kustomization'), ['Kustomization', '1', '0', '0', '-']);
    const [, ...running] = cells(stats.stdout, 'GitRepository') ?? [];
    assert.match(running.join(' '), /^1 0 0 \d+ B$/);
    assert.match(trace.stdout, /^Object: +Deployment\/web\n.*\nStatus: +Managed by Flux\n---\nKustomization: +app$/m);
    assert.match(
      trace.stdout,
      new RegExp(`^Target: +${story.namespace}\nPath: +\\./\nRevision: +main@sha1:${first}$`, 'm'),
    );
    assert.match(trace.stdout, new RegExp(`^URL: +${story.repository.url}\nBranch: +main\nRevision: .*${first}$`, 'm'));
  });

  test('tree shows every object of the inventory, through Kustomizations that Git itself holds', async (t) => {
    const inner = (namespace: string) => makeKustomization({ name: 'inner', namespace }, { path: './inner' });
    const { flux, story } = await useFluxStory(t, {
      files: (namespace) => ({
        'kustomization.yaml': 'resources: [inner.yaml]\n',
        'inner.yaml': JSON.stringify(inner(namespace)),
        'inner/settings.yaml': makeConfigMap('settings', { colour: 'blue' }),
        'inner/web.yaml': makeDeployment('web', 'web:v1'),
      }),
    });
    const { namespace } = story;
    await story.kubectl('wait', '--for=condition=Ready', '--timeout=30s', 'kustomization/inner');

    const tree = await succeed(flux('tree', 'kustomization', 'app'));

    assert.deepEqual(tree.stdout.split('\n'), [
      `Kustomization/${namespace}/app`,
      `└── Kustomization/${namespace}/inner`,
      `    ├── ConfigMap/${namespace}/settings`,
      `    └── Deployment/${namespace}/web`,
    ]);
  });

  test('events lists what happened to a Kustomization and its source', async (t) => {
    const { flux, story } = await useFluxStory(t);

    const events = await eventually(async () => {
      const { stdout } = await succeed(flux('events', '--for', 'Kustomization/app'));
      assert.match(stdout, /ReconciliationSucceeded/);
      return stdout;
    });

    assert.match(events, /Normal\s+NewArtifact\s+GitRepository\/app\s+stored artifact for commit 'Change'/);
    assert.match(events, new RegExp(`Progressing\\s+Kustomization/app\\s+Deployment/${story.namespace}/web created`));
    assert.match(
      events,
      /ReconciliationSucceeded\s+Kustomization\/app\s+Reconciliation finished in .*, next run in 1h0m0s/,
    );
  });

  test('export prints what restores a Kustomization and its source; debug prints status and history', async (t) => {
    const { flux, first, story } = await useFluxStory(t);
    const directory = await useDirectory(t);

    const status = await succeed(flux('debug', 'kustomization', 'app', '--show-status'));
    const history = await succeed(flux('debug', 'kustomization', 'app', '--show-history'));
    const source = await succeed(flux('export', 'source', 'git', 'app'));
    const kustomization = await succeed(flux('export', 'kustomization', '--all'));
    await writeFile(join(directory, 'exported.yaml'), `${source.stdout}\n${kustomization.stdout}`);
    await story.kubectl('delete', 'kustomization/app', 'gitrepository/app', '--timeout=30s');
    await story.kubectl('apply', '--validate=strict', '-f', directory);

    assert.match(status.stdout, new RegExp(`^lastAppliedRevision: main@sha1:${first}$`, 'm'));
    assert.match(status.stdout, new RegExp(`- id: ${story.namespace}_web_apps_Deployment\n +v: v1$`, 'm'));
    assert.match(history.stdout, /^ {2}lastReconciledStatus: ReconciliationSucceeded$/m);
    assert.match(history.stdout, new RegExp(`^ {4}revision: main@sha1:${first}$`, 'm'));
    await story.applied(first);
    assert.ok(await story.get('apps/v1', 'Deployment', 'web'));
  });

  test('check and version find the Deployment that the chart installs, and its CRDs', async (t) => {
    const story = await useStory(t, { started: false });
    const flux = await createFlux(story.kubeconfig, story.namespace);
    await story.create(await readInstalledDeployment(story.namespace));

    const check = await succeed(flux('check', '--poll-interval=100ms'));
    const version = await succeed(flux('version'));

    assert.match(check.stderr, /✔ hawser: deployment ready\n► hawser:v\S+\n/);
    assert.match(check.stderr, /✔ gitrepositories\.source\.toolkit\.fluxcd\.io\/v1\n/);
    assert.match(check.stderr, /✔ kustomizations\.kustomize\.toolkit\.fluxcd\.io\/v1\n/);
    assert.match(check.stderr, /✔ receivers\.notification\.toolkit\.fluxcd\.io\/v1\n✔ all checks passed$/);
    assert.match(version.stdout, /^hawser: v\S+$/m);
  });
});

interface Deployment {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: {
    readonly selector: object;
    readonly template: {
      readonly metadata: object;
      readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
    };
  };
}

/** Hawser's Deployment as it is shipped, without the volumes and the account that its Pod needs to run for real. */
async function readInstalledDeployment(namespace: string) {
  const documents = loadAll(await readFile(INSTALL, 'utf8')) as Deployment[];
  const shipped = documents.find(({ kind }) => kind === 'Deployment');
  assert.ok(shipped);
  const { selector, template } = shipped.spec;
  const containers = template.spec.containers.map(({ name, image }) => ({ name, image }));
  return {
    ...shipped,
    metadata: { ...shipped.metadata, namespace },
    spec: { replicas: 1, selector, template: { metadata: template.metadata, spec: { containers } } },
  };
}
