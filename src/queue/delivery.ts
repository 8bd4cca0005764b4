import { z } from 'zod';
import { PROVIDERS, type Push } from '../model/push.ts';

const PushSchema = z.object({
  provider: z.enum(PROVIDERS),
  repositoryUrls: z.array(z.string()),
  repository: z.string(),
  ref: z.string(),
  before: z.string(),
  after: z.string(),
}) satisfies z.ZodType<Push>;

/** One verified webhook delivery, as it lies in its queue: what it says, and no secret. */
export const Delivery = z.object({
  /** `<provider>-<sha256>`, as webhook/delivery-id.ts makes it; BullMQ takes neither colons nor bare numbers. */
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
