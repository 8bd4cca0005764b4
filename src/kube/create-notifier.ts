/**
 * Sends events to Flux's notification-controller, beside the Kubernetes events and off the pipeline's path: in order, one
 * at a time, from a queue with a bound. Which events there are, and what Alerts make of them, is left to others.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { messageOf } from '../errors/hawser-error.ts';
import type { Notification } from './to-notification.ts';

/** Takes notifications; never throws and never makes the caller wait. */
export interface Notifier {
  send(notification: Notification): void;
  /** Sends what waits, once each and for a few seconds at most, and ignores whatever comes afterwards. */
  stop(): Promise<void>;
}

/** What became of a notification. `duplicate`: notification-controller knows it, which is fine. */
export type NotifierEvent =
  | { readonly result: 'sent' | 'duplicate' }
  | { readonly result: 'refused' | 'dropped'; readonly problem: string; readonly notification: Notification };

interface NotifierOptions {
  /** Such as `http://notification-controller.flux-system.svc.cluster.local./`. */
  readonly url: string;
  readonly observe?: (event: NotifierEvent) => void;
  /** Notifications that may wait; beyond it the oldest is dropped. */
  readonly mostWaiting?: number;
  /** Milliseconds before the first retry; doubled for each further one. */
  readonly firstRetryMs?: number;
}

const MOST_WAITING = 1_000;
const TIMEOUT_MS = 5_000;
const MOST_ATTEMPTS = 5;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const STOP_MS = 5_000;

export function createNotifier(options: NotifierOptions): Notifier {
  const { url, observe = () => {}, mostWaiting = MOST_WAITING, firstRetryMs = FIRST_RETRY_MS } = options;
  const agent = new Agent({ allowH2: false, connect: { timeout: TIMEOUT_MS } });
  const waiting: Notification[] = [];
  const stopping = new AbortController();
  const outOfTime = new AbortController();
  let isStopped = false;
  let running: Promise<void> | undefined;

  const post = (notification: Notification) => attempt({ url, agent, signal: outOfTime.signal }, notification);
  const deliver = async (notification: Notification) => {
    for (let count = 1; ; count++) {
      const answer = await post(notification);
      if (!('retry' in answer)) return observe(answer);
      if (count === MOST_ATTEMPTS || isStopped) {
        return observe({ result: 'dropped', problem: answer.retry, notification });
      }
      const pauseMs = Math.min(firstRetryMs * 2 ** (count - 1), LONGEST_RETRY_MS);
      // A stop ends the pause: there is one more attempt, and no further one.
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const run = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await deliver(next);
    running = undefined;
  };
  return {
    send(notification) {
      if (isStopped) return;
      waiting.push(notification);
      const oldest = waiting.length > mostWaiting ? waiting.shift() : undefined;
      if (oldest) observe({ result: 'dropped', problem: 'too many are waiting', notification: oldest });
      running ??= run();
    },
    async stop() {
      isStopped = true;
      stopping.abort();
      const deadline = setTimeout(() => outOfTime.abort(), STOP_MS);
      await running;
      clearTimeout(deadline);
      await agent.destroy();
    },
  };
}

type Answer = NotifierEvent | { readonly retry: string };

/** As Flux's client: no connection and 5xx are tried again, 429 means that it was sent before, other refusals are final. */
async function attempt(
  { url, agent, signal }: { url: string; agent: Agent; signal: AbortSignal },
  notification: Notification,
): Promise<Answer> {
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(notification),
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await body.dump();
    if (statusCode === 429) return { result: 'duplicate' };
    if (statusCode >= 500 && statusCode !== 501) return { retry: `it answered ${statusCode}` };
    if (statusCode < 300) return { result: 'sent' };
    return { result: 'refused', problem: `it answered ${statusCode}`, notification };
  } catch (error) {
    return { retry: messageOf(error) };
  }
}
