import { createHash } from 'node:crypto';
import type { Secret } from '../errors/secret.ts';

/** Names a credential in Redis keys (its rate-limit bucket) without telling anything about it. */
export function toCredentialId(credential: Secret): string {
  return hash(credential.reveal());
}

/** Names a GitHub App's installation, whose limits stay while its tokens change. */
export function toInstallationId(appId: string, installation: string): string {
  return hash(`app\0${appId}\0${installation}`);
}

function hash(text: string): string {
  return createHash('sha256').update('hawser commit status credential\0').update(text).digest('hex').slice(0, 16);
}
