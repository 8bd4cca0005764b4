import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { createKubeClient } from '../../src/kube/create-kube-client.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { loadClusterAccess } from '../../src/kube/load-cluster-access.ts';
import type { GitRepository } from '../../src/model/git-repository.ts';
import { type KubeObject, refOf } from '../../src/model/kube-object.ts';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { eventually } from './eventually.ts';
import { CRD_DIR, createKubectl, type Kubectl } from './kubectl.ts';
import { sendPush } from './make-push.ts';
import { makeRepository, type Repository } from './make-repository.ts';
import { type GitServer, startGitServer } from './start-git-server.ts';
import { type HawserProcess, startHawser } from './start-hawser.ts';
import { type ProviderApi, startProviderApi } from './start-provider-api.ts';
import { useCluster } from './use-cluster.ts';

export const WEBHOOK_SECRET = 'canary-webhook-secret';
export const GITHUB_TOKEN = 'canary-github-token-0123456789';

/** Everything a story needs: a cluster's namespace, a git server, GitHub's API, and Hawser itself. */
export interface Story {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly kubectl: Kubectl;
  readonly gitServer: GitServer;
  readonly repository: Repository;
  readonly github: ProviderApi;
  /** The process that was started last. */
  hawser: HawserProcess;
  /** Starts a process on the story's data directory, or one of its own. */
  start(options?: StartOptions): Promise<HawserProcess>;
  /** Sends the webhook for a push of the repository, signed. */
  hook(push: { before?: string; after: string; ref?: string; deliveryId?: string }): Promise<Response>;
  create(...objects: KubeObject[]): Promise<void>;
  gitRepository(name?: string): Promise<GitRepository>;
  kustomization(name?: string): Promise<Kustomization>;
  /** Waits until a Kustomization says that it has applied a commit. */
  applied(sha: string, name?: string): Promise<Kustomization>;
  /** An object of the story's namespace. */
  get(apiVersion: string, kind: string, name: string): Promise<KubeObject | undefined>;
}

interface StartOptions {
  readonly dataDir?: string;
  /** Another way to the same cluster. */
  readonly kubeconfig?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface StoryOptions extends StartOptions {
  /** False leaves starting Hawser to the story. */
  readonly started?: boolean;
  /** Watches all namespaces instead of the story's own. */
  readonly allNamespaces?: boolean;
  /** Milliseconds that `applied` waits; half a minute if absent. */
  readonly patienceMs?: number;
  /** Repositories that the GitHub API knows; `acme/app` alone if absent. */
  readonly repositories?: readonly string[];
  /** Namespace to put the custom resources into, instead of a fresh one. */
  readonly namespace?: string;
}

const PATIENCE_MS = 30_000;

/** Sets the stage, and clears it when the test ends. */
export async function useStory(t: TestContext, options: StoryOptions = {}): Promise<Story> {
  const cluster = await useCluster(t);
  const namespace = options.namespace ?? cluster.namespace;
  const kubectl = createKubectl(cluster.kubeconfig, namespace);
  await kubectl('apply', '--server-side', '--force-conflicts', '-f', CRD_DIR);
  // kubectl fails at once for a definition that has no conditions yet.
  await eventually(() => kubectl('wait', '--for=condition=established', '--timeout=30s', '-f', CRD_DIR));
  const gitServer = await startGitServer();
  t.after(() => gitServer.stop());
  const repository = await makeRepository(gitServer, 'acme/app');
  const github = await startProviderApi({ tokens: [GITHUB_TOKEN], repositories: options.repositories ?? ['acme/app'] });
  t.after(() => github.stop());
  const dataDir = await mkdtemp(join(tmpdir(), 'hawser-story-'));
  const processes: HawserProcess[] = [];
  t.after(async () => {
    await Promise.all(processes.map((process) => process.end()));
    await endOrphanedRedis(dataDir);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  });

  const { client } = cluster;
  const read = (apiVersion: string, kind: string, name: string) => {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    return client.get({ group: group ?? '', version: version ?? '', kind, namespace, name });
  };
  const kustomization = async (name = 'app') =>
    (await read('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', name)) as Kustomization;
  const story: Story = {
    client,
    kubeconfig: cluster.kubeconfig,
    namespace,
    kubectl,
    gitServer,
    repository,
    github,
    hawser: undefined as unknown as HawserProcess,
    async start({ dataDir: ownDataDir = dataDir, kubeconfig = cluster.kubeconfig, env = {} } = {}) {
      story.hawser = await startHawser({
        kubeconfig,
        namespace: options.allNamespaces ? undefined : namespace,
        dataDir: ownDataDir,
        logFile: process.env.HAWSER_TEST_LOG,
        env: {
          GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET,
          GITHUB_TOKEN,
          HAWSER_GITHUB_API_URL: github.url,
          ...options.env,
          ...env,
        },
      });
      processes.push(story.hawser);
      return story.hawser;
    },
    hook: (push) =>
      sendPush(story.hawser.publicUrl, {
        secret: WEBHOOK_SECRET,
        repository: repository.name,
        url: repository.url,
        ...push,
      }),
    async create(...objects) {
      for (const object of objects) await client.create(object);
    },
    gitRepository: async (name = 'app') =>
      (await read('source.toolkit.fluxcd.io/v1', 'GitRepository', name)) as GitRepository,
    kustomization,
    applied: (sha, name) =>
      eventually(
        async () => {
          const found = await kustomization(name);
          if (found.status?.lastAppliedRevision === `main@sha1:${sha}`) return found;
          throw new Error(`${sha} is not applied: ${JSON.stringify(found.status?.conditions)}`);
        },
        { timeoutMs: options.patienceMs ?? PATIENCE_MS },
      ),
    get: read,
  };
  t.after(() => removeFinalizers(story));
  if (options.started !== false) await story.start();
  return story;
}

/** Hawser is gone by now, and so is the story's client: Hawser's finalizers would keep the namespace from being deleted. */
async function removeFinalizers({ kubeconfig, namespace }: Story): Promise<void> {
  const client = createKubeClient({ access: loadClusterAccess({ kubeconfig }) });
  const kinds = [
    { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', plural: 'kustomizations' },
    { group: 'source.toolkit.fluxcd.io', version: 'v1', plural: 'gitrepositories' },
    { group: 'notification.toolkit.fluxcd.io', version: 'v1', plural: 'receivers' },
  ];
  const lists = await Promise.all(kinds.map((kind) => client.list({ ...kind, namespace })));
  const patches = lists
    .flatMap(({ items }) => items)
    .map((object) => client.mergePatch(refOf(object), { metadata: { finalizers: null } }));
  // What is being deleted may be gone before its turn comes.
  await Promise.allSettled(patches);
  await client.stop();
}

/** A process that was killed leaves its Redis to its successor; a story that failed in between never starts one. */
async function endOrphanedRedis(dataDir: string): Promise<void> {
  const path = join(dataDir, 'redis', 'redis.sock');
  const client = new Redis({ path, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  await client.connect().then(
    () => client.shutdown('NOSAVE').catch(() => undefined),
    () => undefined, // The usual case: nobody listens there.
  );
  client.disconnect();
}
