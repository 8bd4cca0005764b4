import type { KeyObject } from 'node:crypto';
import type { WrappedKey } from './key-service.ts';
import type { SopsPath, SopsValue } from './sops-value.ts';

/** A decrypted file: as text in the format that it came in, and as documents to write it in another. */
export interface DecryptedFile {
  readonly text: string;
  readonly documents: readonly unknown[];
  /** What the one field of a binary file held; its bytes need not be text. */
  readonly data?: Buffer | undefined;
}

/** What the formats need to decrypt. */
export interface FileDecryption {
  /** Opens the data key of the metadata's copies. */
  readonly unwrap: (keys: readonly WrappedKey[]) => Promise<KeyObject>;
  /** Told of every decrypted value. */
  readonly observe: (value: SopsValue) => void;
}

/** Decrypted values by the text that stood for them, and where: a text is unique, its nonce is random. */
export type FoundValues = ReadonlyMap<string, { readonly value: SopsValue; readonly path: SopsPath }>;
