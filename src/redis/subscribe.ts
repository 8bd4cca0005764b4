import type { RedisClient } from './redis-client.ts';
import { withRedis } from './with-redis.ts';

/** Messages of channels, by one connection that is made when the first one is listened to. */
export interface Subscriptions {
  /**
   * Calls back for each message of a channel, and after the connection was away, for messages may have been missed.
   * Resolves once it listens; throws REDIS_UNAVAILABLE. What it answers ends it, and may be called twice.
   */
  listen(channel: string, onMessage: () => void): Promise<() => void>;
  stop(): void;
}

/** Binds subscriptions to a Redis; the connection is of their own, for a subscribed one takes no commands. */
export function createSubscriptions(connect: () => RedisClient): Subscriptions {
  const listeners = new Map<string, Set<() => void>>();
  let connection: RedisClient | undefined;
  let isStopped = false;

  const open = () => {
    if (connection) return connection;
    connection = connect();
    connection.on('message', (channel: string) => tell(listeners.get(channel)));
    // ioredis subscribes anew by itself, before it says so.
    connection.on('ready', () => {
      for (const group of listeners.values()) tell(group);
    });
    return connection;
  };
  const leave = (channel: string, onMessage: () => void) => {
    const group = listeners.get(channel);
    if (!group?.delete(onMessage) || group.size > 0) return;
    listeners.delete(channel);
    // Without its connection there is nothing to leave.
    connection?.unsubscribe(channel).catch(() => undefined);
  };

  return {
    async listen(channel, onMessage) {
      if (isStopped) return () => {};
      const client = open();
      const group = listeners.get(channel) ?? new Set();
      listeners.set(channel, group.add(onMessage));
      try {
        await withRedis(client, async () => void (await client.subscribe(channel)));
      } catch (error) {
        leave(channel, onMessage);
        throw error;
      }
      return () => leave(channel, onMessage);
    },
    stop() {
      isStopped = true;
      listeners.clear();
      connection?.disconnect();
      connection = undefined;
    },
  };
}

function tell(group: ReadonlySet<() => void> | undefined): void {
  for (const onMessage of group ?? []) onMessage();
}
