import type { RedisClient } from '../redis/redis-client.ts';
import type { ObserveQueue } from './queue-event.ts';

/** Tells listeners that Redis is back: after it was away, and after it was emptied. */
export function watchReturns(client: RedisClient, observe: ObserveQueue) {
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  let wasAway = false;
  client.on('close', () => {
    wasAway = true;
  });
  client.on('ready', () => {
    if (wasAway) tell();
    wasAway = false;
  });
  return {
    listen: (listener: () => void) => void listeners.add(listener),
    emptied: () => {
      observe({ kind: 'redis-emptied' });
      tell();
    },
  };
}
