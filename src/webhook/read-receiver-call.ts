import { randomUUID } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { Push } from '../model/push.ts';
import { invalid } from './read-payload.ts';
import type { ReceiverType } from './receiver-types.ts';
import type { DeliveryIds, RawDelivery } from './webhook-provider.ts';

/** What must be known of a Receiver to take its calls. */
export interface ReceiverEndpoint {
  readonly receiver: { readonly namespace: string; readonly name: string };
  readonly type: ReceiverType;
  readonly token: Secret;
  /** The events to heed; all if empty. */
  readonly events: readonly string[];
  readonly suspended: boolean;
  /** Whether an expression will look at the body. */
  readonly hasFilter: boolean;
}

/** What a verified call says, or why nothing follows from it. */
export type ReadCall =
  | (DeliveryIds & {
      readonly kind: 'call';
      readonly event?: string;
      /** The refs that moved, if it is a push in the provider's form. */
      readonly pushes: readonly Push[];
      /** The JSON of the body, where an expression will look at it. */
      readonly body?: string;
    })
  | (DeliveryIds & { readonly kind: 'ignored'; readonly reason: string });

/** Of a body that an expression looks at; the bound of Flux for every body. */
const LARGEST_FILTERED_BYTES = 3 * 1_024 * 1_024;
const LONGEST_EVENT = 64;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/**
 * Reads a verified call. A body that is no delivery of the provider is a call all the same, as in Flux, which never looks
 * at it. Throws WEBHOOK_BODY_INVALID or HTTP_BODY_TOO_LARGE for one that a filter cannot be asked about.
 */
export function readReceiverCall(endpoint: ReceiverEndpoint, delivery: RawDelivery): ReadCall {
  const { type, hasFilter } = endpoint;
  const parsed = parsePushes(type, delivery);
  const ids = { deliveryId: findId(type, delivery), hookId: parsed.hookId };
  const event = type.eventHeader && delivery.headers[type.eventHeader]?.slice(0, LONGEST_EVENT);
  const reason = whyIgnored(endpoint, event);
  if (reason !== undefined) return { ...ids, kind: 'ignored', reason };
  const body = hasFilter ? readFilteredBody(delivery) : undefined;
  return {
    ...ids,
    kind: 'call',
    pushes: parsed.pushes,
    ...(event ? { event } : {}),
    ...(body === undefined ? {} : { body }),
  };
}

function whyIgnored({ type, events, suspended }: ReceiverEndpoint, event: string | undefined): string | undefined {
  if (suspended) return 'the Receiver is suspended';
  if (type.eventHeader === undefined || isHeeded(events, event)) return undefined;
  return `the event ${printable(event)} is not one of the Receiver’s spec.events`;
}

/** Capitals do not matter, and an empty list names all events. */
function isHeeded(events: readonly string[], event: string | undefined): boolean {
  const name = (event ?? '').toLowerCase();
  return events.length === 0 || events.some((heeded) => heeded.toLowerCase() === name);
}

function printable(event = ''): string {
  return event.replace(/[^\w:. -]/g, '?') || 'without a name';
}

function parsePushes(type: ReceiverType, delivery: RawDelivery): { pushes: readonly Push[]; hookId: string } {
  try {
    const parsed = type.parse(delivery);
    return { pushes: parsed.kind === 'pushes' ? parsed.pushes : [], hookId: parsed.hookId };
  } catch (error) {
    if (error instanceof HawserError && error.code === 'WEBHOOK_BODY_INVALID') return { pushes: [], hookId: '' };
    throw error;
  }
}

/** Without an id every call is one of its own: the same body sent twice asks twice. */
function findId(type: ReceiverType, { headers }: RawDelivery): string {
  for (const name of type.idHeaders) if (headers[name]) return headers[name];
  return randomUUID();
}

/** Like Flux, an expression sees an empty object where the body is not said to be JSON. */
function readFilteredBody({ raw, headers }: RawDelivery): string | undefined {
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) return undefined;
  if (raw.length > LARGEST_FILTERED_BYTES) throw tooLarge();
  const text = raw.toString('utf8');
  if (!isJsonObject(text)) throw invalid('body', 'must be a JSON object, which the Receiver’s filter looks at');
  return text;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function tooLarge(): HawserError {
  const message = `the body is larger than ${LARGEST_FILTERED_BYTES} bytes, the limit for a Receiver with a filter`;
  return new HawserError('HTTP_BODY_TOO_LARGE', message);
}
