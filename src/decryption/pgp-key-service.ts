import type { Key, PrivateKey } from 'openpgp';
import { type DecryptionKeys, invalidKey, type KeyPlace, type PgpKeyText } from './decryption-keys.ts';
import type { KeyService } from './key-service.ts';

const BLOCK = /-----BEGIN PGP (PRIVATE|PUBLIC) KEY BLOCK-----[\s\S]*?-----END PGP \1 KEY BLOCK-----/g;

/** Opens data keys that were encrypted for PGP keys. The keys are parsed once, when the first document asks for one. */
export function createPgpKeyService({ pgpKeys, secretName }: DecryptionKeys): KeyService {
  let loading: Promise<PrivateKey[]> | undefined;

  return {
    name: 'PGP',
    canUnwrap: ({ kind }) => kind === 'pgp' && pgpKeys.length > 0,
    async unwrap({ wrapped }) {
      loading ??= loadKeys(pgpKeys, secretName);
      const decryptionKeys = await loading;
      const { decrypt, readMessage } = await import('openpgp');
      const message = await readMessage({ armoredMessage: wrapped });
      const { data } = await decrypt({ message, decryptionKeys, format: 'binary' });
      return data;
    },
  };
}

async function loadKeys(texts: readonly PgpKeyText[], secretName: string): Promise<PrivateKey[]> {
  const keys: PrivateKey[] = [];
  for (const { entry, text } of texts) keys.push(...(await parseKeys(text.reveal(), { entry, secretName })));
  return keys;
}

/** The private keys of one entry; public keys beside them, as `gpg --export` leaves them, do no harm. */
async function parseKeys(text: string, place: KeyPlace): Promise<PrivateKey[]> {
  const found = await tryReadKeys(text);
  if (!found) throw invalidKey(place, 'it is not an exported PGP key (gpg --export-secret-keys --armor)');
  const keys = found.filter((key) => key.isPrivate());
  if (keys.some((key) => !key.isDecrypted())) {
    throw invalidKey(place, 'the key is protected by a passphrase: export it without one');
  }
  return keys;
}

async function tryReadKeys(text: string): Promise<Key[] | undefined> {
  const { readKeys } = await import('openpgp');
  try {
    const armored = text.match(BLOCK);
    if (!armored) return await readKeys({ binaryKeys: Buffer.from(text, 'latin1') });
    return (await Promise.all(armored.map((armoredKeys) => readKeys({ armoredKeys })))).flat();
  } catch {
    // The library's message may quote what it read.
    return undefined;
  }
}
