import type { Secret } from '../errors/secret.ts';
import type { Provider } from '../model/push.ts';
import { bitbucket } from './bitbucket.ts';
import { generic } from './generic.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { verifyHubSignature } from './verify-secret.ts';
import type { ParsedDelivery, RawDelivery } from './webhook-provider.ts';

/** How the calls of one type of Receiver prove themselves, and what can be read from them. */
export interface ReceiverType {
  readonly provider: Provider;
  /** Where the event is named; absent if calls name none. */
  readonly eventHeader?: string;
  /** Headers of which the first that is there tells one delivery from another. */
  readonly idHeaders: readonly string[];
  /** Throws WEBHOOK_SIGNATURE_MISSING or WEBHOOK_SIGNATURE_INVALID. */
  verify(delivery: RawDelivery, token: Secret): void;
  /** Reads a verified call as the provider's delivery. Throws WEBHOOK_BODY_INVALID if it is none, which forbids nothing. */
  parse(delivery: RawDelivery): ParsedDelivery;
}

/** The types that concern Git. Whoever calls a `generic` one has proved himself by the path, which nobody can guess. */
export const RECEIVER_TYPES: Readonly<Record<string, ReceiverType>> = {
  generic: {
    provider: 'generic',
    idHeaders: ['x-hawser-delivery'],
    verify: () => undefined,
    parse: generic.parse,
  },
  'generic-hmac': {
    provider: 'generic',
    idHeaders: ['x-hawser-delivery'],
    verify: (delivery, token) => verifyHubSignature(delivery, token, ['X-Signature']),
    parse: generic.parse,
  },
  github: {
    provider: 'github',
    eventHeader: 'x-github-event',
    idHeaders: ['x-github-delivery'],
    verify: (delivery, token) => verifyHubSignature(delivery, token, ['X-Hub-Signature-256', 'X-Hub-Signature']),
    parse: github.parse,
  },
  gitlab: {
    provider: 'gitlab',
    eventHeader: 'x-gitlab-event',
    idHeaders: ['webhook-id', 'idempotency-key', 'x-gitlab-webhook-uuid'],
    verify: (delivery, token) => gitlab.verify(delivery, [token]),
    parse: gitlab.parse,
  },
  bitbucket: {
    provider: 'bitbucket',
    eventHeader: 'x-event-key',
    idHeaders: ['x-request-uuid', 'x-request-id'],
    verify: (delivery, token) => verifyHubSignature(delivery, token, ['X-Hub-Signature-256', 'X-Hub-Signature']),
    parse: bitbucket.parse,
  },
};
