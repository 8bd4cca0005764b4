import { setImmediate } from 'node:timers/promises';

/** Shorter than anyone notices, longer than it takes to let others run. */
const LONGEST_TURN_MS = 10;

/** Lets others run if the caller has been at work for a while: called between the steps of a long loop. */
export type Pause = (signal?: AbortSignal) => Promise<void> | undefined;

/** Throws the signal's reason where it was aborted meanwhile. */
export function createPause(): Pause {
  let started = performance.now();
  return (signal) => {
    if (performance.now() - started < LONGEST_TURN_MS) return undefined;
    return setImmediate().then(() => {
      signal?.throwIfAborted();
      started = performance.now();
    });
  };
}
