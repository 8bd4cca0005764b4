import { formatKey, type ObjectKey } from '../model/object-key.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { withRedis } from '../redis/with-redis.ts';
import type { SyncRequest } from './pending-request.ts';
import type { PendingStore } from './pending-store.ts';
import { addSyncJobs, type SyncQueues } from './sync-jobs.ts';

/** A thousand jobs in one command would delay the first start by a tenth of a second. */
const BATCH = 50;
/** Requests of one key that are kept while Redis is away; the newest ones say all that matters. */
const MOST_KEPT_PER_KEY = 20;

interface RequesterDeps {
  readonly producer: RedisClient;
  readonly store: Pick<PendingStore, 'ask' | 'isKnown'>;
  readonly queues: SyncQueues;
}

/** Asks for syncs, and remembers what it could not ask until Redis is back. */
export function createRequester({ producer, store, queues }: RequesterDeps) {
  const unasked = new Map<string, SyncRequest[]>();

  const keep = (requests: readonly SyncRequest[]) => {
    for (const request of requests) {
      const member = formatKey(request.key);
      unasked.set(member, [...(unasked.get(member) ?? []), request].slice(-MOST_KEPT_PER_KEY));
    }
  };

  const requestSyncs = async (requests: readonly SyncRequest[]): Promise<void> => {
    let asked = 0;
    try {
      for (; asked < requests.length; asked += BATCH) {
        const batch = requests.slice(asked, asked + BATCH);
        await withRedis(producer, async () => {
          await Promise.all(batch.map((request) => store.ask(request)));
          await addSyncJobs(queues, [...new Set(batch.map(({ key }) => formatKey(key)))]);
        });
      }
    } catch (error) {
      keep(requests.slice(asked));
      throw error;
    }
  };

  const askAgain = () => {
    const requests = [...unasked.values()].flat();
    unasked.clear();
    // What fails is kept again, until the next time that Redis is back.
    requestSyncs(requests).catch(() => {});
  };
  producer.on('ready', askAgain);

  return {
    requestSyncs,
    restore: async (keys: readonly ObjectKey[]): Promise<readonly ObjectKey[]> => {
      const missing: ObjectKey[] = [];
      for (let start = 0; start < keys.length; start += BATCH) {
        const batch = keys.slice(start, start + BATCH);
        const known = await withRedis(producer, () => Promise.all(batch.map((key) => store.isKnown(formatKey(key)))));
        missing.push(...batch.filter((_, index) => !known[index]));
      }
      await requestSyncs(missing.map((key) => ({ key, cause: 'restore' })));
      return missing;
    },
    stop: (): void => {
      producer.off('ready', askAgain);
    },
  };
}
