import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { ObjectKey } from '../../src/model/object-key.ts';
import type { Hint, Push } from '../../src/model/push.ts';
import { createQueues, type Queues } from '../../src/queue/create-queues.ts';
import type { QueueEvent } from '../../src/queue/queue-event.ts';
import type { SyncRun } from '../../src/queue/sync-run.ts';
import type { TestRedis } from './start-redis.ts';

/** Several processes' queues on one Redis, below a prefix of their own. */
export interface QueueScenario {
  readonly prefix: string;
  readonly events: QueueEvent[];
  /** One process' queues; closed, with whatever `stopLater` was given, when the test ends. */
  queues(options?: { leaseMs?: number }): Promise<Queues>;
  stopLater<T extends { stop(): Promise<void> }>(running: T): T;
}

/**
 * Prepares a scenario; unless `young`, Redis counts as older than any lease. `stopRedis` for a server that the test has
 * to itself: hooks run in the order in which they were given, and workers are stopped before their Redis.
 */
export async function createQueueScenario(
  t: Pick<TestContext, 'after'>,
  redis: TestRedis,
  { young = false, stopRedis = false } = {},
): Promise<QueueScenario> {
  const prefix = `{${randomUUID()}}`;
  const events: QueueEvent[] = [];
  const stops: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const stop of stops.reverse()) await stop();
    if (stopRedis) await redis.stop();
  });
  if (!young) await redis.client.set(`${prefix}:born`, '1');
  return {
    prefix,
    events,
    queues: async ({ leaseMs = 15_000 } = {}) => {
      const handle = await redis.connect();
      const queues = createQueues({ redis: handle, prefix, leaseMs, observe: (event) => events.push(event) });
      stops.push(() => queues.close());
      return queues;
    },
    stopLater: (running) => {
      stops.push(() => running.stop());
      return running;
    },
  };
}

export function makeKey(name: string, kind: ObjectKey['kind'] = 'Kustomization'): ObjectKey {
  return { kind, namespace: 'default', name };
}

export function makeHint(deliveryId: string): Hint {
  const after = deliveryId.padStart(40, '0');
  return { ref: 'refs/heads/main', before: '0'.repeat(40), after, deliveryId, firstSeen: true, heardAt: 1 };
}

export function makePush(): Push {
  return {
    provider: 'github',
    repositoryUrls: ['https://github.com/acme/shop'],
    repository: 'acme/shop',
    ref: 'refs/heads/main',
    before: 'a'.repeat(40),
    after: 'b'.repeat(40),
  };
}

/** Resolves when the run is aborted, with the reason. */
export async function aborted(run: Pick<SyncRun, 'signal'>): Promise<Error> {
  if (!run.signal.aborted) await once(run.signal, 'abort');
  return run.signal.reason;
}

/** Something that happens once, for a test to wait for or to release. */
export function createGate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
