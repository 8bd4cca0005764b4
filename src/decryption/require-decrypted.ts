import { HawserError } from '../errors/hawser-error.ts';
import { formatSubject, type KubeObject, refOf } from '../model/kube-object.ts';
import { isDecryptionDisabled } from './is-encrypted.ts';

/**
 * Throws DECRYPTION_REQUIRED, in Flux's words, for the first Secret that still is encrypted and does not opt out: applied
 * as it is, it would put ciphertext where programs expect their passwords.
 */
export function requireDecrypted(objects: readonly KubeObject[]): void {
  const secret = objects.find((object) => isEncryptedSecret(object) && !isDecryptionDisabled(object));
  if (!secret) return;
  throw new HawserError(
    'DECRYPTION_REQUIRED',
    `${formatSubject(refOf(secret))} is SOPS encrypted, configuring decryption is required for this secret to be reconciled`,
  );
}

function isEncryptedSecret(object: KubeObject): boolean {
  return object.apiVersion === 'v1' && object.kind === 'Secret' && object.sops !== undefined;
}
