import { HawserError } from '../errors/hawser-error.ts';
import type { Provider, Push } from '../model/push.ts';
import { toDeliveryId } from '../webhook/delivery-id.ts';
import type { ParsedDelivery } from '../webhook/webhook-provider.ts';

/** A verified push, as it is handed to the delivery queue. */
export interface ReceivedDelivery {
  readonly id: string;
  readonly push: Push;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** What accepting a delivery needs of the rest of Hawser. */
export interface DeliveryAcceptance {
  /** Persists the delivery before it resolves. */
  addDelivery(delivery: ReceivedDelivery): Promise<{ readonly pushId: string; readonly redelivered: boolean }>;
  /** Why, as far as is known now, no source will follow the push; the answer carries it. */
  whyUninteresting?(push: Push): string | undefined;
  /** Where people reach this listener, without a slash at the end; pushes are linked relative to it. */
  readonly externalUrl?: string | undefined;
}

/** What a delivery is answered with. */
export interface DeliveryAnswer {
  readonly id: string;
  readonly status: 'accepted' | 'ignored';
  /** Where to see what becomes of the push. */
  readonly push?: string;
  /** Instead of `push`, if several refs moved. */
  readonly pushes?: readonly { readonly ref: string; readonly push: string }[];
  readonly reason?: string;
}

interface VerifiedDelivery {
  readonly parsed: ParsedDelivery;
  readonly provider: Provider;
  readonly route: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/**
 * Stores every push of a delivery, even one that nobody seems to follow: only the delivery's job knows for sure.
 * Throws DELIVERY_NOT_STORED if one of them could not be; a redelivery then asks again for all.
 */
export async function acceptDelivery(
  { parsed, provider, route, receivedAt }: VerifiedDelivery,
  options: DeliveryAcceptance & { readonly storeTimeoutMs: number },
): Promise<DeliveryAnswer> {
  const origin = { provider, route, hookId: parsed.hookId, deliveryId: parsed.deliveryId };
  const id = toDeliveryId(origin);
  if (parsed.kind === 'ignored') return { id, status: 'ignored', reason: parsed.reason };
  const several = parsed.pushes.length > 1;
  const storing = parsed.pushes.map(async (push) => {
    const pushOrigin = several ? { ...origin, ref: push.ref } : origin;
    const { pushId } = await options.addDelivery({ id: toDeliveryId(pushOrigin), push, receivedAt });
    return { ref: push.ref, push: `${options.externalUrl ?? ''}/pushes/${encodeURIComponent(pushId)}` };
  });
  const stored = await withinTime(Promise.all(storing), options.storeTimeoutMs);
  const reason = parsed.reason ?? whyUninteresting(parsed.pushes, options);
  return {
    id,
    status: 'accepted',
    ...(several ? { pushes: stored } : { push: stored[0]?.push ?? '' }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Of one push only: each of several has its own reason, in its record. */
function whyUninteresting(pushes: readonly Push[], options: DeliveryAcceptance): string | undefined {
  const [push, another] = pushes;
  return push && !another ? options.whyUninteresting?.(push) : undefined;
}

/** Waits for something to be stored; throws DELIVERY_NOT_STORED if it fails or takes longer than the milliseconds. */
export async function withinTime<T>(storing: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not stored within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([storing, timeout]);
  } catch (error) {
    throw notStored(error);
  } finally {
    clearTimeout(timer);
  }
}

function notStored(cause: unknown): HawserError {
  const message =
    'the delivery is authentic but could not be stored (Redis does not answer): redeliver it later, or wait until polling finds the push';
  return new HawserError('DELIVERY_NOT_STORED', message, { cause });
}
