import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { refOf } from '../../src/model/kube-object.ts';
import { eventually } from '../support/eventually.ts';
import { startGuardedProcess } from '../support/guarded-process.ts';
import { startWatchdog } from '../support/start-watchdog.ts';
import { useCluster } from '../support/use-cluster.ts';

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A process that guards a long-lived child in a folder of its own, and prints the child's id and the folder. */
const PARENT = `
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { startWatchdog } from ${JSON.stringify(new URL('../support/start-watchdog.ts', import.meta.url).href)};
const dir = mkdtempSync(process.argv[1]);
const watchdog = startWatchdog(dir);
const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
watchdog.guard(child.pid);
console.log(JSON.stringify({ pid: child.pid, dir }));
setInterval(() => {}, 1_000);
if (process.argv[2] === 'throw') process.stdin.once('data', () => { throw new Error('uncaught'); });
`;

for (const end of ['SIGKILL', 'SIGINT', 'SIGTERM', 'throw'] as const) {
  test(`what was started goes, with its folder, when its parent ends by ${end}`, async (t) => {
    const args = ['--input-type=module', '--eval', PARENT, join(tmpdir(), 'hawser-watchdog-'), end];
    const parent = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    t.after(() => parent.kill('SIGKILL'));
    const [line] = await once(createInterface(parent.stdout), 'line');
    const { pid, dir } = JSON.parse(line) as { pid: number; dir: string };
    assert.ok(isAlive(pid) && existsSync(dir));

    if (end === 'throw') parent.stdin.write('now\n');
    else parent.kill(end);

    await eventually(() => assert.ok(!isAlive(pid), 'the child is still there'));
    await eventually(() => assert.ok(!existsSync(dir), 'the folder is still there'));
  });
}

test('a server that dies is reported with the end of its log', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'hawser-guarded-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const watchdog = startWatchdog();
  t.after(() => watchdog.dismiss());

  const server = startGuardedProcess({
    command: '/bin/sh',
    args: ['-c', 'echo "no such flag" >&2; exit 3'],
    dir,
    watchdog,
  });

  await assert.rejects(server.failed, /^Error: sh ended while it was needed; its log ends with:\nno such flag$/);
});

test('a Deployment rolls out on the control plane', async (t) => {
  const { client, namespace } = await useCluster(t);
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  };

  await client.apply(deployment, { fieldManager: 'test' });

  await eventually(async () => {
    const live = await client.get(refOf(deployment));
    assert.equal((live?.status as { availableReplicas?: number } | undefined)?.availableReplicas, 2);
  });
});
