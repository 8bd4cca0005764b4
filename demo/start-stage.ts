/**
 * Everything the story needs, started part by part, each shown as soon as it is up. Every part that was started leaves
 * behind how it is stopped, so that an interruption at any moment can clear up.
 */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createKubeClient } from '../src/kube/create-kube-client.ts';
import { loadClusterAccess } from '../src/kube/load-cluster-access.ts';
import { findControlPlaneTools } from '../test/support/control-plane-tools.ts';
import { findFreePorts } from '../test/support/find-free-ports.ts';
import { CRD_DIR } from '../test/support/kubectl.ts';
import { startControlPlane } from '../test/support/start-control-plane.ts';
import { type GitServer, ISOLATED_GIT_ENV, startGitServer } from '../test/support/start-git-server.ts';
import { type HawserProcess, startHawser } from '../test/support/start-hawser.ts';
import { type ProviderApi, startProviderApi } from '../test/support/start-provider-api.ts';
import { startWatchdog } from '../test/support/start-watchdog.ts';
import { type ClusterEvents, followCluster } from './follow-cluster.ts';
import { makeWorkTree, type WorkTree } from './make-work-tree.ts';
import type { Screen } from './screen.ts';
import { createShell, type Shell } from './shell.ts';

export interface Stage {
  readonly screen: Screen;
  /** Runs commands in the folder that holds the tutorial's files. */
  readonly shell: Shell;
  readonly kubeconfig: string;
  readonly cluster: ClusterEvents;
  readonly workTree: WorkTree;
  readonly github: ProviderApi;
  readonly hawser: HawserProcess;
  readonly webhookSecret: string;
  readonly logFile: string;
}

/** How the parts are stopped, in the order in which they were started. */
export type Stops = (() => Promise<unknown>)[];

export interface StageOptions {
  readonly screen: Screen;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** The only namespace that Hawser watches; all if undefined. */
  readonly watchedNamespace: string | undefined;
  readonly patienceMs: number;
}

/** The tutorial's names. */
export const APP = 'hello-world-flask';
const NAMESPACE = 'default';
const REPOSITORY = 'ghostwritten/fluxcd-demo';
/** A little more than Hawser gives itself to stop, in seconds. */
const GRACE_S = 30;
const TUTORIAL = join(import.meta.dirname, 'tutorial');

/** Starts cluster, git server, GitHub's API and Hawser, and puts the tutorial's files into a repository's clone. */
export async function startStage(options: StageOptions, stops: Stops): Promise<Stage> {
  const { screen, signal, patienceMs } = options;
  const { kubeconfig, isOurs } = await startCluster(options, stops);
  const { gitServer, github } = await startHosts(options, stops);

  const dir = await mkdtemp(join(tmpdir(), 'hawser-demo-'));
  stops.push(() => rm(dir, { recursive: true, force: true, maxRetries: 3 }));
  const env = await makeEnvironment(dir, kubeconfig);
  const shell = createShell({ cwd: dir, env, screen });
  await shell.run('kubectl', 'apply', '--server-side', '--force-conflicts', '-f', CRD_DIR);
  await shell.run('kubectl', 'wait', '--for=condition=established', '--timeout=30s', '-f', CRD_DIR);
  screen.ready('custom resources', 'GitRepository and Kustomization, as in deploy/install.yaml');
  signal.throwIfAborted();
  const workTree = await makeWorkTree({
    server: gitServer,
    repository: REPOSITORY,
    dir: join(dir, 'fluxcd-demo'),
    env,
    screen,
  });
  await copyTutorial(dir, workTree);

  const webhookSecret = randomBytes(16).toString('hex');
  const logFile = join(dir, 'hawser.log');
  const hawser = await startService({ options, stops, dir, kubeconfig, github, webhookSecret, logFile });
  if (!isOurs) stops.push(() => removeTutorial(shell));
  screen.ready('Hawser', `process ${hawser.pid}, with a Redis of its own`);
  const client = createKubeClient({ access: loadClusterAccess({ kubeconfig }) });
  stops.push(() => client.stop());
  const cluster = await followCluster({ client, namespace: NAMESPACE, patienceMs, signal });
  return { screen, shell, kubeconfig, cluster, workTree, github, hawser, webhookSecret, logFile };
}

