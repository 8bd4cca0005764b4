import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Secret } from '../errors/secret.ts';
import type { SecretData } from './secret-data.ts';

/** Whom to trust beside the public authorities, and how to show who asks; PEM. */
export interface TlsCredentials {
  readonly ca?: string | undefined;
  readonly clientCertificate?: { readonly certificate: string; readonly key: Secret } | undefined;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads `ca.crt`, `tls.crt` and `tls.key`, or their older names `caFile`, `certFile` and `keyFile`. */
export function readTls(secret: SecretData): TlsCredentials {
  const ca = readCertificates(secret, secret.text('ca.crt') === undefined ? 'caFile' : 'ca.crt');
  const clientCertificate = readClientCertificate(secret);
  return { ...(ca !== undefined && { ca }), ...(clientCertificate && { clientCertificate }) };
}

function readClientCertificate(secret: SecretData): TlsCredentials['clientCertificate'] {
  const isOlder = !secret.has('tls.crt') && !secret.has('tls.key');
  const [certificateKey, keyKey] = isOlder ? ['certFile', 'keyFile'] : ['tls.crt', 'tls.key'];
  const certificate = readCertificates(secret, certificateKey);
  const key = secret.text(keyKey);
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined) throw secret.complain(`the key '${certificateKey}' is missing or empty`);
  if (key === undefined) throw secret.complain(`the key '${keyKey}' is missing or empty`);
  const remembered = new Secret(key);
  if (!isKeyOf(certificate, key)) {
    throw secret.complain(`'${keyKey}' is not the private key, in PEM without a passphrase, of '${certificateKey}'`);
  }
  return { certificate, key: remembered };
}

function readCertificates(secret: SecretData, key: string): string | undefined {
  const text = secret.text(key);
  if (text === undefined) return undefined;
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length > 0 && found.every(isCertificate)) return found.join('\n');
  throw secret.complain(`the value of '${key}' is no certificate in PEM`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function isKeyOf(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
