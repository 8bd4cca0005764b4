import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { writeCredentials, writeKubeconfig } from './control-plane-files.ts';
import { findControlPlaneTools } from './control-plane-tools.ts';
import { eventually } from './eventually.ts';
import { findFreePorts } from './find-free-ports.ts';
import { type GuardedProcess, startGuardedProcess } from './guarded-process.ts';
import {
  apiServerArgs,
  callApi,
  etcdArgs,
  PORT_TAKEN,
  START_ATTEMPTS,
  START_TIMEOUT_MS,
} from './start-control-plane.ts';
import { startWatchdog } from './start-watchdog.ts';

/** A cluster of a test's own: etcd and kube-apiserver, without controllers, so that nothing rolls out and no namespace ends. */
export interface SecondCluster {
  /** Path of a kubeconfig with every permission. */
  readonly kubeconfig: string;
  /** The content of that file. */
  readonly kubeconfigText: string;
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** PEM; of the API server's certificate, which is `ca`. */
  readonly key: string;
  readonly token: string;
  /** Ends the API server at once; every connection breaks. */
  kill(): Promise<void>;
  /** Starts it again, at the same address with the same data. */
  revive(): Promise<void>;
}

/** Starts a second cluster, which ends with the test. */
export async function startSecondCluster(t: Pick<TestContext, 'after'>): Promise<SecondCluster> {
  const tools = process.env.HAWSER_TEST_TOOLS_DIR || (await findControlPlaneTools());
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnFreePorts(t, tools);
    } catch (error) {
      // A port found free may be taken by the time the server listens.
      if (attempt === START_ATTEMPTS || !PORT_TAKEN.test(String(error))) throw error;
    }
  }
}

async function startOnFreePorts(t: Pick<TestContext, 'after'>, tools: string): Promise<SecondCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'hawser-second-cluster-'));
  const watchdog = startWatchdog(dir);
  const [clientPort = 0, peerPort = 0, securePort = 0] = await findFreePorts(3);
  const url = `https://127.0.0.1:${securePort}`;
  const token = writeCredentials(dir);
  const startServer = (name: 'etcd' | 'kube-apiserver', args: readonly string[]) =>
    startGuardedProcess({ command: join(tools, name), args, dir, watchdog });
  const startApiServer = () => startServer('kube-apiserver', apiServerArgs(clientPort, securePort));
  const etcd = startServer('etcd', etcdArgs(dir, clientPort, peerPort));
  let apiServer = startApiServer();
  t.after(async () => {
    await apiServer.stop('SIGKILL');
    await etcd.stop('SIGKILL');
    watchdog.dismiss();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });
  const readCa = () => readFileSync(join(dir, 'apiserver.crt'), 'utf8');
  const isReady = () => callApi({ url: `${url}/readyz`, token, ca: readCa() });
  await waitUntil(isReady, [etcd, apiServer]);
  const kubeconfig = join(dir, 'kubeconfig');
  const ca = readCa();
  writeKubeconfig({ url, ca, token, file: kubeconfig });
  return {
    kubeconfig,
    kubeconfigText: readFileSync(kubeconfig, 'utf8'),
    url,
    ca,
    key: readFileSync(join(dir, 'apiserver.key'), 'utf8'),
    token,
    kill: () => apiServer.stop('SIGKILL'),
    revive: async () => {
      await apiServer.stop('SIGKILL');
      apiServer = startApiServer();
      await waitUntil(isReady, [etcd, apiServer]);
    },
  };
}

async function waitUntil(isReady: () => Promise<unknown>, processes: readonly GuardedProcess[]): Promise<void> {
  await Promise.race([
    eventually(isReady, { timeoutMs: START_TIMEOUT_MS, everyMs: 50 }),
    ...processes.map((child) => child.failed),
  ]);
}
