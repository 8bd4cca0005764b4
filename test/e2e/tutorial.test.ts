import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimDefaultNamespace } from '../support/claim-default-namespace.ts';
import { eventually } from '../support/eventually.ts';
import { useStory } from '../support/use-story.ts';

const TUTORIAL = join(import.meta.dirname, '../../demo/tutorial');
const APP = 'hello-world-flask';

test('the tutorial runs as it is written: deploy, push, edit put back, force push rolled back', async (t) => {
  const story = await useStory(t);
  const { kubectl, repository } = story;
  const inDefault = (...args: string[]) => kubectl(...args, '--namespace', 'default');
  t.after(() => inDefault('delete', 'deployment', APP, '--ignore-not-found'));
  await claimDefaultNamespace(t, kubectl);
  const manifest = await readFile(join(TUTORIAL, 'deployment.yaml'), 'utf8');
  const image = async () =>
    inDefault('get', 'deployment', APP, '-o', 'jsonpath={.spec.template.spec.containers[0].image}');
  const becomes = (wanted: string) =>
    eventually(async () => assert.equal(await image(), wanted), { timeoutMs: 30_000, everyMs: 100 });
  const ready = (kind: string) => kubectl('wait', '--for=condition=Ready', '--timeout=30s', kind, APP);

  // As a user types it, but for the URL.
  const first = await repository.commitAndPush({ 'deployment.yaml': manifest }, 'Add the deployment');
  await applyTutorial('fluxcd-repo.yaml', (text) => text.replace(/url: .*/, `url: ${repository.url}`));
  await applyTutorial('fluxcd-kustomize.yaml', (text) => text);
  await ready('gitrepository');
  await ready('kustomization');

  const sources = rows(await kubectl('get', 'gitrepository'));
  assert.deepEqual(sources.header, ['NAME', 'URL', 'AGE', 'READY', 'STATUS']);
  assert.match(
    sources.first,
    new RegExp(`^${APP} +${repository.url} +\\d+s +True +stored artifact for revision 'main@sha1:${first}'$`),
  );
  const kustomizations = rows(await kubectl('get', 'kustomization'));
  assert.deepEqual(kustomizations.header, ['NAME', 'AGE', 'READY', 'STATUS']);
  assert.match(kustomizations.first, new RegExp(`^${APP} +\\d+s +True +Applied revision: main@sha1:${first}$`));
  await inDefault('rollout', 'status', 'deployment', APP, '--timeout=30s');
  const described = await eventually(async () => {
    const text = await kubectl('describe', 'kustomization', APP);
    assert.match(
      text,
      /Normal +ReconciliationSucceeded +\S+.* +kustomize-controller +Reconciliation finished in \S+, next run in 5s/,
    );
    return text;
  });
  assert.match(described, /Reason: +ReconciliationSucceeded\n +Status: +True\n +Type: +Ready/);
  assert.match(described, /Inventory:\n +Entries:\n +Id: +default_hello-world-flask_apps_Deployment\n +V: +v1/);
  assert.match(
    described,
    /Normal +Progressing +\S+.* +kustomize-controller +Deployment\/default\/hello-world-flask created/,
  );
  assert.match(described, /Finalizers:\n +finalizers\.fluxcd\.io/);

  // A pushed image change rolls out, found by polling alone.
  await repository.commitAndPush({ 'deployment.yaml': manifest.replace(':latest', ':v2') }, 'Use v2');
  await becomes('ghostwritten/hello-world-flask:v2');
  await inDefault('rollout', 'status', 'deployment', APP, '--timeout=30s');

  // kubectl edit of the image is put back.
  await inDefault('set', 'image', `deployment/${APP}`, `${APP}=example/intruder:v9`);
  await becomes('ghostwritten/hello-world-flask:v2');

  // git reset --hard to the commit before, with git push -f, rolls it back.
  await repository.resetHard('HEAD~1');
  await repository.push({ force: true });
  await becomes('ghostwritten/hello-world-flask:latest');
  await story.applied(first, APP);

  async function applyTutorial(file: string, change: (text: string) => string) {
    const path = join(story.hawser.dataDir, file);
    await writeFile(path, change(await readFile(join(TUTORIAL, file), 'utf8')));
    await kubectl('apply', '-f', path);
  }
});

function rows(table: string): { header: string[]; first: string } {
  const [header = '', first = ''] = table.split('\n');
  return { header: header.trim().split(/ {2,}|\s+/), first: first.trim() };
}
