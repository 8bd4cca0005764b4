import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { WireReader } from './wire-reader.ts';

/** A public key as SSH writes it, ready to check signatures. */
export interface SshKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  /** `SHA256:<base64>`, as ssh-keygen shows it. */
  readonly fingerprint: string;
  readonly key: KeyObject;
  /** Of a key inside a security key: what its signatures are bound to. */
  readonly application: Buffer | undefined;
}

const CURVES: Readonly<Record<string, string>> = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' };
const LEAST_RSA_BITS = 2048;

type KeyReader = (reader: WireReader) => { key: KeyObject; application?: Buffer };

const READERS: Readonly<Record<string, KeyReader>> = {
  'ssh-ed25519': (reader) => ({ key: readEd25519(reader) }),
  'ssh-rsa': (reader) => ({ key: readRsa(reader) }),
  'ecdsa-sha2-nistp256': (reader) => ({ key: readEcdsa(reader, 'nistp256') }),
  'ecdsa-sha2-nistp384': (reader) => ({ key: readEcdsa(reader, 'nistp384') }),
  'ecdsa-sha2-nistp521': (reader) => ({ key: readEcdsa(reader, 'nistp521') }),
  'sk-ssh-ed25519@openssh.com': (reader) => ({ key: readEd25519(reader), application: reader.string() }),
  'sk-ecdsa-sha2-nistp256@openssh.com': (reader) => ({
    key: readEcdsa(reader, 'nistp256'),
    application: reader.string(),
  }),
};

/** Whether this is the name of a type of keys that can be read. */
export function isSshKeyType(name: string): boolean {
  return Object.hasOwn(READERS, name);
}

/** Reads a public key's bytes; throws for a malformed or weak key, or one of an unknown type. */
export function parseSshKey(blob: Buffer): SshKey {
  const reader = new WireReader(blob);
  const type = reader.text();
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (!read) throw new RangeError(`keys of the type ${JSON.stringify(type.slice(0, 64))} are not supported`);
  const { key, application } = read(reader);
  reader.end();
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  return { type, fingerprint, key, application };
}

function readEd25519(reader: WireReader): KeyObject {
  const x = reader.string().toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

function readRsa(reader: WireReader): KeyObject {
  const e = withoutLeadingZeros(reader.string()).toString('base64url');
  const modulus = withoutLeadingZeros(reader.string());
  if (modulus.length * 8 < LEAST_RSA_BITS) throw new RangeError(`an RSA key needs ${LEAST_RSA_BITS} bits`);
  return createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e }, format: 'jwk' });
}

function readEcdsa(reader: WireReader, curve: string): KeyObject {
  if (reader.text() !== curve) throw new RangeError('the curve does not fit the type of the key');
  const point = reader.string();
  const size = (point.length - 1) / 2;
  if (point[0] !== 4 || !Number.isInteger(size)) throw new RangeError('the point of the key is malformed');
  const x = point.subarray(1, 1 + size).toString('base64url');
  const y = point.subarray(1 + size).toString('base64url');
  return createPublicKey({ key: { kty: 'EC', crv: CURVES[curve] ?? '', x, y }, format: 'jwk' });
}

function withoutLeadingZeros(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  return bytes.subarray(Math.max(first, 0));
}
