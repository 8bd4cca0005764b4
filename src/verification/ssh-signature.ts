import { createHash, verify } from 'node:crypto';
import { parseSshKey, type SshKey } from './ssh-key.ts';
import { encodeString, WireReader } from './wire-reader.ts';

/** A signature in OpenSSH's format (PROTOCOL.sshsig). */
export interface SshSignature {
  /** The public key's bytes, as the signature names it: compared with those that are trusted. */
  readonly keyBlob: Buffer;
  readonly key: SshKey;
  readonly hash: 'sha256' | 'sha512';
  readonly reserved: Buffer;
  readonly type: string;
  readonly value: Buffer;
  /** Of a security key: whether a person was there, and its counter. */
  readonly device: Buffer | undefined;
}

const MAGIC = 'SSHSIG';
/** What git signs for; a signature that was made for another purpose is none. */
const NAMESPACE = 'git';
const ARMOR = /^-----BEGIN SSH SIGNATURE-----\s([A-Za-z0-9+/=\s]+)-----END SSH SIGNATURE-----\s*$/;
const USER_PRESENT = 1;

/** Digest by type of signature, and the types of keys that make it; undefined: the algorithm has its own. */
const ALGORITHMS: Readonly<Record<string, { readonly key: string; readonly digest: string | undefined }>> = {
  'ssh-ed25519': { key: 'ssh-ed25519', digest: undefined },
  'rsa-sha2-256': { key: 'ssh-rsa', digest: 'sha256' },
  'rsa-sha2-512': { key: 'ssh-rsa', digest: 'sha512' },
  'ecdsa-sha2-nistp256': { key: 'ecdsa-sha2-nistp256', digest: 'sha256' },
  'ecdsa-sha2-nistp384': { key: 'ecdsa-sha2-nistp384', digest: 'sha384' },
  'ecdsa-sha2-nistp521': { key: 'ecdsa-sha2-nistp521', digest: 'sha512' },
  'sk-ssh-ed25519@openssh.com': { key: 'sk-ssh-ed25519@openssh.com', digest: undefined },
  'sk-ecdsa-sha2-nistp256@openssh.com': { key: 'sk-ecdsa-sha2-nistp256@openssh.com', digest: 'sha256' },
};
const COORDINATE_BYTES: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 66 };

/** Whether a signature is one of SSH's. */
export function isSshSignature(armored: string): boolean {
  return armored.startsWith('-----BEGIN SSH SIGNATURE-----');
}

/** Reads an armored signature; throws for one that is malformed, made for another purpose, or of an unknown kind. */
export function parseSshSignature(armored: string): SshSignature {
  const reader = new WireReader(Buffer.from(ARMOR.exec(armored)?.[1] ?? '', 'base64'));
  if (reader.take(MAGIC.length).toString('latin1') !== MAGIC || reader.uint32() !== 1) {
    throw new RangeError('it is no SSH signature of version 1');
  }
  const keyBlob = reader.string();
  const namespace = reader.text();
  if (namespace !== NAMESPACE) throw new RangeError('it was not made for git');
  const reserved = reader.string();
  const hash = reader.text();
  if (hash !== 'sha256' && hash !== 'sha512') throw new RangeError('its hash algorithm is not supported');
  const signature = new WireReader(reader.string());
  reader.end();
  const key = parseSshKey(keyBlob);
  const type = signature.text();
  const value = signature.string();
  const device = key.application && signature.take(5);
  signature.end();
  if (!Object.hasOwn(ALGORITHMS, type) || ALGORITHMS[type]?.key !== key.type) {
    throw new RangeError('its algorithm does not fit its key');
  }
  return { keyBlob, key, hash, reserved, type, value, device };
}

/** Whether the key of a signature made it over these bytes. That the key is trusted is for the caller to know. */
export function isMadeOver(payload: Buffer, signature: SshSignature): boolean {
  const { key, hash, reserved, type, value, device } = signature;
  const digest = ALGORITHMS[type]?.digest;
  const message = Buffer.concat([
    Buffer.from(MAGIC),
    encodeString(NAMESPACE),
    encodeString(reserved),
    encodeString(hash),
    encodeString(createHash(hash).update(payload).digest()),
  ]);
  const signed = device ? toDeviceMessage(message, { application: key.application, device }) : message;
  if (!signed) return false;
  if (!type.includes('ecdsa')) return verify(digest, signed, key.key, value);
  const point = toPoint(value, COORDINATE_BYTES[digest ?? ''] ?? 0);
  return point !== undefined && verify(digest, signed, { key: key.key, dsaEncoding: 'ieee-p1363' }, point);
}

/** What a security key signs; undefined if it signed without anybody touching it. */
function toDeviceMessage(
  message: Buffer,
  { application, device }: { application: Buffer | undefined; device: Buffer },
): Buffer | undefined {
  if (((device[0] ?? 0) & USER_PRESENT) === 0 || !application) return undefined;
  const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
  return Buffer.concat([hashOf(application), device, hashOf(message)]);
}

/** Two numbers of SSH's as the curve's fixed-size ones; undefined if they do not fit. */
function toPoint(value: Buffer, size: number): Buffer | undefined {
  const reader = new WireReader(value);
  const numbers = [reader.string(), reader.string()].map((number) => (number[0] === 0 ? number.subarray(1) : number));
  reader.end();
  if (numbers.some(({ length }) => length > size)) return undefined;
  return Buffer.concat(numbers.map((number) => Buffer.concat([Buffer.alloc(size - number.length), number])));
}
