import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { claimDefaultNamespace } from '../support/claim-default-namespace.ts';
import { eventually } from '../support/eventually.ts';
import { createKubectl } from '../support/kubectl.ts';
import { useCluster } from '../support/use-cluster.ts';

const run = promisify(execFile);

const STEPS = [
  { title: 'First deploy', times: ['applied', 'Ready', 'rolled out'] },
  { title: 'A push, with its webhook', times: ['answered', 'applied', 'Ready', 'rolled out', 'reported'] },
  { title: 'The commit status', times: [] },
  { title: 'Drift, put back', times: ['put back', 'rolled out'] },
  { title: 'A rollback by force push', times: ['answered', 'applied', 'Ready', 'rolled out', 'reported'] },
  { title: 'A push without webhook', times: ['applied', 'Ready', 'rolled out', 'reported'] },
];

describe('the demo', () => {
  test('tells every step with its times, ends well, and leaves nothing behind', async (t) => {
    const demo = await startDemo(t, { CI: '1' });

    const code = await demo.exit;

    const output = demo.output();
    assert.equal(code, 0, output);
    const [story = '', summary = ''] = output.split('\nIn short\n');
    for (const [index, { title, times }] of STEPS.entries()) {
      assert.match(story, new RegExp(`^${index + 1}  ${title}$`, 'm'));
      const row = summary.split('\n').find((line) => line.trim().startsWith(title)) ?? '';
      for (const label of times) assert.match(row, new RegExp(`\\b${label} \\d+ ms`), `${title}: ${row}`);
    }
    assert.match(summary, /The commit status +pending, then success/);
    assert.match(story, /stored artifact for revision 'main@sha1:[0-9a-f]{40}'/);
    assert.match(story, /Events:\n(.*\n)+? +Normal +ReconciliationSucceeded/);
    assert.ok(!output.includes('\u001b'), 'a pipe gets no colours');
    await demo.assertNothingLeft();
  });

  test('fails and says which step did not happen in its time', async (t) => {
    const demo = await startDemo(t, { CI: '1', HAWSER_DEMO_PATIENCE_MS: '1' });

    const code = await demo.exit;

    const output = demo.output();
    assert.equal(code, 1, output);
    assert.match(output, /✗ First deploy: .+: not within 0\.001 s/);
    assert.match(output, /First deploy +did not happen\n +A push, with its webhook +not tried\n/);
    await demo.assertNothingLeft();
  });

  test('keeps running after the story until Ctrl-C, and then removes everything', async (t) => {
    const demo = await startDemo(t, { CI: '' });
    await eventually(() => assert.match(demo.output(), /Ctrl-C stops it/), { timeoutMs: 120_000 });
    const [, readyUrl = ''] = /(http:\S+\/readyz)/.exec(demo.output()) ?? [];
    assert.equal((await fetch(readyUrl)).status, 200);
    const [, clone = ''] = /^ +repository +(\S+)$/m.exec(demo.output()) ?? [];
    await run('git', ['-C', clone, 'commit', '--allow-empty', '-m', 'Change nothing']);
    const push = await run('git', ['-C', clone, 'push']);
    assert.match(push.stderr, /remote: webhook for refs\/heads\/main answered 202 after \d+ ms/);

    demo.interrupt();

    assert.equal(await demo.exit, 0, demo.output());
    await demo.assertNothingLeft();
  });

  test('removes everything when it is interrupted in the middle of the story', async (t) => {
    const demo = await startDemo(t, { CI: '1' });
    await eventually(() => assert.match(demo.output(), /^2 {2}A push/m), { timeoutMs: 60_000 });

    demo.interrupt();

    assert.equal(await demo.exit, 130, demo.output());
    await demo.assertNothingLeft();
  });
});

/** Starts the demo in the test's cluster, with a temporary folder of its own in which leftovers are seen. */
async function startDemo(t: TestContext, env: Readonly<Record<string, string>>) {
  const { kubeconfig } = await useCluster(t);
  const kubectl = createKubectl(kubeconfig, 'default');
  const temporary = await mkdtemp(join(tmpdir(), 'hawser-test-'));
  let demo: DemoProcess | undefined;
  t.after(async () => {
    demo?.child.kill();
    await demo?.exit;
    await rm(temporary, { recursive: true, force: true });
  });
  await claimDefaultNamespace(t, kubectl);
  demo = spawnDemo({ HAWSER_TEST_KUBECONFIG: kubeconfig, HAWSER_NAMESPACE: 'default', TMPDIR: temporary, ...env });
  const { child, exit, output } = demo;
  return {
    exit,
    output,
    interrupt: () => child.kill('SIGINT'),
    async assertNothingLeft() {
      const [, pid = ''] = /Hawser +process (\d+)/.exec(output()) ?? [];
      assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' });
      assert.deepEqual(await readdir(temporary), []);
      await eventually(async () =>
        assert.equal(await kubectl('get', 'gitrepositories,kustomizations,deployments', '-o', 'name'), ''),
      );
    },
  };
}

type DemoProcess = ReturnType<typeof spawnDemo>;

function spawnDemo(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['demo/demo.ts'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { child, exit, output: () => chunks.join('') };
}
