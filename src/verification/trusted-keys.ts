import type { Key } from 'openpgp';
import { HawserError } from '../errors/hawser-error.ts';
import { isSshKeyType, parseSshKey } from './ssh-key.ts';

/** Whose signatures count. */
export interface TrustedKeys {
  readonly pgp: readonly Key[];
  /** The bytes of public keys, in base64. */
  readonly ssh: ReadonlySet<string>;
}

const PGP_BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g;
const MOST_BYTES = 1024 * 1024;
const MOST_KEYS = 1_000;

/**
 * Reads the public keys of a Secret, still in base64: each entry holds PGP keys (armored or not) or, line by line, SSH
 * keys as in `authorized_keys`. Throws VERIFICATION_KEYS_INVALID naming the entry that holds none, or too many.
 */
export async function readTrustedKeys(data: Readonly<Record<string, string>>, title: string): Promise<TrustedKeys> {
  const pgp: Key[] = [];
  const ssh = new Set<string>();
  const complain = (problem: string) => new HawserError('VERIFICATION_KEYS_INVALID', `${title}: ${problem}`);
  for (const [entry, encoded] of Object.entries(data)) {
    const found = await readEntry(Buffer.from(encoded, 'base64'));
    if (typeof found === 'string') throw complain(`the entry '${entry}' ${found}`);
    pgp.push(...found.pgp);
    for (const key of found.ssh) ssh.add(key);
    if (pgp.length + ssh.size > MOST_KEYS) throw complain(`it holds more than ${MOST_KEYS} keys`);
  }
  if (pgp.length + ssh.size === 0) throw complain('it holds no public key: add one of PGP or SSH');
  return { pgp, ssh };
}

interface Entry {
  readonly pgp: readonly Key[];
  readonly ssh: readonly string[];
}

/** Keys, or what is wrong. */
async function readEntry(bytes: Buffer): Promise<Entry | string> {
  if (bytes.length > MOST_BYTES) return `is larger than ${MOST_BYTES} bytes`;
  const lines = listSshLines(bytes.toString('utf8'));
  if (!lines) return await readPgpKeys(bytes);
  const ssh = readSshKeys(lines);
  return typeof ssh === 'string' ? ssh : { pgp: [], ssh };
}

/** The lines that are no comments, if this looks like a file of SSH keys. */
function listSshLines(text: string): string[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const isSsh = lines.some((line) => line.split(/\s+/).some(isSshKeyType));
  return isSsh && !text.includes('-----BEGIN PGP') ? lines : undefined;
}

/** Keys, or what is wrong. Options before a key would narrow what it may sign: they are refused, not ignored. */
function readSshKeys(lines: readonly string[]): string[] | string {
  const keys: string[] = [];
  for (const [index, line] of lines.entries()) {
    const [type = '', base64 = ''] = line.split(/\s+/);
    if (!isSshKeyType(type)) {
      return `has a key (number ${index + 1}) with options before it, or of a type that is not supported: write '<type> <key> <comment>'`;
    }
    const problem = findSshProblem(type, base64);
    if (problem !== undefined) return `has a key (number ${index + 1}) that cannot be used: ${problem}`;
    keys.push(Buffer.from(base64, 'base64').toString('base64'));
  }
  return keys;
}

function findSshProblem(type: string, base64: string): string | undefined {
  try {
    const key = parseSshKey(Buffer.from(base64, 'base64'));
    return key.type === type ? undefined : `it is of the type ${key.type}`;
  } catch (error) {
    return error instanceof RangeError ? error.message : 'it is malformed';
  }
}

async function readPgpKeys(bytes: Buffer): Promise<Entry | string> {
  const { readKeys } = await import('openpgp');
  try {
    const blocks = bytes.toString('latin1').match(PGP_BLOCK);
    if (!blocks) return { pgp: await readKeys({ binaryKeys: bytes }), ssh: [] };
    return { pgp: (await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys })))).flat(), ssh: [] };
  } catch {
    // The library's message may quote what it read.
    return 'holds no public key: neither of PGP (gpg --export --armor) nor of SSH';
  }
}
