import { z } from 'zod';
import { PROVIDERS, type Provider, type Push } from '../model/push.ts';

const PushSchema = z.object({
  provider: z.enum(PROVIDERS),
  repositoryUrls: z.array(z.string()),
  repository: z.string(),
  ref: z.string(),
  before: z.string(),
  after: z.string(),
}) satisfies z.ZodType<Push>;

const CallSchema = z.object({
  receiver: z.object({ namespace: z.string(), name: z.string() }),
  provider: z.enum(PROVIDERS),
  event: z.string().optional(),
  pushes: z.array(PushSchema),
  body: z.string().optional(),
}) satisfies z.ZodType<ReceiverCall>;

/** A verified call of a Receiver: whom it asks is read from the Receiver when the job runs. */
export interface ReceiverCall {
  readonly receiver: { readonly namespace: string; readonly name: string };
  readonly provider: Provider;
  readonly event?: string | undefined;
  /** The refs that moved, as far as the call tells of any. */
  readonly pushes: readonly Push[];
  /** The JSON of the body, only where the Receiver has a filter that looks at it. */
  readonly body?: string | undefined;
}

const common = {
  /** `<provider>-<sha256>`, as webhook/delivery-id.ts makes it; BullMQ takes neither colons nor bare numbers. */
  id: z.string(),
  /** Milliseconds since the epoch. */
  receivedAt: z.number(),
  /** True for an id that was delivered before: it asks again, and explains nothing. */
  redelivered: z.boolean().optional(),
};

/** One verified webhook delivery, as it lies in its queue: what it says, and no secret. */
export const Delivery = z.union([z.object({ ...common, push: PushSchema }), z.object({ ...common, call: CallSchema })]);

interface AnyDelivery {
  readonly id: string;
  readonly receivedAt: number;
  readonly redelivered?: boolean | undefined;
}

/** A provider's webhook told of a push; whom it concerns is found by its repository. */
export interface PushDelivery extends AnyDelivery {
  readonly push: Push;
}

/** A Receiver was called. */
export interface CallDelivery extends AnyDelivery {
  readonly call: ReceiverCall;
}

export type Delivery = PushDelivery | CallDelivery;
