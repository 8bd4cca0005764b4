import type { KubeObject } from '../model/kube-object.ts';
import type { KubeClient, ListQuery, WatchEventType } from './kube-client.ts';

export type CacheListener = (type: WatchEventType, object: KubeObject, previous: KubeObject | undefined) => void;

/** A collection of the cluster in memory, as fresh as its watch. */
export interface Cache {
  /** `namespace` is empty for cluster-scoped objects. */
  get(namespace: string, name: string): KubeObject | undefined;
  list(): KubeObject[];
  readonly synced: Promise<void>;
  /** Calls the listener for each change from now on, and returns how to end that. */
  onChange(listener: CacheListener): () => void;
  stop(): Promise<void>;
}

/** Starts a watch and keeps what it brings; a snapshot after a gap is turned into the changes that it shows. */
export function createCache(client: Pick<KubeClient, 'watch'>, query: ListQuery): Cache {
  let objects = new Map<string, KubeObject>();
  const listeners = new Set<CacheListener>();
  const tell: CacheListener = (type, object, previous) => {
    for (const listener of listeners) listener(type, object, previous);
  };
  const watch = client.watch(query, {
    onSnapshot: (items) => {
      const before = objects;
      objects = new Map(items.map((item) => [keyOf(item), item]));
      for (const [type, object, previous] of diffSnapshots(before, objects)) tell(type, object, previous);
    },
    onEvent: (type, object) => {
      const previous = objects.get(keyOf(object));
      if (type === 'DELETED') objects.delete(keyOf(object));
      else objects.set(keyOf(object), object);
      tell(type, object, previous);
    },
  });
  return {
    get: (namespace, name) => objects.get(`${namespace}/${name}`),
    list: () => [...objects.values()],
    synced: watch.synced,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: watch.stop,
  };
}

type Change = [type: WatchEventType, object: KubeObject, previous: KubeObject | undefined];

/** What changed between two snapshots; an object that was replaced by one of the same name is a deletion and an addition. */
export function diffSnapshots(
  before: ReadonlyMap<string, KubeObject>,
  after: ReadonlyMap<string, KubeObject>,
): Change[] {
  const changes: Change[] = [];
  for (const [key, previous] of before) {
    if (after.get(key)?.metadata.uid !== previous.metadata.uid) changes.push(['DELETED', previous, previous]);
  }
  for (const [key, object] of after) {
    const previous = before.get(key);
    if (previous?.metadata.uid !== object.metadata.uid) changes.push(['ADDED', object, undefined]);
    else if (previous?.metadata.resourceVersion !== object.metadata.resourceVersion) {
      changes.push(['MODIFIED', object, previous]);
    }
  }
  return changes;
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
