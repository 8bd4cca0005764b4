import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Asks until it is heard: a watch shows a change once, and Redis may be away just then. Asking twice does no harm. Told of
 * each failure; gives up only with the process.
 */
export async function insist(ask: () => Promise<unknown>, onError: (error: unknown) => void): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await ask();
      return;
    } catch (error) {
      onError(error);
      await delay(pauseMs, undefined, { ref: false });
    }
  }
}
