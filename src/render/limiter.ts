/** Runs at most so many tasks at once, in the order in which they were given. */
export type Limiter = <T>(task: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** A waiting task whose signal aborts gives up its place and rejects with the signal's reason. */
export function createLimiter(concurrency: number): Limiter {
  const waiting = new Set<() => void>();
  let running = 0;

  async function acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < concurrency) {
      running += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      waiting.delete(resolve);
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    waiting.add(resolve);
    await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  /** Hands the place to the next in line, or frees it. */
  function release(): void {
    const [next] = waiting;
    if (!next) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return async (task, signal) => {
    await acquire(signal);
    try {
      return await task();
    } finally {
      release();
    }
  };
}
