import { HawserError } from '../errors/hawser-error.ts';

/** Bounds the bytes of packs that this process holds at once, from their first byte until their objects are stored. */
export interface PackMemory {
  /** Makes room for one pack; the signal's abort ends its waiting. */
  open(signal: AbortSignal): PackRoom;
}

/** What one pack takes up. */
export interface PackRoom {
  /** Also aborts when this pack has to make room for others. */
  readonly signal: AbortSignal;
  /** Waits until so many bytes in all may be held; rejects with the signal's reason. */
  reserve(bytes: number): Promise<void>;
  /** Gives everything back; may be called twice. */
  close(): void;
}

interface Options {
  readonly mostBytes: number;
  /** Bytes of the largest pack that is read at all. */
  readonly largestBytes: number;
  /** Bytes of each pack that are not counted, so that what a push brings never waits. */
  readonly freeBytes?: number;
  /** How long, in milliseconds, a pack may take to arrive while others wait for its room. */
  readonly patienceMs?: number;
  /** Milliseconds of a clock that does not go back. */
  readonly now?: () => number;
}

interface Held {
  bytes: number;
  readonly since: number;
  readonly eviction: AbortController;
}

interface Waiter {
  readonly held: Held;
  readonly bytes: number;
  readonly enter: () => void;
}

const FREE_BYTES = 1024 * 1024;
const PATIENCE_MS = 5 * 60_000;
const LOOKS_PER_PATIENCE = 10;

/**
 * A pack grows as it arrives, and nobody knows how large it will be. So there is always enough left for the one that
 * holds most to become as large as any: it never waits, and packs that hold parts cannot wait for each other for ever.
 */
export function createPackMemory(options: Options): PackMemory {
  const { mostBytes, freeBytes = FREE_BYTES, patienceMs = PATIENCE_MS, now = () => performance.now() } = options;
  const largestBytes = Math.min(options.largestBytes, mostBytes);
  const oldestFirst = new Set<Held>();
  const waiting = new Set<Waiter>();

  const fits = ({ held, bytes }: Pick<Waiter, 'held' | 'bytes'>): boolean => {
    let [total, largest] = [bytes, bytes];
    for (const other of oldestFirst) {
      if (other === held) continue;
      total += other.bytes;
      largest = Math.max(largest, other.bytes);
    }
    return mostBytes - total >= largestBytes - largest;
  };
  const serve = () => {
    for (const waiter of [...waiting].sort((a, b) => a.bytes - b.bytes)) {
      if (!fits(waiter)) continue;
      waiting.delete(waiter);
      waiter.held.bytes = waiter.bytes;
      waiter.enter();
    }
  };
  const pushOut = (except: Held) => {
    for (const held of oldestFirst) {
      if (held === except || held.bytes === 0 || held.eviction.signal.aborted) continue;
      if (now() - held.since >= patienceMs) held.eviction.abort(tooSlow(patienceMs));
      return;
    }
  };
  const wait = async (held: Held, bytes: number, signal: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { held, bytes, enter: resolve };
    const giveUp = () => reject(signal.reason);
    const timer = setInterval(() => pushOut(held), patienceMs / LOOKS_PER_PATIENCE);
    waiting.add(waiter);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await promise;
    } finally {
      clearInterval(timer);
      waiting.delete(waiter);
      signal.removeEventListener('abort', giveUp);
    }
  };

  return {
    open(outer) {
      const held: Held = { bytes: 0, since: now(), eviction: new AbortController() };
      const signal = AbortSignal.any([outer, held.eviction.signal]);
      oldestFirst.add(held);
      return {
        signal,
        async reserve(bytes) {
          signal.throwIfAborted();
          const counted = bytes - freeBytes;
          if (counted <= held.bytes) return;
          if (fits({ held, bytes: counted })) held.bytes = counted;
          else await wait(held, counted, signal);
        },
        close() {
          if (oldestFirst.delete(held)) serve();
        },
      };
    },
  };
}

function tooSlow(patienceMs: number): HawserError {
  const problem = `the pack did not arrive within ${Math.ceil(patienceMs / 1000)} s while other sources waited for the memory it takes up`;
  return new HawserError(
    'GIT_LIMIT_EXCEEDED',
    `${problem}: make the repository smaller, or give Hawser a faster way to it`,
  );
}
