import { createHash } from 'node:crypto';
import type { Push } from '../model/push.ts';

interface DeliveryOrigin {
  readonly provider: Push['provider'];
  /** The path that the delivery was sent to. */
  readonly route: string;
  /** The provider's id of the webhook; empty if it sends none. */
  readonly hookId: string;
  /** The provider's id of the delivery, the same for a redelivery. */
  readonly deliveryId: string;
  /** The ref, if the delivery tells of several: each is a push of its own. */
  readonly ref?: string | undefined;
}

/**
 * Hawser's own id of a delivery: the same for a redelivery, never the same for two webhooks or refs, and of a form that
 * is safe in keys and URLs whatever a header held.
 */
export function toDeliveryId({ provider, route, hookId, deliveryId, ref }: DeliveryOrigin): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([route, hookId, deliveryId, ...(ref === undefined ? [] : [ref])]))
    .digest('hex');
  return `${provider}-${digest}`;
}
