/**
 * Follows one collection: list, then watch with bookmarks; goes on from the last resourceVersion after any end,
 * and lists anew only where that version has expired. What the objects mean is the consumers' matter.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { HawserError } from '../errors/hawser-error.ts';
import { toApiVersion } from '../model/kube-object.ts';
import { followCollection } from './follow-collection.ts';
import type { KubeList, ListQuery, Watch, WatchHandlers } from './kube-client.ts';
import type { KubeContext } from './kube-context.ts';
import { KubeError } from './to-kube-error.ts';

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;
/** A version that keeps failing is given up (a cluster restored from a backup knows only older ones). */
const FAILURES_BEFORE_LIST = 3;

interface WatchDeps {
  readonly context: KubeContext;
  readonly list: (query: ListQuery, signal: AbortSignal) => Promise<KubeList>;
}

export function startWatch({ context, list }: WatchDeps, query: ListQuery, handlers: WatchHandlers): Watch {
  const abort = new AbortController();
  const synced = Promise.withResolvers<void>();
  synced.promise.catch(() => {});
  const state: WatchState = { resourceVersion: undefined, failures: 0 };

  const runOnce = async () => {
    if (state.resourceVersion === undefined) {
      const { items, resourceVersion } = await list(query, abort.signal);
      abort.signal.throwIfAborted();
      handlers.onSnapshot(items);
      state.resourceVersion = resourceVersion;
      synced.resolve();
    }
    await followCollection(context, query, {
      resourceVersion: state.resourceVersion,
      signal: abort.signal,
      onVersion: (resourceVersion) => {
        state.resourceVersion = resourceVersion;
        state.failures = 0;
      },
      onEvent: handlers.onEvent,
    });
  };
  const run = async () => {
    while (!abort.signal.aborted) {
      const { cause, error } = await runOnce().then(
        () => ({ cause: 'ended' as const, error: undefined }),
        (failure: unknown) => ({ cause: causeOf(failure), error: failure }),
      );
      if (abort.signal.aborted) return;
      const delayMs = prepareRestart(state, cause, error);
      context.observe({ kind: 'watchRestarted', resource: nameOf(query), cause, error, delayMs });
      if (delayMs > 0) await delay(delayMs, undefined, { signal: abort.signal }).catch(() => {});
    }
  };
  const ended = run().finally(() => {
    synced.reject(new HawserError('INTERNAL', `the watch of ${nameOf(query)} was stopped before its first list`));
  });
  return {
    synced: synced.promise,
    stop: () => {
      abort.abort();
      return ended;
    },
  };
}

interface WatchState {
  /** Undefined: list first. */
  resourceVersion: string | undefined;
  /** In a row, without anything received in between. */
  failures: number;
}

type RestartCause = 'ended' | 'expired' | 'failed';

function causeOf(error: unknown): RestartCause {
  return error instanceof KubeError && error.isExpired ? 'expired' : 'failed';
}

/** Decides where to go on from and after how many milliseconds. */
function prepareRestart(state: WatchState, cause: RestartCause, error: unknown): number {
  if (cause === 'ended') return 0;
  state.failures += 1;
  // Anything but the API server's word (say, a consumer that threw) may have lost an event: a list brings it back.
  const isTrusted = error instanceof KubeError && cause === 'failed';
  if (!isTrusted || state.failures >= FAILURES_BEFORE_LIST) state.resourceVersion = undefined;
  if (cause === 'expired' && state.failures === 1) return 0;
  const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (state.failures - 1), LONGEST_BACKOFF_MS);
  return Math.round(backoffMs * (0.5 + Math.random() / 2));
}

function nameOf({ group, version, plural }: ListQuery): string {
  return `${plural}.${toApiVersion(group, version)}`;
}
