import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubeClient } from '../src/kube/create-kube-client.ts';
import type { KubeClient } from '../src/kube/kube-client.ts';
import { loadClusterAccess } from '../src/kube/load-cluster-access.ts';
import type { KubeObject } from '../src/model/kube-object.ts';
import { eventually } from '../test/support/eventually.ts';
import { CRD_DIR, createKubectl } from '../test/support/kubectl.ts';
import { sendPush } from '../test/support/make-push.ts';
import { makeRepository, type Repository } from '../test/support/make-repository.ts';
import { startControlPlane } from '../test/support/start-control-plane.ts';
import { startGitServer } from '../test/support/start-git-server.ts';
import { startHawser } from '../test/support/start-hawser.ts';
import { type ProviderApi, startProviderApi } from '../test/support/start-provider-api.ts';

/** Everything that a scenario runs on: real servers, and Hawser as a process of its own. */
export interface Stage {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly repository: Repository;
  readonly github: ProviderApi;
  readonly scratchDir: string;
  /** Where deliveries go, and what they are signed with. */
  readonly webhook: { readonly url: string; readonly secret: string };
  hook(push: { before: string; after: string }): Promise<Response>;
  create(...objects: KubeObject[]): Promise<void>;
  createNamespace(name: string): Promise<string>;
  stop(): Promise<void>;
}

const SECRET = 'bench-webhook-secret';

/** Starts the servers and Hawser; whatever was started is stopped in the reverse order. */
export async function setStage(): Promise<Stage> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const scratchDir = await mkdtemp(join(tmpdir(), 'hawser-bench-'));
    stops.push(() => rm(scratchDir, { recursive: true, force: true, maxRetries: 3 }));
    const plane = await startControlPlane({ benchmark: true });
    stops.push(() => plane.stop());
    const kubectl = createKubectl(plane.kubeconfig, 'default');
    await kubectl('apply', '--server-side', '-f', CRD_DIR);
    await eventually(() => kubectl('wait', '--for=condition=established', '--timeout=30s', '-f', CRD_DIR));
    const client = createKubeClient({ access: loadClusterAccess({ kubeconfig: plane.kubeconfig }) });
    stops.push(() => client.stop());
    const gitServer = await startGitServer();
    stops.push(() => gitServer.stop());
    const github = await startProviderApi();
    stops.push(() => github.stop());
    const hawser = await startHawser({
      kubeconfig: plane.kubeconfig,
      logFile: process.env.HAWSER_BENCH_LOG,
      env: {
        GITHUB_WEBHOOK_SECRET: SECRET,
        GITHUB_TOKEN: 'bench-token-0123456789',
        HAWSER_GITHUB_API_URL: github.url,
        HAWSER_LOG_LEVEL: process.env.HAWSER_BENCH_LOG ? 'debug' : 'info',
      },
    });
    stops.push(() => hawser.end());
    const repository = await makeRepository(gitServer, 'acme/app');
    const createNamespace = async (name: string) => {
      await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      await kubectl('wait', '--for=create', '--timeout=30s', '-n', name, 'serviceaccount/default');
      return name;
    };
    return {
      client,
      namespace: await createNamespace('bench'),
      repository,
      github,
      scratchDir,
      webhook: { url: `${hawser.publicUrl}/webhooks/github`, secret: SECRET },
      hook: (push) =>
        sendPush(hawser.publicUrl, { secret: SECRET, repository: 'acme/app', url: repository.url, ...push }),
      async create(...objects) {
        for (const object of objects) await client.create(object);
      },
      createNamespace,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
