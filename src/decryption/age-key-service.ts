import { armor, Decrypter } from 'age-encryption';
import type { Secret } from '../errors/secret.ts';
import type { KeyService } from './key-service.ts';

/** Opens data keys that were encrypted for age recipients, X25519 and post-quantum. */
export function createAgeKeyService(identities: readonly Secret[]): KeyService {
  return {
    name: 'age',
    canUnwrap: ({ kind }) => kind === 'age' && identities.length > 0,
    unwrap({ wrapped }) {
      const decrypter = new Decrypter();
      for (const identity of identities) decrypter.addIdentity(identity.reveal());
      return decrypter.decrypt(armor.decode(wrapped));
    },
  };
}
