/** Lets a bounded number of pieces of work with the same key run at once; the others wait in turn. */
export interface Limiter {
  /** Rejects with the signal's reason if it aborts while the work still waits. */
  run<T>(key: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

interface Lane {
  running: number;
  readonly waiting: Set<() => void>;
}

export function createLimiter(mostAtOnce: number): Limiter {
  const lanes = new Map<string, Lane>();
  const enter = (lane: Lane, signal: AbortSignal): Promise<void> => {
    if (lane.running < mostAtOnce) {
      lane.running++;
      return Promise.resolve();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      lane.waiting.delete(resolve);
      reject(signal.reason);
    };
    lane.waiting.add(resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', giveUp));
  };
  const leave = (key: string, lane: Lane) => {
    const [next] = lane.waiting;
    if (next) {
      lane.waiting.delete(next);
      next(); // its place is handed over
      return;
    }
    lane.running--;
    if (lane.running === 0) lanes.delete(key);
  };
  return {
    async run(key, work, signal) {
      signal.throwIfAborted();
      const lane = lanes.get(key) ?? { running: 0, waiting: new Set() };
      lanes.set(key, lane);
      await enter(lane, signal);
      try {
        return await work();
      } finally {
        leave(key, lane);
      }
    },
  };
}
