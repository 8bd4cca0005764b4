import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Push } from '../model/push.ts';

const PushSchema = z.object({
  provider: z.enum(['github', 'gitlab']),
  repositoryUrls: z.array(z.string()),
  repository: z.string(),
  ref: z.string(),
  before: z.string(),
  after: z.string(),
}) satisfies z.ZodType<Push>;

/** One verified webhook delivery, as it lies in its queue: what it says, and no secret. */
export const Delivery = z.object({
  /** `<provider>-<sha256>`, see `computeDeliveryId`. */
  id: z.string(),
  push: PushSchema,
  /** Milliseconds since the epoch. */
  receivedAt: z.number(),
  /** True for an id that was delivered before: it asks again, and explains nothing. */
  redelivered: z.boolean().optional(),
});
export interface Delivery {
  readonly id: string;
  readonly push: Push;
  readonly receivedAt: number;
  readonly redelivered?: boolean | undefined;
}

/** The id of a delivery, the same for each redelivery; BullMQ takes neither colons nor bare numbers. */
export function computeDeliveryId(delivery: {
  readonly provider: Push['provider'];
  /** The route that took it. */
  readonly route: string;
  /** The hook's own id, where the provider sends one. */
  readonly hookId?: string;
  /** The provider's id of the delivery. */
  readonly deliveryId: string;
}): string {
  const parts = JSON.stringify([delivery.route, delivery.hookId ?? '', delivery.deliveryId]);
  return `${delivery.provider}-${createHash('sha256').update(parts).digest('hex')}`;
}
