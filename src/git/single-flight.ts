/** Runs a task once for everyone who asks for the same key at the same time. */
export interface SingleFlight<K = string> {
  /** Joins the task under way or starts it; it is aborted only when all who wait for it have given up. */
  run<T>(key: K, task: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

interface Flight {
  readonly result: Promise<unknown>;
  readonly abort: AbortController;
  waiting: number;
}

/** Makes a set of flights; keys are the caller's. */
export function createSingleFlight<K = string>(): SingleFlight<K> {
  const flights = new Map<K, Flight>();

  const start = (key: K, task: (signal: AbortSignal) => Promise<unknown>): Flight => {
    const abort = new AbortController();
    const result = task(abort.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    const flight: Flight = { result, abort, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };

  return {
    run: async <T>(key: K, task: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
      signal.throwIfAborted();
      const flight = flights.get(key) ?? start(key, task);
      flight.waiting++;
      const { promise: givenUp, reject } = Promise.withResolvers<never>();
      const giveUp = () => reject(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        return (await Promise.race([flight.result, givenUp])) as T;
      } finally {
        signal.removeEventListener('abort', giveUp);
        flight.waiting--;
        if (flight.waiting === 0 && flights.get(key) === flight) {
          flights.delete(key);
          flight.result.catch(() => undefined);
          flight.abort.abort(signal.reason);
        }
      }
    },
  };
}
