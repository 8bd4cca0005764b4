import { setTimeout as delay } from 'node:timers/promises';

interface Patience {
  readonly forMs: number;
  readonly signal: AbortSignal;
}

/** Repeats a call while its failure is of the expected, passing sort; the last failure is thrown when patience ends. */
export async function retryWhile<T>(
  attempt: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  { forMs, signal }: Patience,
): Promise<T> {
  const deadline = performance.now() + forMs;
  for (let waitMs = 10; ; waitMs = Math.min(waitMs * 2, 500)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || performance.now() + waitMs > deadline) throw error;
      await delay(waitMs, undefined, { signal });
    }
  }
}
