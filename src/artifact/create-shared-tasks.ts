/** Tasks that are done once for everyone who wants their result at the same time. */
export interface SharedTasks<T> {
  /** Starts the task or joins the one under way; it is aborted only when all who wait for it have given up. */
  run(key: string, task: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

export function createSharedTasks<T>(): SharedTasks<T> {
  const running = new Map<string, Running<T>>();

  function start(key: string, task: (signal: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController();
    const result = task(abort.signal).finally(() => forget(key, started));
    const started: Running<T> = { result, abort, waiting: 0 };
    running.set(key, started);
    return started;
  }

  function forget(key: string, task: Running<T>): void {
    if (running.get(key) === task) running.delete(key);
  }

  return {
    async run(key, task, signal) {
      signal.throwIfAborted();
      const shared = running.get(key) ?? start(key, task);
      shared.waiting += 1;
      const { promise: givenUp, reject } = Promise.withResolvers<never>();
      const giveUp = () => reject(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        return await Promise.race([shared.result, givenUp]);
      } finally {
        signal.removeEventListener('abort', giveUp);
        shared.waiting -= 1;
        if (shared.waiting === 0) {
          forget(key, shared);
          shared.abort.abort(signal.reason);
        }
      }
    },
  };
}
