/** Bounds how many requests are in flight; urgent ones (a push) go before others (an interval). */
export interface RequestGate {
  run<T>(
    task: () => Promise<T>,
    options: { urgent?: boolean | undefined; signal?: AbortSignal | undefined },
  ): Promise<T>;
}

interface Waiter {
  readonly admit: () => void;
}

export function createRequestGate(maxInFlight: number): RequestGate {
  let inFlight = 0;
  const urgent = new Set<Waiter>();
  const others = new Set<Waiter>();

  const enter = (isUrgent: boolean, signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const queue = isUrgent ? urgent : others;
      const abort = () => {
        queue.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        admit: () => {
          queue.delete(waiter);
          signal?.removeEventListener('abort', abort);
          inFlight += 1;
          resolve();
        },
      };
      queue.add(waiter);
      signal?.addEventListener('abort', abort, { once: true });
      admitNext();
    });

  const admitNext = () => {
    if (inFlight >= maxInFlight) return;
    const [next] = urgent.size > 0 ? urgent : others;
    next?.admit();
  };

  return {
    run: async (task, { urgent: isUrgent = false, signal }) => {
      await enter(isUrgent, signal);
      try {
        return await task();
      } finally {
        inFlight -= 1;
        admitNext();
      }
    },
  };
}
