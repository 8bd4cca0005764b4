import { createHash } from 'node:crypto';
import { Decrypter } from 'age-encryption';
import { HawserError } from '../errors/hawser-error.ts';
import { Secret } from '../errors/secret.ts';

/** The private keys that a Kustomization decrypts with, and where they came from. */
export interface DecryptionKeys {
  /** Changes whenever a key changes; safe to log. */
  readonly id: string;
  /** Name of the Secret, for messages. */
  readonly secretName: string;
  /** `AGE-SECRET-KEY-1…` and `AGE-SECRET-KEY-PQ-1…`. */
  readonly ageIdentities: readonly Secret[];
  readonly pgpKeys: readonly PgpKeyText[];
  /** Entries with credentials of clouds and Vault, which are known and not used yet. */
  readonly unused: readonly string[];
}

/** One `*.asc` entry, armored or binary (as latin1); parsed when it is first needed. */
export interface PgpKeyText {
  readonly entry: string;
  readonly text: Secret;
}

const CLOUD_ENTRIES: ReadonlySet<string> = new Set([
  'sops.aws-kms',
  'sops.azure-kv',
  'sops.gcp-kms',
  'sops.vault-token',
]);

/**
 * Reads the data (base64 values) of the Secret that `spec.decryption.secretRef` names, by Flux's names: `*.agekey`,
 * `*.asc`. Cloud credentials are noted only; other entries are ignored. Throws DECRYPTION_KEYS_INVALID naming the entry,
 * never its value.
 */
export function readDecryptionKeys(data: Readonly<Record<string, string>>, secretName: string): DecryptionKeys {
  const ageIdentities: Secret[] = [];
  const pgpKeys: PgpKeyText[] = [];
  const hash = createHash('sha256');
  for (const [entry, value] of Object.entries(data).sort(([left], [right]) => (left < right ? -1 : 1))) {
    const isAge = entry.endsWith('.agekey');
    const isPgp = entry.endsWith('.asc');
    if (!isAge && !isPgp) continue;
    const bytes = Buffer.from(value, 'base64');
    hash.update(`${entry}\0${bytes.length}\0`).update(bytes);
    if (isAge) ageIdentities.push(...parseAgeIdentities(bytes.toString('utf8'), { entry, secretName }));
    else pgpKeys.push(readPgpText(bytes, { entry, secretName }));
  }
  const unused = Object.keys(data).filter((entry) => CLOUD_ENTRIES.has(entry));
  return { id: hash.digest('hex').slice(0, 32), secretName, ageIdentities, pgpKeys, unused };
}

/** Where a key stands, for messages. */
export interface KeyPlace {
  readonly entry: string;
  readonly secretName: string;
}

/** DECRYPTION_KEYS_INVALID for one entry of the Secret; `what` must not quote it. */
export function invalidKey({ entry, secretName }: KeyPlace, what: string): HawserError {
  return new HawserError(
    'DECRYPTION_KEYS_INVALID',
    `cannot use '${entry}' of the decryption Secret '${secretName}': ${what}`,
  );
}

function parseAgeIdentities(text: string, place: KeyPlace): Secret[] {
  const identities: Secret[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const identity = line.trim();
    if (identity === '' || identity.startsWith('#')) continue;
    const problem = findAgeProblem(identity);
    if (problem !== undefined) throw invalidKey(place, `line ${index + 1} ${problem}`);
    identities.push(new Secret(identity));
  }
  if (identities.length === 0) throw invalidKey(place, 'it holds no age identity (AGE-SECRET-KEY-1…)');
  return identities;
}

function findAgeProblem(identity: string): string | undefined {
  if (identity.startsWith('AGE-PLUGIN-')) return 'is an identity of an age plugin, which Hawser cannot run';
  try {
    new Decrypter().addIdentity(identity);
    return undefined;
  } catch {
    // The library's message quotes the identity.
    return 'is not an age identity (AGE-SECRET-KEY-1…)';
  }
}

function readPgpText(bytes: Buffer, place: KeyPlace): PgpKeyText {
  if (bytes.length === 0) throw invalidKey(place, 'it is empty');
  return { entry: place.entry, text: new Secret(bytes.toString('latin1')) };
}
