/**
 * A real Kubernetes control plane for tests and the demo: etcd, kube-apiserver, kube-controller-manager,
 * kube-scheduler, and kwok with one node, on which Pods become Ready without running anything.
 * Nothing outlives the process that started it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { writeCredentials, writeKubeconfig } from './control-plane-files.ts';
import { type ControlPlaneBinary, findControlPlaneTools } from './control-plane-tools.ts';
import { eventually } from './eventually.ts';
import { findFreePorts } from './find-free-ports.ts';
import { type GuardedProcess, startGuardedProcess } from './guarded-process.ts';
import { startWatchdog } from './start-watchdog.ts';

export interface ControlPlaneOptions {
  /** Kept after stop, and reused by the next start; without it, a temporary folder that stop removes. */
  readonly dir?: string;
  /** Lifts the client-side limits of controller-manager and scheduler, so that rollouts do not wait for them. */
  readonly benchmark?: boolean;
}

export interface ControlPlane {
  /** Path of a kubeconfig with every permission. */
  readonly kubeconfig: string;
  readonly url: string;
  readonly token: string;
  readonly dir: string;
  stop(): Promise<void>;
}

export const START_TIMEOUT_MS = 90_000;
export const START_ATTEMPTS = 3;
export const PORT_TAKEN = /address already in use/;

/** Starts a control plane, or answers with the cluster of HAWSER_TEST_KUBECONFIG, which is neither started nor stopped. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const given = process.env.HAWSER_TEST_KUBECONFIG;
  if (given) return describeGivenCluster(given);
  const toolsDir = await findControlPlaneTools();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnFreePorts(toolsDir, options);
    } catch (error) {
      // A port found free may be taken by the time the server listens.
      if (attempt === START_ATTEMPTS || !PORT_TAKEN.test(String(error))) throw error;
    }
  }
}

function describeGivenCluster(kubeconfig: string): ControlPlane {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return {
    kubeconfig,
    url: config.getCurrentCluster()?.server ?? '',
    token: config.getCurrentUser()?.token ?? '',
    dir: dirname(kubeconfig),
    stop: async () => {},
  };
}

async function startOnFreePorts(toolsDir: string, options: ControlPlaneOptions): Promise<ControlPlane> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'hawser-control-plane-'));
  mkdirSync(dir, { recursive: true });
  const watchdog = startWatchdog(options.dir === undefined ? dir : undefined);
  const processes: GuardedProcess[] = [];
  const start = (name: ControlPlaneBinary, args: readonly string[]) => {
    processes.push(startGuardedProcess({ command: join(toolsDir, name), args, dir, watchdog }));
  };
  const progress = startProgress('starting the control plane');
  let stopped: Promise<void> | undefined;
  const stopOnce = async () => {
    // Clients of the API server first, then it, then etcd. A kept folder deserves a clean end; another ends at once.
    const signal = options.dir === undefined ? 'SIGKILL' : 'SIGTERM';
    const [etcd, apiServer, ...clients] = processes;
    await Promise.all(clients.map((client) => client.stop(signal)));
    await apiServer?.stop(signal);
    await etcd?.stop(signal);
    watchdog.dismiss();
    if (options.dir === undefined) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  const stop = () => {
    stopped ??= stopOnce();
    return stopped;
  };
  try {
    const access = await startServers({ dir, start, processes, benchmark: options.benchmark ?? false, progress });
    return { ...access, dir, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    progress.end();
  }
}

interface ServersOptions {
  readonly dir: string;
  readonly start: (name: ControlPlaneBinary, args: readonly string[]) => void;
  readonly processes: readonly GuardedProcess[];
  readonly benchmark: boolean;
  readonly progress: Progress;
}

async function startServers({ dir, start, processes, benchmark, progress }: ServersOptions) {
  const [clientPort = 0, peerPort = 0, securePort = 0] = await findFreePorts(3);
  const token = writeCredentials(dir);
  const url = `https://127.0.0.1:${securePort}`;
  const kubeconfig = join(dir, 'kubeconfig');
  const alive = <T>(wanted: () => Promise<T>) =>
    Promise.race([eventually(wanted, { timeoutMs: START_TIMEOUT_MS }), ...processes.map((child) => child.failed)]);

  start('etcd', etcdArgs(dir, clientPort, peerPort));
  start('kube-apiserver', apiServerArgs(clientPort, securePort));
  progress.at('waiting for kube-apiserver');
  const readCa = () => readFileSync(join(dir, 'apiserver.crt'), 'utf8');
  await alive(async () => callApi({ url: `${url}/readyz`, token, ca: readCa() }));
  const ca = readCa();
  writeKubeconfig({ url, ca, token, file: kubeconfig });

  const rate = benchmark ? ['--kube-api-qps=400', '--kube-api-burst=800'] : [];
  start('kube-controller-manager', [...CONTROLLER_MANAGER_ARGS, ...rate]);
  start('kube-scheduler', ['--kubeconfig=kubeconfig', '--leader-elect=false', '--secure-port=0', ...rate]);
  start('kwok', ['--kubeconfig=kubeconfig', '--manage-all-nodes=true', '--cidr=10.240.0.0/16', '--node-ip=127.0.0.1']);
  progress.at('waiting for the node and the default service account');
  await alive(() => createNode({ url, token, ca }));
  await alive(async () => {
    const node = (await callApi({ url: `${url}/api/v1/nodes/${NODE_NAME}`, token, ca })) as NodeStatus;
    const isReady = node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (!isReady) throw new Error('the node is not Ready');
    await callApi({ url: `${url}/api/v1/namespaces/default/serviceaccounts/default`, token, ca });
  });
  return { kubeconfig, url, token };
}

/** Arguments of an etcd that keeps its data in a folder. */
export function etcdArgs(dir: string, clientPort: number, peerPort: number): string[] {
  const clientUrl = `http://127.0.0.1:${clientPort}`;
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync',
  ];
}

