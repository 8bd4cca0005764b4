import type { KubeClient, ListQuery, Watch } from '../kube/kube-client.ts';
import { inventoryOf, parseInventoryEntry } from '../model/inventory.ts';
import { identityOf, type ObjectRef } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { healthChecksOf } from '../model/kustomization-health.ts';
import { formatKey, keyOf } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';
import { insist } from './insist.ts';
import { isWaitingForHealth } from './judge-health.ts';

interface FollowDeps {
  readonly client: Pick<KubeClient, 'watch' | 'discovery'>;
  readonly queues: Pick<Queues, 'requestSync'>;
  readonly onError: (error: unknown) => void;
}

/** Watches of the objects that waiting Kustomizations name in `spec.healthChecks` and have not applied themselves. */
export interface HealthCheckFollowing {
  /** Takes all Kustomizations of the cluster. */
  update(kustomizations: readonly Kustomization[]): void;
  updateOne(kustomization: Kustomization): void;
  stop(): Promise<void>;
}

interface CheckWatch {
  readonly checks: string;
  readonly watches: Promise<Watch[]>;
}

/** While a Kustomization waits, any change of such an object asks for its sync; afterwards nothing is watched for it. */
export function followHealthChecks({ client, queues, onError }: FollowDeps): HealthCheckFollowing {
  const followed = new Map<string, CheckWatch>();
  const end = (key: string) => {
    const found = followed.get(key);
    followed.delete(key);
    return found?.watches.then((watches) => Promise.all(watches.map((watch) => watch.stop())));
  };
  const findWatched = async (ref: ObjectRef): Promise<ListQuery[]> => {
    const resource = await client.discovery.resolve(ref);
    if (!resource) return [];
    const { group, version, plural, namespaced } = resource;
    const namespace = namespaced ? { namespace: ref.namespace } : {};
    return [{ group, version, plural, ...namespace, fieldSelector: `metadata.name=${ref.name}` }];
  };
  const watchOne = (query: ListQuery, onChange: () => void): Watch => {
    let isFirst = true;
    // The first snapshot is what the sync has just looked at, or newer: one more look settles it.
    const onSnapshot = (items: readonly unknown[]) => {
      if (!isFirst || items.length > 0) onChange();
      isFirst = false;
    };
    return client.watch(query, { onSnapshot, onEvent: onChange });
  };
  const updateOne = (kustomization: Kustomization) => {
    const key = keyOf('Kustomization', kustomization);
    const refs = isWaitingForHealth(kustomization) ? foreignChecks(kustomization) : [];
    const checks = refs.map(identityOf).sort().join(' ');
    if ((followed.get(formatKey(key))?.checks ?? '') === checks) return;
    end(formatKey(key))?.catch(onError);
    if (refs.length === 0) return;
    const onChange = () => void insist(() => queues.requestSync({ key, cause: 'health' }), onError);
    // Nothing is watched before every kind is known, so that a failure leaves no watch behind.
    const watches = Promise.all(refs.map(findWatched)).then((queries) =>
      queries.flat().map((query) => watchOne(query, onChange)),
    );
    const entry = { checks, watches };
    followed.set(formatKey(key), entry);
    const isReplaced = () => followed.get(formatKey(key)) !== entry;
    watches
      // A kind that is not served yet is tried again with the next update.
      .then((started) => (started.length < refs.length && !isReplaced() ? end(formatKey(key)) : undefined))
      .catch((error: unknown) => {
        onError(error);
        if (!isReplaced()) followed.delete(formatKey(key));
      });
  };
  return {
    updateOne,
    update(kustomizations) {
      const present = new Set(kustomizations.map((object) => formatKey(keyOf('Kustomization', object))));
      for (const key of followed.keys()) if (!present.has(key)) end(key)?.catch(onError);
      for (const kustomization of kustomizations) updateOne(kustomization);
    },
    async stop() {
      await Promise.allSettled([...followed.keys()].map(end));
    },
  };
}

function foreignChecks(kustomization: Kustomization): ObjectRef[] {
  const own = new Set(
    inventoryOf(kustomization).flatMap((entry) => {
      const ref = parseInventoryEntry(entry);
      return ref ? [identityOf(ref)] : [];
    }),
  );
  return healthChecksOf(kustomization).filter((ref) => !own.has(identityOf(ref)));
}
