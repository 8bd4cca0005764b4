import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makeIdentity, startSshServer } from '../support/start-ssh-server.ts';
import { useStory } from '../support/use-story.ts';

test('a repository is deployed over SSH, from a server whose key is known, and a stranger’s key is told', async (t) => {
  const story = await useStory(t);
  const { namespace, repository } = story;
  const { identity, publicKey } = await makeIdentity();
  const server = await startSshServer({ publicKeys: [publicKey] });
  t.after(() => server.stop());
  const sha = await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { a: 'b' }) });
  const source = makeGitRepository({ namespace }, { url: server.urlOf(repository.path), secretRef: { name: 'ssh' } });
  const secret = (stringData: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'ssh', namespace },
    stringData,
  });
  const other = await startSshServer({ publicKeys: [publicKey] });
  t.after(() => other.stop());
  await story.create(secret({ identity, known_hosts: other.knownHosts }), source, makeKustomization({ namespace }));
  const failed = await eventually(
    async () => {
      const ready = findCondition((await story.gitRepository()).status?.conditions, 'Ready');
      assert.equal(ready?.status, 'False');
      return ready;
    },
    { timeoutMs: 30_000 },
  );
  assert.match(failed.message, /knownhosts: key is unknown/);
  assert.equal(failed.message.includes(identity.split('\n')[1] ?? '-'), false);

  const known = JSON.stringify({ stringData: { known_hosts: server.knownHosts } });
  await story.kubectl('patch', 'secret', 'ssh', '--type=merge', '-p', known);
  await story.kubectl('annotate', 'gitrepository', 'app', 'reconcile.fluxcd.io/requestedAt=now');

  await story.applied(sha);
  assert.equal(JSON.stringify(story.hawser.log).includes(identity.split('\n')[1] ?? '-'), false);
});
