/**
 * Flux's Receivers: follows them and the Secrets that they name, so that a call finds its Receiver by the path alone, and a
 * new token's path answers as soon as the Secret has changed. Verifying and reading calls is webhook's task, answering them
 * http's; whom a call asks is decided in run-receiver-call.ts, when its job runs.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Cache, createCache } from '../kube/create-cache.ts';
import type { ResourceInfo } from '../kube/discovery.ts';
import type { KubeClient, Watch } from '../kube/kube-client.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { NOTIFICATION_GROUP, type Receiver } from '../model/receiver.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';
import type { ReceiverEndpoint } from '../webhook/read-receiver-call.ts';
import { keepReadings } from './keep-readings.ts';
import type { ReadingListener } from './receiver-status.ts';
import { watchSecrets } from './watch-secrets.ts';

interface FollowDeps {
  readonly client: Pick<KubeClient, 'watch' | 'discovery' | 'get'>;
  /** The only namespace to watch; all if undefined. */
  readonly namespace: string | undefined;
  readonly onError: (error: unknown) => void;
}

export interface ReceiverFollowing {
  /** The Receiver that is called at a path; `unknown` until all were read once. */
  find(path: string): ReceiverEndpoint | undefined | 'unknown';
  get(namespace: string, name: string): Receiver | undefined;
  /** Calls the listener for what is known and each time that something was read; a second listener replaces the first. */
  onReading(listener: ReadingListener): void;
  stop(): Promise<void>;
}

const TRY_AGAIN_MS = 30_000;

/** Starts following as soon as the cluster serves the kind; until then there are no Receivers. */
export function followReceivers({ client, namespace, onError }: FollowDeps): ReceiverFollowing {
  const stopping = new AbortController();
  let cache: Cache | undefined;
  let secrets: Watch | undefined;
  let isKnown = false;
  const get = (ns: string, name: string) => cache?.get(ns, name) as Receiver | undefined;
  const readings = keepReadings({ client, get });

  const take = (object: KubeObject, previous: KubeObject | undefined) => {
    secrets ??= watchSecrets(client, namespace, (secret) => {
      for (const receiver of cache?.list() ?? []) if (isNamedBy(receiver, secret)) readings.refresh(receiver);
    });
    if (!previous || requestOf(object) !== requestOf(previous)) readings.refresh(object);
  };
  const follow = async () => {
    const onMissing = () => (isKnown = true);
    const kind = await waitForKind(client, { signal: stopping.signal, onMissing, onError });
    isKnown = false;
    cache = createCache(client, { group: kind.group, version: kind.version, plural: kind.plural, namespace });
    cache.onChange((type, object, previous) => {
      if (type === 'DELETED') readings.forget(object);
      else take(object, previous);
    });
    await cache.synced;
    await readings.settled();
    isKnown = true;
  };
  // Rejects only when it is stopped before it has begun.
  follow().catch((error: unknown) => stopping.signal.aborted || onError(error));
  return {
    find: (path) => readings.find(path) ?? (isKnown ? undefined : 'unknown'),
    get,
    onReading: readings.listen,
    async stop() {
      stopping.abort();
      readings.stop();
      await Promise.all([cache?.stop(), secrets?.stop()]);
    },
  };
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly onMissing: () => void;
  readonly onError: (error: unknown) => void;
}

async function waitForKind(
  { discovery }: Pick<KubeClient, 'discovery'>,
  { signal, onMissing, onError }: Waiting,
): Promise<ResourceInfo> {
  for (;;) {
    try {
      const kind = await discovery.resolve({ group: NOTIFICATION_GROUP, version: 'v1', kind: 'Receiver' });
      signal.throwIfAborted();
      if (kind) return kind;
      onMissing();
    } catch (error) {
      signal.throwIfAborted();
      onError(error);
    }
    await delay(TRY_AGAIN_MS, undefined, { signal, ref: false });
  }
}

/** All that asks for another look; a status that changed does not. */
function requestOf({ metadata: { generation, deletionTimestamp, annotations } }: KubeObject): string {
  return JSON.stringify([generation, deletionTimestamp, annotations?.[REQUESTED_AT]]);
}

function isNamedBy(receiver: KubeObject, secret: KubeObject): boolean {
  const { metadata, spec } = receiver as Receiver;
  return metadata.namespace === secret.metadata.namespace && spec.secretRef?.name === secret.metadata.name;
}
