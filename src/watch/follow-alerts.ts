/**
 * Follows Flux's Alerts and Providers as far as the cluster serves them, in whichever version it prefers. What they mean
 * for commit statuses is left to commit-status.
 */
import { type Cache, createCache } from '../kube/create-cache.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import { NOTIFICATION_GROUP } from '../model/alert.ts';
import type { KubeObject } from '../model/kube-object.ts';

interface FollowDeps {
  readonly client: Pick<KubeClient, 'watch' | 'discovery'>;
  /** The only namespace to watch; all if undefined. */
  readonly namespace: string | undefined;
  readonly onError: (error: unknown) => void;
}

export interface AlertFollowing {
  alerts(): readonly KubeObject[];
  provider(namespace: string, name: string): KubeObject | undefined;
  /** Resolves when both kinds have been listed, or were found not to be served. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

const KINDS = ['Alert', 'Provider'] as const;
type Kind = (typeof KINDS)[number];

/** How often it is looked whether the kinds are served by now. */
const TRY_AGAIN_MS = 30_000;

export function followAlerts({ client, namespace, onError }: FollowDeps): AlertFollowing {
  const caches = new Map<Kind, Cache>();
  const starting = new Set<Kind>();
  let isStopped = false;

  const start = async (kind: Kind) => {
    const resource = await client.discovery.resolve({ group: NOTIFICATION_GROUP, kind });
    if (isStopped || !resource) return;
    const { group, version, plural } = resource;
    const cache = createCache(client, { group, version, plural, namespace });
    caches.set(kind, cache);
    // Rejects only when it is stopped before its first list.
    await cache.synced.catch(() => undefined);
  };
  const update = async () => {
    const missing = KINDS.filter((kind) => !caches.has(kind) && !starting.has(kind));
    await Promise.all(
      missing.map(async (kind) => {
        starting.add(kind);
        await start(kind).catch(onError);
        starting.delete(kind);
      }),
    );
  };
  const timer = setInterval(() => void update(), TRY_AGAIN_MS);
  timer.unref();
  return {
    alerts: () => caches.get('Alert')?.list() ?? [],
    provider: (ofNamespace, name) => caches.get('Provider')?.get(ofNamespace, name),
    ready: update(),
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await Promise.all([...caches.values()].map((cache) => cache.stop()));
    },
  };
}
