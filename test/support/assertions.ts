import { createPublicKey, createSign, createVerify, type JsonWebKey, type KeyObject } from 'node:crypto';

/** What a token of a service account claims. */
export interface AssertionClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  /** Seconds since the epoch. */
  readonly exp: number;
}

/** A token as a cluster issues it. */
export function makeAssertion(claims: AssertionClaims, key: KeyObject): string {
  const parts = [{ alg: 'RS256', typ: 'JWT' }, claims];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key).toString('base64url')}`;
}

/** What a token claims; undefined if none of the keys has signed it. */
export function readAssertion(assertion: string, keys: readonly JsonWebKey[]): AssertionClaims | undefined {
  const [head = '', claims = '', signature = ''] = assertion.split('.');
  const isSigned = keys.some((key) =>
    createVerify('RSA-SHA256')
      .update(`${head}.${claims}`)
      .verify(createPublicKey({ key, format: 'jwk' }), signature, 'base64url'),
  );
  return isSigned ? (JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as AssertionClaims) : undefined;
}
