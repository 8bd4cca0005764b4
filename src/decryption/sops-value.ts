import { createDecipheriv, type KeyObject } from 'node:crypto';
import { DecryptionProblem } from './decryption-problem.ts';

/** What SOPS says that a value was before it was encrypted. */
export type SopsType = 'str' | 'int' | 'float' | 'bool' | 'bytes' | 'time' | 'comment';

/** A decrypted value: its bytes as text, and what they stand for. */
export interface SopsValue {
  readonly type: SopsType;
  readonly text: string;
  readonly bytes: Buffer;
}

/** With this every encrypted value begins, in all formats. */
export const ENCRYPTED_PREFIX = 'ENC[AES256_GCM,';

const ENCRYPTED = /^ENC\[AES256_GCM,data:([^,]+),iv:([^,]+),tag:([^,]+),type:([a-z]+)\]$/;
const TYPES: ReadonlySet<string> = new Set(['str', 'int', 'float', 'bool', 'bytes', 'time', 'comment']);
const TAG_BYTES = 16;
const MOST_IV_BYTES = 128;

/** True for text that SOPS wrote in the place of a value. */
export function isEncryptedText(text: string): boolean {
  return text.startsWith(ENCRYPTED_PREFIX) && text.endsWith(']');
}

/** Names a place in a document; the positions in lists are not part of it, as SOPS has it. */
export type SopsPath = readonly string[];

/**
 * Decrypts one value. The path is authenticated with it, so a value that was moved, altered or cut fails; throws a
 * DecryptionProblem naming the path.
 */
export function decryptValue(text: string, dataKey: KeyObject, path: SopsPath): SopsValue {
  const value = tryDecryptValue(text, dataKey, path);
  if (value !== undefined) return value;
  throw new DecryptionProblem(
    `the encrypted value at ${path.join('.') || 'the top'} is damaged, or was written for another place or another data key`,
  );
}

/** As `decryptValue`; undefined where that throws. */
export function tryDecryptValue(text: string, dataKey: KeyObject, path: SopsPath): SopsValue | undefined {
  const [, data = '', iv = '', tag = '', type = ''] = ENCRYPTED.exec(text) ?? [];
  const nonce = Buffer.from(iv, 'base64');
  const mac = Buffer.from(tag, 'base64');
  if (!TYPES.has(type) || mac.length !== TAG_BYTES || nonce.length === 0 || nonce.length > MOST_IV_BYTES) {
    return undefined;
  }
  const bytes = open(dataKey, { nonce, mac, data: Buffer.from(data, 'base64'), path });
  return bytes && { type: type as SopsType, bytes, text: bytes.toString('utf8') };
}

interface Sealed {
  readonly nonce: Buffer;
  readonly mac: Buffer;
  readonly data: Buffer;
  readonly path: SopsPath;
}

function open(dataKey: KeyObject, { nonce, mac, data, path }: Sealed): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', dataKey, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(`${path.join(':')}:`));
  decipher.setAuthTag(mac);
  const opened = decipher.update(data);
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    // The only failure there is: the tag does not fit key, path and data.
    return undefined;
  }
}

/** The value as JSON has it; integers beyond 2^53 as BigInt. Throws a DecryptionProblem if it is not of its type. */
export function toPlainValue({ type, text, bytes }: SopsValue): string | number | bigint | boolean {
  switch (type) {
    case 'int':
      if (!/^[-+]?\d+$/.test(text)) throw new DecryptionProblem('a value of type int is not an integer');
      return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text.replace(/^\+/, ''));
    case 'float': {
      const number = Number(text);
      if (text.trim() === '' || !Number.isFinite(number)) {
        throw new DecryptionProblem('a value of type float is not a number that JSON has');
      }
      return number;
    }
    case 'bool':
      if (!/^(?:1|t|T|true|True|TRUE|0|f|F|false|False|FALSE)$/.test(text)) {
        throw new DecryptionProblem('a value of type bool is neither true nor false');
      }
      return /^[1tT]/.test(text);
    case 'bytes':
      return bytes.toString('utf8');
    case 'str':
    case 'time':
    case 'comment':
      return text;
  }
}
