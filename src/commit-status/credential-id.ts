import { createHash } from 'node:crypto';
import type { Secret } from '../errors/secret.ts';

/** Names a credential in Redis keys (its rate-limit bucket) without telling anything about it. */
export function toCredentialId(credential: Secret): string {
  return createHash('sha256')
    .update('hawser commit status credential\0')
    .update(credential.reveal())
    .digest('hex')
    .slice(0, 16);
}
