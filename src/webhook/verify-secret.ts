import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { RawDelivery } from './webhook-provider.ts';

const HEX_DIGEST = /^[0-9a-f]{64}$/;

/** What is checked against a signature. */
interface Signed {
  /** What was signed, one part after the other. */
  readonly parts: readonly (string | Buffer)[];
  readonly signature: Buffer;
}

/** True if one of the keys made this HMAC-SHA256; every key is tried. An empty key signs nothing: anybody knows it. */
export function isSigned({ parts, signature }: Signed, keys: readonly (string | Buffer)[]): boolean {
  let authentic = false;
  for (const key of keys) {
    if (key.length === 0) continue;
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    authentic = isSame(signature, hmac.digest()) || authentic;
  }
  return authentic;
}

/** True if the text is one of the secrets; every secret is tried, and lengths are not told by the time it takes. */
export function isOneOf(given: string, secrets: readonly Secret[]): boolean {
  const digest = toDigest(given);
  let authentic = false;
  for (const secret of secrets) {
    const expected = secret.reveal();
    authentic = (expected !== '' && timingSafeEqual(digest, toDigest(expected))) || authentic;
  }
  return authentic;
}

/** Checks a header such as X-Hub-Signature-256: `<prefix><HMAC-SHA256 of the body in hex>`. */
export function verifyHexSignature(
  { raw, headers }: Pick<RawDelivery, 'raw' | 'headers'>,
  secrets: readonly Secret[],
  { header, prefix }: { readonly header: string; readonly prefix: string },
): void {
  const given = headers[header.toLowerCase()];
  if (!given) throw signatureMissing(`no ${header} header: set a secret in the webhook’s settings`);
  const digest = given.startsWith(prefix) ? given.slice(prefix.length) : '';
  const signature = Buffer.from(HEX_DIGEST.test(digest) ? digest : '', 'hex');
  const keys = secrets.map((secret) => secret.reveal());
  if (!isSigned({ parts: [raw], signature }, keys)) throw signatureInvalid(`the signature in ${header}`);
}

const HUB_SIGNATURE = /^(sha1|sha256|sha512)=([0-9a-f]{40,128})$/i;

/**
 * Checks a header of the form `<hash>=<HMAC of the body in hex>`, with any of the hashes that Flux takes; of several headers
 * the first that is there.
 */
export function verifyHubSignature(
  { raw, headers }: Pick<RawDelivery, 'raw' | 'headers'>,
  secret: Secret,
  names: readonly string[],
): void {
  const header = names.find((name) => headers[name.toLowerCase()]);
  if (header === undefined) throw signatureMissing(`no ${names.join(' or ')} header: sign it with the token`);
  const [, hash = '', digest = ''] = HUB_SIGNATURE.exec(headers[header.toLowerCase()] ?? '') ?? [];
  const key = secret.reveal();
  const isAuthentic =
    hash !== '' &&
    key !== '' &&
    isSame(Buffer.from(digest, 'hex'), createHmac(hash.toLowerCase(), key).update(raw).digest());
  if (!isAuthentic) throw signatureInvalid(`the signature in ${header}`);
}

/** The delivery proves nothing; `what` ends the sentence "the delivery has …". */
export function signatureMissing(what: string): HawserError {
  return new HawserError('WEBHOOK_SIGNATURE_MISSING', `the delivery has ${what}`);
}

/** The delivery proves that its sender does not know the secret; `what` names the proof. */
export function signatureInvalid(what: string): HawserError {
  return new HawserError(
    'WEBHOOK_SIGNATURE_INVALID',
    `${what} matches no configured secret: use the same secret in the webhook’s settings and in Hawser`,
  );
}

function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function toDigest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
