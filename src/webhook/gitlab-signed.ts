import { HawserError } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import { parseGitLabDelivery } from './gitlab.ts';
import { isSigned, signatureInvalid, signatureMissing } from './verify-secret.ts';
import type { RawDelivery, WebhookProvider } from './webhook-provider.ts';

/** As Standard Webhooks recommends; a clock that is further off refuses every delivery, and the message says so. */
const TOLERANCE_MS = 5 * 60_000;
const PREFIX = 'whsec_';
const TIMESTAMP = /^\d{1,12}$/;
const SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;
const MOST_SIGNATURES = 16;

/**
 * GitLab's webhooks with a signing token (GitLab 19.0 and later), in the form of Standard Webhooks: id, time and body are
 * signed. The secret token is not looked at then, or leaving the signature out would be enough.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const gitlabSigned: WebhookProvider = {
  name: 'gitlab',
  verify: verifyStandardWebhook,
  parse: parseGitLabDelivery,
};

function verifyStandardWebhook({ raw, headers, receivedAt }: RawDelivery, secrets: readonly Secret[]): void {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !timestamp || !signatures) {
    throw signatureMissing(
      'no webhook-id, webhook-timestamp and webhook-signature headers: set a signing token in the webhook’s settings',
    );
  }
  const parts = [`${id}.${timestamp}.`, raw];
  const keys = secrets.map(toKey);
  const authentic = signatures
    .split(' ', MOST_SIGNATURES)
    .some((text) => isSigned({ parts, signature: Buffer.from(SIGNATURE.exec(text)?.[1] ?? '', 'base64') }, keys));
  if (!authentic) throw signatureInvalid('the signature in webhook-signature');
  const awayMs = TIMESTAMP.test(timestamp)
    ? Math.abs(receivedAt - Number(timestamp) * 1_000)
    : Number.POSITIVE_INFINITY;
  if (awayMs <= TOLERANCE_MS) return;
  throw new HawserError(
    'WEBHOOK_SIGNATURE_INVALID',
    'the delivery was signed more than 5 minutes before or after the time here: it is an old one, or a clock is wrong',
  );
}

function toKey(secret: Secret): Buffer {
  const token = secret.reveal();
  return Buffer.from(token.startsWith(PREFIX) ? token.slice(PREFIX.length) : '', 'base64');
}
