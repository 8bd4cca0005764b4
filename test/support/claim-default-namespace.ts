import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import type { Kubectl } from './kubectl.ts';

const CLAIM = 'hawser-test-claim';
const PATIENCE_MS = 180_000;

/**
 * Waits until no other test uses the namespace `default`, and keeps it until this one has ended. For the tutorial: its
 * files name that namespace, so two tests that run it at the same time would put each other's Deployment back.
 * Hooks run in the order they were set: call this after those that clear up there.
 */
export async function claimDefaultNamespace(t: Pick<TestContext, 'after'>, kubectl: Kubectl): Promise<void> {
  const here = ['--namespace', 'default'];
  await eventually(() => kubectl('create', 'configmap', CLAIM, ...here), { timeoutMs: PATIENCE_MS, everyMs: 500 });
  t.after(() => kubectl('delete', 'configmap', CLAIM, ...here));
}
