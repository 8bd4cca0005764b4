import { Secret } from '../errors/secret.ts';
import type { SecretData } from './secret-data.ts';

/** An SSH key, and the keys of the hosts that it may be shown to. */
export interface SshLogin {
  readonly kind: 'ssh';
  /** A private key in PEM or OpenSSH's form, ending in a line feed. */
  readonly identity: Secret;
  readonly passphrase: Secret | undefined;
  /** Lines of a known_hosts file. */
  readonly knownHosts: string;
}

const FRAME = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----\s+([\s\S]+?)-----END \1-----/;
/** What OpenSSH's form begins with, and the length of the cipher's name that follows. */
const OPENSSH_MAGIC = 'openssh-key-v1\0';

/** Reads `identity`, `known_hosts` and, as its passphrase, `password`; `identity.pub` is not needed. */
export function readSshLogin(secret: SecretData): SshLogin {
  const identity = secret.text('identity');
  if (identity === undefined) throw secret.complain(`invalid 'ssh' auth option: 'identity' is required`);
  const text = `${identity.replaceAll('\r\n', '\n').trim()}\n`;
  const remembered = new Secret(text);
  const password = secret.line('password');
  const passphrase = password === undefined ? undefined : new Secret(password);
  const frame = FRAME.exec(text);
  if (!frame) throw secret.complain(`the value of 'identity' is no private key in PEM or OpenSSH's form`);
  if (passphrase === undefined && isEncrypted(frame[1] ?? '', frame[2] ?? '')) {
    throw secret.complain(`'identity' is encrypted: put its passphrase into the key 'password'`);
  }
  return { kind: 'ssh', identity: remembered, passphrase, knownHosts: readKnownHosts(secret) };
}

function readKnownHosts(secret: SecretData): string {
  const text = secret.text('known_hosts')?.replaceAll('\r\n', '\n').trim();
  if (text === undefined || text === '') {
    throw secret.complain(
      `invalid 'ssh' auth option: 'known_hosts' is required (the lines that ssh-keyscan prints, once compared with what the host publishes)`,
    );
  }
  return `${text}\n`;
}

function isEncrypted(label: string, body: string): boolean {
  if (label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: 4,ENCRYPTED/m.test(body)) return true;
  const bytes = Buffer.from(body, 'base64');
  if (label !== 'OPENSSH PRIVATE KEY' || bytes.toString('latin1', 0, OPENSSH_MAGIC.length) !== OPENSSH_MAGIC)
    return false;
  const start = OPENSSH_MAGIC.length + 4;
  return bytes.length >= start && bytes.toString('latin1', start, start + bytes.readUInt32BE(start - 4)) !== 'none';
}
