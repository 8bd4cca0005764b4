import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GitCredentials } from '../../../src/credentials/git-credentials.ts';

export type Data = Readonly<Record<string, string>>;

export function encode(data: Data): Data {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}

/** Made by OpenSSH and OpenSSL, as people make them. */
function makeKeys() {
  const directory = mkdtempSync(join(tmpdir(), 'hawser-keys-'));
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: directory, stdio: 'pipe' });
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  try {
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'plain');
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', 'open sesame', '-f', 'locked');
    run('ssh-keygen', '-q', '-t', 'ecdsa', '-m', 'PEM', '-N', 'open sesame', '-f', 'locked-pem');
    run(
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      'tls.key',
      '-out',
      'tls.crt',
      '-subj',
      '/CN=x',
    );
    return {
      plain: read('plain'),
      locked: read('locked'),
      lockedPem: read('locked-pem'),
      certificate: read('tls.crt'),
      certificateKey: read('tls.key'),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const KEYS = makeKeys();
export const APP_KEY = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;
export const LOCKED_PKCS8 = generateKeyPairSync('ed25519', {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' },
}).privateKey;

export const BASIC = { username: 'octo', password: 'correct horse' };
export const SSH = { identity: KEYS.plain, known_hosts: 'git.example.com ssh-ed25519 AAAA' };
export const APP = { githubAppID: '12', githubAppInstallationID: '34', githubAppPrivateKey: APP_KEY };
export const TLS = { 'tls.crt': KEYS.certificate, 'tls.key': KEYS.certificateKey };
export const OWNER = { namespace: 'default', secretRef: { name: 'git' } };
export const REFUSED = "failed to configure authentication options: secret 'default/git':";
export const PROXY_REFUSED = "failed to configure proxy options: secret 'default/proxy':";
export const SSH_URL = 'ssh://git@git.example.com/app.git';
export function describe(found: GitCredentials | undefined): string {
  const { login, ca, clientCertificate, proxy } = found ?? {};
  const parts = [
    login?.kind === 'basic' && `${login.username}:${login.password.reveal()}`,
    login && 'token' in login && `${login.kind} ${login.token.reveal()}`,
    login?.kind === 'ssh' && `ssh key of ${login.identity.reveal().length} bytes`,
    login?.kind === 'ssh' && login.passphrase && `passphrase ${login.passphrase.reveal()}`,
    login?.kind === 'ssh' && `hosts ${login.knownHosts.trim()}`,
    ca && 'ca',
    clientCertificate && 'client certificate',
    proxy && `proxy ${proxy.url} ${proxy.username ?? ''}:${proxy.password?.reveal() ?? ''}`,
  ];
  return parts.filter((part) => typeof part === 'string').join(', ');
}
