/**
 * When things happen in the cluster, as its watch tells it: nothing is polled, so a time shown is the time at which any
 * client of the API server could know.
 */
import type { KubeClient } from '../src/kube/kube-client.ts';
import type { KubeObject } from '../src/model/kube-object.ts';

/** A moment on the monotonic clock, in milliseconds. */
export type Moment = number;

export interface ClusterEvents {
  /** The first moment, not before `since`, at which an object fits; after the patience it throws what did not happen. */
  seen(what: string, fits: (object: KubeObject) => boolean, since: Moment): Promise<Moment>;
  stop(): Promise<void>;
}

interface FollowOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

interface Sighting {
  readonly at: Moment;
  readonly object: KubeObject;
}

const KINDS = [
  { group: 'apps', version: 'v1', plural: 'deployments' },
  { group: 'source.toolkit.fluxcd.io', version: 'v1', plural: 'gitrepositories' },
  { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', plural: 'kustomizations' },
];

/** Watches the Deployments and the custom resources of a namespace, from now on. */
export async function followCluster({ client, namespace, patienceMs, signal }: FollowOptions): Promise<ClusterEvents> {
  const history: Sighting[] = [];
  const waiting = new Set<(sighting: Sighting) => void>();
  const note = (object: KubeObject) => {
    const sighting = { at: performance.now(), object };
    history.push(sighting);
    for (const tell of waiting) tell(sighting);
  };
  const watches = KINDS.map((kind) =>
    client.watch(
      { ...kind, namespace },
      {
        onSnapshot: (items) => items.forEach(note),
        onEvent: (type, object) => {
          if (type !== 'DELETED') note(object);
        },
      },
    ),
  );
  await Promise.all(watches.map((watch) => watch.synced));

  return {
    seen: (what, fits, since) => {
      const isIt = (sighting: Sighting) => sighting.at >= since && fits(sighting.object);
      const found = history.find(isIt);
      if (found) return Promise.resolve(found.at);
      const next = nextSighting(waiting, isIt, inTime(what, patienceMs, signal));
      next.catch(() => undefined); // a step may fail before it comes to wait for this one
      return next;
    },
    stop: async () => {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

/** Rejects when the patience is over, or the demo is interrupted. */
export function inTime(what: string, patienceMs: number, signal: AbortSignal): Promise<never> & Disposable {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what}: not within ${patienceMs / 1_000} s`)), patienceMs);
  const interrupt = () => reject(signal.reason);
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  return Object.assign(promise, {
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
    },
  });
}

async function nextSighting(
  waiting: Set<(sighting: Sighting) => void>,
  isIt: (sighting: Sighting) => boolean,
  limit: Promise<never> & Disposable,
): Promise<Moment> {
  const { promise, resolve } = Promise.withResolvers<Moment>();
  const look = (sighting: Sighting) => {
    if (isIt(sighting)) resolve(sighting.at);
  };
  waiting.add(look);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    waiting.delete(look);
    limit[Symbol.dispose]();
  }
}
