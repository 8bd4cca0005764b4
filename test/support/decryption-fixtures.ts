import { readFileSync } from 'node:fs';
import { createDecryptor, type Decryptor } from '../../src/decryption/create-decryptor.ts';
import { readDecryptionKeys } from '../../src/decryption/decryption-keys.ts';

const FOLDER = new URL('../fixtures/decryption/', import.meta.url);

/** The bytes of a file that the real SOPS has written, or of a key. */
export function readDecryptionFixture(name: string): Buffer {
  return readFileSync(new URL(name, FOLDER));
}

/** The age recipient that a key file names. */
export function readRecipient(name: string): string {
  const recipient = /public key: (\S+)/.exec(readDecryptionFixture(name).toString())?.[1];
  if (recipient === undefined) throw new Error(`${name} names no recipient`);
  return recipient;
}

/** A decryptor with the keys of these files, as the Secret `sops-keys` would hold them. */
export function openWith(...names: readonly string[]): Decryptor {
  const data = Object.fromEntries(names.map((name) => [name, readDecryptionFixture(name).toString('base64')]));
  return createDecryptor(readDecryptionKeys(data, 'sops-keys'));
}
