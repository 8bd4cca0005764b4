import { createLiveObjects } from './apply/live-objects.ts';
import type { Config } from './config/load-config.ts';
import { createClusterPool } from './kube/create-cluster-pool.ts';
import { formatSubject } from './model/kube-object.ts';
import type { Queues } from './queue/create-queues.ts';
import type { Cluster } from './start-cluster.ts';
import { createTargets, type Targets } from './sync/targets.ts';
import { type Logger, objectFields } from './telemetry/create-logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { isJudgedByExpression } from './watch/expressions.ts';
import { followAppliedObjects } from './watch/follow-applied-objects.ts';

interface TargetsDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly cluster: Cluster;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

/** Wires the clusters that are deployed to: each has its client, its record of applied objects, and watches on them. */
export function startTargets({ config, logger, metrics, queues, cluster, now, onError }: TargetsDeps): Targets {
  const { client, kustomizations } = cluster;
  return createTargets({
    client,
    pool: createClusterPool({
      local: client,
      observe: (event, remote) => logger.debug({ ...event, cluster: remote.server }, 'remote cluster'),
    }),
    createLive: () =>
      createLiveObjects({ isJudgedByExpression: (object) => isJudgedByExpression(object, kustomizations) }),
    defaultServiceAccount: config.tenancy.defaultServiceAccount,
    follow: (target) =>
      followAppliedObjects({
        ...target,
        kustomizations,
        queues,
        now,
        onError,
        onDrift: (owner, ref, reason) => {
          metrics.driftCorrectedTotal.inc({ name: owner.name, namespace: owner.namespace });
          logger.info({ ...objectFields(owner), drifted: formatSubject(ref), reason }, 'drift seen');
        },
      }),
    onError,
  });
}
