import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HawserError } from '../../src/errors/hawser-error.ts';
import type { GitClient } from '../../src/git/create-git-client.ts';
import { MAIN, SimulatedRemote } from '../support/simulated-remote.ts';
import { SOURCE_UID, startGitBench } from '../support/start-git-client.ts';

type Asked = Pick<GitClient, 'listRefs' | 'explainAbsence' | 'ensure' | 'has' | 'open'>;

/** The simulated remote of the property test and the real client before a real server, led through the same steps. */
test('A simulated remote answers as the real one does: moved, held back, deleted, made again, of a fork', async (t) => {
  const bench = await startGitBench(t);
  const { repository, server, remote } = bench;
  const clock = { now: 1_000_000 };
  const simulated = new SimulatedRemote(() => clock.now);
  const clients: Asked[] = [bench.client, simulated.client({}, async () => {})];
  const { signal } = new AbortController();
  const ensure = (client: Asked, sha: string) => client.ensure({ sourceUid: SOURCE_UID, remote, sha }, signal);
  /** Both say the same, which is what they answer. */
  const both = async <T>(ask: (client: Asked) => Promise<T>): Promise<T | string> => {
    const [real, other] = await Promise.all(clients.map((client) => ask(client).catch(codeOf)));
    assert.deepEqual(other, real);
    return real as T | string;
  };
  const refs = () => both((client) => client.listRefs(remote, [MAIN], signal));
  const move = (sha: string | undefined) => {
    clock.now += 10_000;
    simulated.move(sha);
  };

  assert.deepEqual(await refs(), []);
  assert.equal(await both(async (client) => (await client.explainAbsence(remote, MAIN, signal)).code), EMPTY);

  const first = await repository.commitAndPush({ 'a.yaml': 'a: 1' });
  simulated.commit(first);
  move(first);
  assert.deepEqual(await refs(), [{ name: MAIN, sha: first }]);
  assert.equal(await both((client) => client.has(SOURCE_UID, first)), false);
  assert.equal(await both(async (client) => (await client.open(SOURCE_UID, first)).sha), 'GIT_OBJECT_MISSING');
  await both((client) => ensure(client, first));
  assert.equal(await both((client) => client.has(SOURCE_UID, first)), true);

  const second = await repository.commitAndPush({ 'a.yaml': 'a: 2' });
  simulated.commit(second);
  move(second);
  server.set({ holdRef: { ref: MAIN, sha: first } });
  simulated.lagsMs = [5_000];
  assert.deepEqual(await refs(), [{ name: MAIN, sha: first }]);
  server.set({ holdRef: undefined });
  simulated.lagsMs = [0];
  assert.deepEqual(await refs(), [{ name: MAIN, sha: second }]);
  await both((client) => ensure(client, second));

  const empty = await repository.commitAndPush({});
  simulated.commit(empty, second);
  move(empty);
  await both((client) => ensure(client, empty));
  const isSameTree = (a: string, b: string) =>
    both(async (client) => (await client.open(SOURCE_UID, a)).tree.id === (await client.open(SOURCE_UID, b)).tree.id);
  assert.equal(await isSameTree(empty, second), true);
  assert.equal(await isSameTree(second, first), false);

  await repository.resetHard(first);
  await repository.push({ force: true });
  move(first);
  assert.deepEqual(await refs(), [{ name: MAIN, sha: first }]);

  await repository.branch('fork');
  const forked = await repository.commitAndPush({ 'evil.yaml': 'a: 3' });
  simulated.commit(forked);
  await repository.deleteBranch('fork');
  await both((client) => ensure(client, forked));
  assert.equal(await both((client) => client.has(SOURCE_UID, forked)), true);
  assert.equal(await both((client) => ensure(client, 'f'.repeat(40))), 'GIT_COMMIT_NOT_FOUND');

  await repository.git('--git-dir', repository.path, 'update-ref', '-d', MAIN);
  move(undefined);
  assert.deepEqual(await refs(), []);
  assert.equal(await both(async (client) => (await client.explainAbsence(remote, MAIN, signal)).code), EMPTY);

  await repository.branch('main');
  await repository.push();
  move(first);
  assert.deepEqual(await refs(), [{ name: MAIN, sha: first }]);

  server.set({ cut: 'headers' });
  simulated.isAway = true;
  assert.equal(await refs(), 'GIT_UNREACHABLE');
});

const EMPTY = 'GIT_EMPTY_REPOSITORY';

function codeOf(error: unknown): string {
  return error instanceof HawserError ? error.code : String(error);
}
