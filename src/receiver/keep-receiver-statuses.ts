import { setTimeout as delay } from 'node:timers/promises';
import type { EventRecorder } from '../kube/create-event-recorder.ts';
import type { Receiver } from '../model/receiver.ts';
import { toReceiverEvent } from './receiver-event.ts';
import type { ReadingListener, ReceiverReading } from './receiver-status.ts';
import { type WriteDeps, writeReceiverStatus } from './write-receiver-status.ts';

interface KeepDeps extends WriteDeps {
  readonly events: Pick<EventRecorder, 'record'>;
  /** Told of each status that could not be written, which is tried again. */
  readonly onError: (error: unknown) => void;
}

interface Wanted {
  readonly receiver: Receiver;
  readonly reading: ReceiverReading;
}

const RETRY_MS = 10_000;

/** Writes what was read of each Receiver into its status, one write at a time, the newest reading last, and events of news. */
export function keepReceiverStatuses(deps: KeepDeps): { readonly take: ReadingListener; stop(): Promise<void> } {
  const stopping = new AbortController();
  const wanted = new Map<string, Wanted>();
  const writing = new Map<string, Promise<void>>();

  const writeUntilDone = async (uid: string) => {
    for (let next = wanted.get(uid); next && !stopping.signal.aborted; next = wanted.get(uid)) {
      try {
        await write(deps, next);
        if (wanted.get(uid) === next) wanted.delete(uid);
      } catch (error) {
        deps.onError(error);
        await delay(RETRY_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      }
    }
    writing.delete(uid);
  };
  return {
    take(receiver, reading) {
      const uid = receiver.metadata.uid ?? '';
      wanted.set(uid, { receiver, reading });
      if (!writing.has(uid) && !stopping.signal.aborted) writing.set(uid, writeUntilDone(uid));
    },
    async stop() {
      stopping.abort();
      await Promise.all(writing.values());
    },
  };
}

async function write(deps: KeepDeps, { receiver, reading }: Wanted): Promise<void> {
  const isNews = await writeReceiverStatus(deps, receiver, reading);
  const event = isNews ? toReceiverEvent(receiver, reading) : undefined;
  if (event) deps.events.record(event);
}
