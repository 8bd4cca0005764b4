/**
 * A process that works on a queue until it is killed: `node queue-process.ts '<JSON>'` with the options of
 * `connectRedis`, a prefix, a lease time and what to do. It writes one line for each thing that happens.
 */

import { createQueues } from '../../src/queue/create-queues.ts';
import { connectRedis } from '../../src/redis/connect-redis.ts';
import { makeKey, makePush } from './queue-scenario.ts';

export interface QueueProcessOptions {
  readonly url?: string;
  readonly dataDir: string;
  readonly prefix: string;
  readonly leaseMs: number;
  /** `sync`: run forever; `ask`: request a sync, then run forever; `deliver`: add a delivery, then take it forever. */
  readonly task: 'sync' | 'ask' | 'deliver';
}

const { task, prefix, leaseMs, ...connect } = JSON.parse(process.argv[2] ?? '{}') as QueueProcessOptions;
const redis = await connectRedis(connect);
const queues = createQueues({ redis, prefix, leaseMs });
const forever = new Promise<never>(() => {});
const say = (line: string) => process.stdout.write(`${line}\n`);

if (task === 'deliver') {
  queues.startDeliveryWorker(
    async ({ id }) => {
      say(`delivering ${id}`);
      await forever;
    },
    { concurrency: 1 },
  );
  await queues.addDelivery({ id: 'github-1', push: makePush(), receivedAt: 1 });
} else {
  queues.startSyncWorker(
    'Kustomization',
    async ({ key }) => {
      say(`running ${key.name}`);
      return await forever;
    },
    { concurrency: 1 },
  );
  queues.startWakeLoop();
  if (task === 'ask') await queues.requestSync({ key: makeKey('app'), cause: 'spec', revision: 'main@sha1:1' });
}
