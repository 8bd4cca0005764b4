/**
 * The receiving edge for GitHub: what a delivery must prove before its content is looked at. Works on the raw bytes
 * as they came; parsing is left to parse-github-delivery.ts, which runs only after this.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';

/** Header names in lower case, as Node gives them; a header that came several times is not looked at. */
export type DeliveryHeaders = Readonly<Record<string, string | undefined>>;

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * Proves that the sender knows one of the secrets (several while they are rotated), in constant time.
 * Throws WEBHOOK_SIGNATURE_MISSING or WEBHOOK_SIGNATURE_INVALID.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function verifyGitHubDelivery(
  raw: Buffer,
  headers: DeliveryHeaders,
  secrets: readonly Secret[],
): Promise<void> {
  const header = headers['x-hub-signature-256'];
  if (!header) {
    throw new HawserError(
      'WEBHOOK_SIGNATURE_MISSING',
      'the delivery has no X-Hub-Signature-256 header: set a secret in the webhook’s settings',
    );
  }
  const given = Buffer.from(SIGNATURE.exec(header)?.[1] ?? '', 'hex');
  let authentic = false;
  for (const secret of secrets) authentic = isSignedWith(secret, raw, given) || authentic;
  if (!authentic) {
    throw new HawserError(
      'WEBHOOK_SIGNATURE_INVALID',
      'the signature in X-Hub-Signature-256 matches no configured secret: use the same secret in the webhook’s settings and in Hawser',
    );
  }
}

/** An empty secret signs nothing: anybody could know it. */
function isSignedWith(secret: Secret, raw: Buffer, given: Buffer): boolean {
  const key = secret.reveal();
  if (key === '') return false;
  const expected = createHmac('sha256', key).update(raw).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}
