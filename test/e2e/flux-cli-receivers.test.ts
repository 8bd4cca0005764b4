import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDeployment } from '../support/make-kustomization.ts';
import { hookPath, makeTokenSecret, RECEIVER_TOKEN } from '../support/make-receiver.ts';
import { cells, succeed, useFluxStory } from '../support/use-flux-story.ts';

test('the flux CLI creates, shows, asks, calls, suspends and deletes a Receiver', async (t) => {
  const { flux, story } = await useFluxStory(t);
  const { namespace } = story;
  const path = hookPath({ name: 'ci', namespace });
  await story.create(makeTokenSecret(namespace));
  const trigger = (token: string) =>
    flux(
      ...['trigger', 'receiver', 'ci', '--type=generic-hmac', '--retries=0'],
      ...[`--token=${token}`, `--url=${story.hawser.publicUrl}`],
    );

  const created = await succeed(
    flux(
      ...['create', 'receiver', 'ci', '--type=generic-hmac', '--secret-ref=receiver-token'],
      ...['--resource=GitRepository/app', '--timeout=60s'],
    ),
  );
  const shown = await succeed(flux('get', 'receivers'));
  const reconciled = await succeed(flux('reconcile', 'receiver', 'ci', '--timeout=60s'));
  const second = await story.repository.commitAndPush({ 'web.yaml': makeDeployment('web', 'web:v2') });
  await succeed(trigger(RECEIVER_TOKEN));
  await story.applied(second);
  const guessed = await trigger('guessed');
  await succeed(flux('suspend', 'receiver', 'ci'));
  const resumed = await succeed(flux('resume', 'receiver', 'ci', '--timeout=60s'));
  await succeed(flux('delete', 'receiver', 'ci', '--silent'));
  await story.kubectl('wait', '--for=delete', 'receiver/ci', '--timeout=30s');

  assert.match(created.stderr + created.stdout, new RegExp(`generated webhook URL ${path}`));
  assert.deepEqual(cells(shown.stdout, 'ci'), ['ci', 'False', 'True', `Receiver initialized for path: ${path}`]);
  assert.match(reconciled.stderr, /✔ Receiver reconciliation completed/);
  assert.match(guessed.stderr, /failed with status 404/);
  assert.match(resumed.stderr, /✔ Receiver ci reconciliation completed|✔ Receiver reconciliation completed/);
});
