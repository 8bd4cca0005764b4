import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ArtifactStore } from './artifact/artifact-store.ts';
import type { ListenAddress } from './config/environment.ts';
import type { Config } from './config/load-config.ts';
import { createArtifactApp } from './http/artifact-app.ts';
import { createInternalApp } from './http/internal-app.ts';
import { createPublicApp } from './http/public-app.ts';
import type { PushApiOptions } from './http/push-api.ts';
import type { TriggerOptions } from './http/trigger-route.ts';
import type { Push } from './model/push.ts';
import type { PushRecords } from './push-record/create-push-records.ts';
import type { Queues } from './queue/create-queues.ts';
import { describeCall } from './receiver/describe-call.ts';
import type { Cluster } from './start-cluster.ts';
import { createPushApi } from './start-push-api.ts';
import type { Logger } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { matchPush } from './webhook/match-push.ts';
import { toPushSource } from './webhook/to-push-source.ts';

export interface Running {
  stop(): Promise<void>;
}

interface ListenerDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly pushRecords: PushRecords;
  readonly cluster: Cluster;
  readonly artifacts: () => ArtifactStore | undefined;
  /** Whether everything that this process' roles need has started. */
  readonly isStarted: () => boolean;
}

/** Connections that wait to be accepted: the event loop accepts one in each turn, and a flood makes turns long. */
const BACKLOG = 4_096;

/** Starts the listeners that this process' roles call for; each logs the address it got. */
export async function startListeners(deps: ListenerDeps): Promise<Running & { artifactUrl: string | undefined }> {
  const { config } = deps;
  const { trigger, api } = createPushApi(deps);
  const apps: FastifyInstance[] = [];
  const listen = async (name: string, app: FastifyInstance, address: ListenAddress) => {
    apps.push(app);
    await app.listen({ ...address, backlog: BACKLOG });
    const { port } = app.server.address() as AddressInfo;
    deps.logger.info({ listener: name, host: address.host, port }, 'listening');
    return port;
  };
  await listen('internal', createInternal(deps, api), config.internal);
  if (config.roles.has('server')) await listen('public', createPublic(deps, trigger), config.public);
  const artifactPort = config.roles.has('worker')
    ? await listen(
        'artifact',
        createArtifactApp({ openArtifact: async (path) => await deps.artifacts()?.open(path) }),
        config.artifact,
      )
    : undefined;
  return {
    artifactUrl: artifactPort === undefined ? undefined : (config.artifactUrl ?? `http://127.0.0.1:${artifactPort}`),
    async stop() {
      await Promise.all(apps.map((app) => app.close()));
    },
  };
}

function createInternal({ metrics, queues, cluster, isStarted }: ListenerDeps, api: PushApiOptions): FastifyInstance {
  return createInternalApp({
    api,
    isLive: () => true,
    async readiness() {
      const redis = await queues.depths().then(
        () => 'ok',
        () => 'away',
      );
      const resources = cluster.isSynced()
        ? 'ok'
        : 'not listed yet: is the API server reachable, and are the CustomResourceDefinitions installed? The log says why';
      const roles = isStarted() ? 'ok' : 'starting';
      const checks = { redis, resources, roles };
      return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
    },
    metrics: () => metrics.render(),
  });
}

function createPublic(
  { config, metrics, queues, pushRecords, cluster }: ListenerDeps,
  trigger: TriggerOptions,
): FastifyInstance {
  return createPublicApp({
    trigger,
    webhookSecrets: config.webhookSecrets,
    externalUrl: config.externalUrl,
    async addDelivery({ id, push, receivedAt }) {
      const [{ redelivered }, pushId] = await Promise.all([
        queues.addDelivery({ id, push, receivedAt }),
        pushRecords.open({ ...describePush(push), deliveryId: id, heardAt: toTime(receivedAt) }),
      ]);
      return { pushId, redelivered };
    },
    receivers: {
      find: cluster.receivers.find,
      async addCall(call) {
        const opening = { ...describeCall(call), deliveryId: call.id };
        const [, pushId] = await Promise.all([queues.addDelivery(call), pushRecords.open(opening)]);
        return { pushId };
      },
    },
    whyUninteresting: (push) =>
      cluster.isSynced() ? matchPush(push, cluster.resources.gitRepositories().map(toPushSource)).reason : undefined,
    readPush: (id) => pushRecords.read(id),
    observe: ({ provider, result }) => metrics.deliveriesTotal.inc({ provider, result }),
  });
}

function describePush({ provider, repository, repositoryUrls, ref, before, after }: Push) {
  return { heard: 'webhook' as const, provider, repository, repositoryUrls, ref, before, after };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
