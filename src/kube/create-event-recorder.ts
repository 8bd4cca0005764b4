import { type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { Notifier } from './create-notifier.ts';
import { createEventLimits, setRecent } from './event-limits.ts';
import type { KubeClient } from './kube-client.ts';
import {
  type KubeEvent,
  toEventMessage,
  toEventObject,
  toEventTime,
  withObjectAnnotations,
} from './to-event-object.ts';
import { KubeError } from './to-kube-error.ts';
import { toNotification } from './to-notification.ts';

/** Writes events behind the caller's back: it never throws into the caller and never makes it wait. */
export interface EventRecorder {
  record(event: KubeEvent): void;
  /** Waits until all that was recorded so far is written or given up. */
  flush(): Promise<void>;
  /** Flushes, and ignores whatever is recorded afterwards. */
  stop(): Promise<void>;
}

interface RecorderOptions {
  /** Such as `kustomize-controller`: what `kubectl describe` shows under "From". */
  readonly component: string;
  /** Names this process. */
  readonly instance: string;
  readonly now?: () => Date;
  /** Is sent every event too, those that the limits keep from the cluster included: it has limits of its own. */
  readonly notifier?: Pick<Notifier, 'send'> | undefined;
  /** Told of each event that could not be written. */
  readonly observe?: (error: unknown, event: KubeEvent) => void;
}

/** An event that is in the cluster and can be counted up. */
interface WrittenEvent {
  readonly ref: ObjectRef;
  readonly count: number;
}

/** Creates a recorder that limits, counts up repeats, and keeps the order of each object's events. */
export function createEventRecorder(
  client: Pick<KubeClient, 'create' | 'mergePatch'>,
  { component, instance, now = () => new Date(), notifier, observe = () => {} }: RecorderOptions,
): EventRecorder {
  const limits = createEventLimits();
  const written = new Map<string, WrittenEvent>();
  const chains = new Map<string, Promise<void>>();
  let isStopped = false;

  const write = async (event: KubeEvent) => {
    const key = repeatKeyOf(event);
    const before = written.get(key);
    const counted = before && (await countUp(client, before, { event, now: now() }));
    const stored = counted ?? (await client.create(toEventObject(event, { component, instance }, now())));
    setRecent(written, key, { ref: refOf(stored), count: Number(stored.count) });
  };
  const record = (said: KubeEvent) => {
    if (isStopped) return;
    const event = withObjectAnnotations(said);
    notifier?.send(toNotification(event, { component, instance }, now()));
    if (!limits.admit(limitKeyOf(event), now().getTime())) return;
    const chain = objectKeyOf(event);
    const done = (chains.get(chain) ?? Promise.resolve())
      .then(() => write(event))
      .catch((error: unknown) => observe(error, event))
      .then(() => {
        if (chains.get(chain) === done) chains.delete(chain);
      });
    chains.set(chain, done);
  };
  const flush = async () => {
    await Promise.all(chains.values());
  };
  return {
    record,
    flush,
    stop: () => {
      isStopped = true;
      return flush();
    },
  };
}

interface Repeat {
  readonly event: KubeEvent;
  readonly now: Date;
}

/** Undefined if the event is there no more (they expire after an hour), so that it has to be written anew. */
async function countUp(
  client: Pick<KubeClient, 'mergePatch'>,
  { ref, count }: WrittenEvent,
  { event, now }: Repeat,
): Promise<KubeObject | undefined> {
  const metadata = event.annotations ? { metadata: { annotations: event.annotations } } : {};
  const patch = { ...metadata, count: count + 1, lastTimestamp: toEventTime(now) };
  try {
    return await client.mergePatch(ref, patch);
  } catch (error) {
    if (error instanceof KubeError && error.isNotFound) return undefined;
    throw error;
  }
}

function objectKeyOf({ regarding }: KubeEvent): string {
  const { uid, namespace = '', name } = regarding.metadata;
  return uid ?? `${regarding.kind}/${namespace}/${name}`;
}

function limitKeyOf(event: KubeEvent): string {
  return JSON.stringify([objectKeyOf(event), event.type, event.reason]);
}

function repeatKeyOf(event: KubeEvent): string {
  return JSON.stringify([objectKeyOf(event), event.type, event.reason, toEventMessage(event.message)]);
}
