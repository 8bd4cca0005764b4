import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the service account keys and the token file into a control plane's folder, once, and returns the admin's token. */
export function writeCredentials(dir: string): string {
  const tokens = join(dir, 'tokens.csv');
  if (!existsSync(tokens)) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(join(dir, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(tokens, `${randomBytes(24).toString('hex')},admin,admin,system:masters\n`, { mode: 0o600 });
  }
  return readFileSync(tokens, 'utf8').split(',', 1)[0] ?? '';
}

interface KubeconfigOptions {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
  readonly file: string;
}

/** Writes a kubeconfig with one cluster, one user and one context. JSON, because JSON is YAML. */
export function writeKubeconfig({ url, ca, token, file }: KubeconfigOptions): void {
  const name = 'hawser-test';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 });
}