async function startCluster({ screen, signal }: StageOptions, stops: Stops) {
  const isOurs = !process.env.HAWSER_TEST_KUBECONFIG;
  // Its watchdog ends a control plane whose start was interrupted.
  const plane = await Promise.race([startControlPlane(), rejectWhenAborted(signal)]);
  stops.push(() => plane.stop());
  screen.ready('control plane', isOurs ? 'etcd, API server, controllers, scheduler; kwok plays a node' : plane.url);
  return { kubeconfig: plane.kubeconfig, isOurs };
}

async function startHosts(
  { screen, signal }: StageOptions,
  stops: Stops,
): Promise<{ gitServer: GitServer; github: ProviderApi }> {
  const gitServer = await startGitServer();
  const watchdog = startWatchdog(gitServer.root);
  stops.push(async () => {
    await gitServer.stop();
    watchdog.dismiss();
  });
  screen.ready('git server', `git http-backend at ${gitServer.url}`);
  signal.throwIfAborted();
  const github = await startProviderApi({ repositories: [REPOSITORY] });
  stops.push(() => github.stop());
  screen.ready("GitHub's API", `a recorder of commit statuses at ${github.url}`);
  return { gitServer, github };
}

interface ServiceOptions {
  readonly options: StageOptions;
  readonly stops: Stops;
  readonly dir: string;
  readonly kubeconfig: string;
  readonly github: ProviderApi;
  readonly webhookSecret: string;
  readonly logFile: string;
}

async function startService(given: ServiceOptions): Promise<HawserProcess> {
  const { options, stops, dir, kubeconfig, github, webhookSecret, logFile } = given;
  const [publicPort] = await findFreePorts(1);
  const watchdog = startWatchdog(dir, GRACE_S);
  const starting = startHawser({
    kubeconfig,
    namespace: options.watchedNamespace,
    dataDir: join(dir, 'data'),
    logFile,
    watchdog,
    env: {
      HAWSER_PUBLIC_ADDR: `127.0.0.1:${publicPort}`,
      HAWSER_EXTERNAL_URL: `http://127.0.0.1:${publicPort}`,
      HAWSER_GITHUB_API_URL: github.url,
      GITHUB_WEBHOOK_SECRET: webhookSecret,
      GITHUB_TOKEN: randomBytes(16).toString('hex'),
    },
  });
  // The watchdog ends one that was interrupted before it was ready.
  const hawser = await Promise.race([starting, rejectWhenAborted(options.signal)]);
  stops.push(async () => {
    await hawser.end();
    watchdog.dismiss();
  });
  return hawser;
}

/** What commands see: this cluster and nobody's git configuration; kubectl from the tools where the system has none. */
async function makeEnvironment(home: string, kubeconfig: string): Promise<Record<string, string>> {
  const tools = await findControlPlaneTools();
  return {
    ...ISOLATED_GIT_ENV,
    PATH: [process.env.PATH, tools].join(delimiter),
    HOME: home,
    KUBECONFIG: kubeconfig,
    LC_ALL: 'C',
  };
}

/** The Deployment goes into the repository; the two custom resources stay beside it, with the repository's URL. */
async function copyTutorial(dir: string, workTree: WorkTree): Promise<void> {
  await cp(join(TUTORIAL, 'deployment.yaml'), join(workTree.dir, 'deployment.yaml'));
  await cp(join(TUTORIAL, 'fluxcd-kustomize.yaml'), join(dir, 'fluxcd-kustomize.yaml'));
  const source = await readFile(join(TUTORIAL, 'fluxcd-repo.yaml'), 'utf8');
  await writeFile(join(dir, 'fluxcd-repo.yaml'), source.replace(/url: .*/, `url: ${workTree.url}`));
}

/** In a cluster that is not the demo's own; Hawser, still running, prunes what the Kustomization applied. */
async function removeTutorial(shell: Shell): Promise<void> {
  const namespace = ['--namespace', NAMESPACE, '--ignore-not-found', '--timeout=30s'];
  await shell.run('kubectl', 'delete', 'kustomizations.kustomize.toolkit.fluxcd.io', APP, ...namespace);
  await shell.run('kubectl', 'delete', 'gitrepositories.source.toolkit.fluxcd.io', APP, ...namespace);
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
