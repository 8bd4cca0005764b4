import type { KubeClient } from '../kube/kube-client.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { type Receiver, receiverIntervalOf } from '../model/receiver.ts';
import type { ReceiverEndpoint } from '../webhook/read-receiver-call.ts';
import { type ReceiverState, readReceiver } from './read-receiver.ts';
import type { ReadingListener } from './receiver-status.ts';

interface KeepDeps {
  readonly client: Pick<KubeClient, 'get'>;
  /** The Receiver as it stands now. */
  readonly get: (namespace: string, name: string) => Receiver | undefined;
}

interface Kept {
  /** Rises with each wish to read; a reading that began before the newest is followed by another. */
  wanted: number;
  reading: Promise<void> | undefined;
  state: ReceiverState | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** What the API server did not answer is asked again soon. */
const RETRY_MS = 5_000;
const SHORTEST_INTERVAL_MS = 5_000;
const LONGEST_INTERVAL_MS = 24 * 3_600_000;

/** Keeps what was read of each Receiver: reads again when asked and at its interval, one reading at a time. */
export function keepReadings({ client, get }: KeepDeps) {
  const kept = new Map<string, Kept>();
  let listener: ReadingListener | undefined;
  let isStopped = false;

  const refresh = ({ metadata }: KubeObject) => {
    const { namespace = '', name } = metadata;
    const key = `${namespace}/${name}`;
    const entry = kept.get(key) ?? { wanted: 0, reading: undefined, state: undefined, timer: undefined };
    kept.set(key, entry);
    entry.wanted += 1;
    entry.reading ??= readUntilDone(entry, () => (kept.get(key) === entry ? get(namespace, name) : undefined));
  };
  const readUntilDone = async (entry: Kept, current: () => Receiver | undefined) => {
    // The caller keeps the promise first: it must not be cleared before.
    await Promise.resolve();
    for (let done = 0; done < entry.wanted && !isStopped; ) {
      done = entry.wanted;
      const receiver = current();
      if (!receiver) break;
      const state = await readReceiver(client, receiver);
      if (!current()) break;
      take(entry, receiver, state);
    }
    entry.reading = undefined;
  };
  const take = (entry: Kept, receiver: Receiver, state: ReceiverState) => {
    const isCertain = !state.isUncertain || entry.state === undefined;
    if (isCertain) entry.state = state;
    if (isCertain && !isStopped) listener?.(receiver, state.reading);
    clearTimeout(entry.timer);
    if (isStopped) return;
    entry.timer = setTimeout(() => refresh(receiver), state.isUncertain ? RETRY_MS : pauseOf(receiver));
    entry.timer.unref();
  };

  return {
    refresh,
    forget({ metadata }: KubeObject): void {
      const key = `${metadata.namespace ?? ''}/${metadata.name}`;
      clearTimeout(kept.get(key)?.timer);
      kept.delete(key);
    },
    find(path: string): ReceiverEndpoint | undefined {
      for (const { state } of kept.values()) if (state?.endpoint?.path === path) return state.endpoint.value;
      return undefined;
    },
    /** Resolves when nothing is being read. */
    async settled(): Promise<void> {
      await Promise.all([...kept.values()].map(({ reading }) => reading));
    },
    listen(next: ReadingListener): void {
      listener = next;
      for (const [key, { state }] of kept) {
        const [namespace = '', name = ''] = key.split('/');
        const receiver = get(namespace, name);
        if (state && receiver) next(receiver, state.reading);
      }
    },
    stop(): void {
      isStopped = true;
      for (const { timer } of kept.values()) clearTimeout(timer);
    },
  };
}

function pauseOf(receiver: Receiver): number {
  return Math.min(Math.max(receiverIntervalOf(receiver), SHORTEST_INTERVAL_MS), LONGEST_INTERVAL_MS);
}
