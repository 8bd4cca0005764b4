/**
 * What every provider's file has in common: it proves that a delivery is authentic, then reads which refs moved.
 * The answer to the delivery, its storage and the search for sources are left to http, queue and match-push.ts.
 */
import type { Secret } from '../errors/secret.ts';
import type { Provider, Push } from '../model/push.ts';

/** Header names in lower case, as Node gives them; a header that came several times is not looked at. */
export type DeliveryHeaders = Readonly<Record<string, string | undefined>>;

/** One webhook call as it came; nothing in it is proved. */
export interface RawDelivery {
  readonly raw: Buffer;
  readonly headers: DeliveryHeaders;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

/** By what the provider tells its deliveries apart. */
export interface DeliveryIds {
  /** The provider's id of the delivery, the same for a redelivery. */
  readonly deliveryId: string;
  /** The provider's id of the webhook; empty if it sends none. */
  readonly hookId: string;
}

/** What an authentic delivery says: refs that moved, each at most once, or nothing that is of use here. */
export type ParsedDelivery =
  | (DeliveryIds & { readonly kind: 'pushes'; readonly pushes: readonly Push[]; readonly reason?: string })
  | (DeliveryIds & { readonly kind: 'ignored'; readonly reason: string });

/** One way to receive deliveries of one provider. */
export interface WebhookProvider {
  readonly name: Provider;
  /**
   * Proves, in constant time, that the sender knows one of the secrets (several while they rotate), and reads nothing
   * of the content. Throws WEBHOOK_SIGNATURE_MISSING or WEBHOOK_SIGNATURE_INVALID.
   */
  verify(delivery: RawDelivery, secrets: readonly Secret[]): void;
  /** Reads a delivery that was verified. Throws WEBHOOK_BODY_INVALID naming the header or field. */
  parse(delivery: RawDelivery): ParsedDelivery;
}
