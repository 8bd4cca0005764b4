/**
 * Runs the tests: `node test/run.ts [unit|integration|e2e|all] [file…]`. One control plane serves a whole run of
 * integration and e2e tests; it is stopped with the run, however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { findControlPlaneTools } from './support/control-plane-tools.ts';
import { startControlPlane } from './support/start-control-plane.ts';

const TIERS = ['unit', 'integration', 'e2e'] as const;
const NODE_FLAGS = [
  '--unhandled-rejections=strict',
  '--throw-deprecation',
  `--import=${new URL('./support/fail-on-warning.ts', import.meta.url)}`,
];

/** Of one test or file, in milliseconds: what hangs must end, and be named, while somebody still waits. */
const TIMEOUT_FLAG = '--test-timeout=240000';

const files = findFiles(process.argv.slice(2));
if (files.length === 0) {
  process.stderr.write('no test file matches\n');
  process.exit(1);
}
process.exitCode = files.every((file) => file.includes('test/unit/'))
  ? await runTests(files, {})
  : await runWithControlPlane(files);

function findFiles([tier = 'all', ...given]: string[]): string[] {
  const known = TIERS.some((candidate) => candidate === tier) || tier === 'all';
  if (!known) return [tier, ...given];
  if (given.length > 0) return given;
  const tiers = TIERS.filter((candidate) => tier === 'all' || tier === candidate);
  return tiers.flatMap((candidate) => globSync(`test/${candidate}/**/*.test.ts`).sort());
}

async function runWithControlPlane(testFiles: readonly string[]): Promise<number> {
  const isGiven = Boolean(process.env.HAWSER_TEST_KUBECONFIG);
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => undefined);
  const plane = await Promise.race([startControlPlane(), interrupted]);
  // The watchdog ends a plane that was interrupted while it started.
  if (plane === undefined) return 130;
  try {
    const tools = isGiven ? {} : { HAWSER_TEST_TOOLS_DIR: await findControlPlaneTools() };
    return await runTests(testFiles, { HAWSER_TEST_KUBECONFIG: plane.kubeconfig, ...tools });
  } finally {
    await plane.stop();
  }
}

async function runTests(testFiles: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const args = [...NODE_FLAGS, '--test', '--test-concurrency=2', TIMEOUT_FLAG, ...testFiles];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  forwardSignals(child);
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

/** Ctrl-C reaches the test processes; this one goes on until they have ended, and then stops the control plane. */
function forwardSignals(child: ChildProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
}