/** Arguments of an API server whose working directory holds its credentials. */
export function apiServerArgs(etcdPort: number, securePort: number): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${securePort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--cert-dir=.',
    '--service-account-key-file=sa.pub',
    '--service-account-signing-key-file=sa.key',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--service-cluster-ip-range=10.0.0.0/16',
    '--token-auth-file=tokens.csv',
    '--authorization-mode=RBAC,Node',
    '--allow-privileged=true',
    '--disable-admission-plugins=TaintNodesByCondition',
    '--endpoint-reconciler-type=none',
  ];
}

const CONTROLLER_MANAGER_ARGS = [
  '--kubeconfig=kubeconfig',
  '--authentication-kubeconfig=kubeconfig',
  '--authorization-kubeconfig=kubeconfig',
  '--leader-elect=false',
  '--use-service-account-credentials=false',
  '--service-account-private-key-file=sa.key',
  '--secure-port=0',
  '--controllers=*,-node-lifecycle-controller,-node-ipam-controller,-kube-apiserver-serving-clustertrustbundle-publisher-controller',
];

const NODE_NAME = 'node-0';
const NODE_RESOURCES = { cpu: '1000', memory: '4Ti', pods: '10000' };

interface NodeStatus {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface ApiCall {
  readonly url: string;
  readonly token: string;
  readonly ca: string;
  readonly body?: unknown;
}

async function createNode({ url, token, ca }: Omit<ApiCall, 'body'>): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE_NAME, labels: { 'kubernetes.io/hostname': NODE_NAME, 'kubernetes.io/os': 'linux' } },
    status: { allocatable: NODE_RESOURCES, capacity: NODE_RESOURCES },
  };
  await callApi({ url: `${url}/api/v1/nodes`, token, ca, body });
}

/** One request to the new API server; 409 is fine (a kept folder has its node already), any other error is thrown. */
export function callApi({ url, token, ca, body }: ApiCall): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const call = request(url, { ca, headers, method: body ? 'POST' : 'GET', agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      if (status >= 300 && status !== 409) {
        response.resume();
        reject(new Error(`${url} answered ${status}`));
      } else if (response.headers['content-type']?.startsWith('application/json')) {
        json(response).then(resolve, reject);
      } else {
        response.resume().once('end', () => resolve(undefined));
      }
    });
    call.once('error', reject);
    call.end(body ? JSON.stringify(body) : undefined);
  });
}

interface Progress {
  at(step: string): void;
  end(): void;
}

/** Prints a line every three seconds, so that a slow start never looks like a hang. */
function startProgress(task: string): Progress {
  const startedAt = performance.now();
  let current = '';
  const timer = setInterval(() => {
    process.stderr.write(`  … ${task}: ${current} (${Math.round((performance.now() - startedAt) / 1_000)} s)\n`);
  }, 3_000);
  return {
    at: (step) => {
      current = step;
    },
    end: () => clearInterval(timer),
  };
}
