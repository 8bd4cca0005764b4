import { HawserError } from '../errors/hawser-error.ts';
import { isPlainObject } from '../manifest/plain-object.ts';
import { formatSubject, type KubeObject, refOf } from '../model/kube-object.ts';
import { createAgeKeyService } from './age-key-service.ts';
import { decryptDotenv } from './decrypt-dotenv.ts';
import { decryptIni } from './decrypt-ini.ts';
import { decryptJson } from './decrypt-json.ts';
import { decryptTree } from './decrypt-tree.ts';
import { decryptYaml } from './decrypt-yaml.ts';
import type { DecryptedFile, FileDecryption } from './decrypted-file.ts';
import type { DecryptionKeys } from './decryption-keys.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import { detectFormat, type FileFormat, formatOf, isEncryptedAs } from './file-format.ts';
import { isDecryptionDisabled, isEncrypted } from './is-encrypted.ts';
import type { KeyService } from './key-service.ts';
import { createPgpKeyService } from './pgp-key-service.ts';
import { readWrappedKeys } from './read-metadata.ts';
import { createSecretKeeper } from './secret-values.ts';
import { createUnwrapDataKey } from './unwrap-data-key.ts';
import { writeAs } from './write-as.ts';

/*
 * decryption opens what SOPS has encrypted: files before a build, objects after it. It owns the forms of SOPS and the
 * keys that open them (age and PGP here, clouds behind KeyService). Which Secret holds the keys, which files a build
 * reads and when all this happens is the pipeline's.
 */

/** Decrypts with one set of keys. */
export interface Decryptor {
  /** The id of its keys. */
  readonly id: string;
  /**
   * A file before the build; the same bytes if it is not SOPS encrypted in its format. The format is read from the end
   * of the path unless given; where another name decides, as the key of a generator's `key=file`, the path ends in it.
   * Rejects with DECRYPTION_FAILED or DECRYPTION_KEYS_INVALID.
   */
  decryptFile(path: string, content: Buffer, format?: FileFormat): Promise<Buffer>;
  /**
   * An object after the build: encrypted as a whole, or a Secret some of whose values are SOPS documents. The same object
   * if nothing is encrypted or it opts out. Rejects with DECRYPTION_FAILED or DECRYPTION_KEYS_INVALID.
   */
  decryptObject(object: KubeObject): Promise<KubeObject>;
}

/** Flux's limit too. */
const MOST_BYTES = 5 * 1024 * 1024;

/** Makes a decryptor; it may be kept as long as its keys live, and remembers the data keys that it has opened. */
export function createDecryptor(
  keys: DecryptionKeys,
  services: readonly KeyService[] = keyServicesOf(keys),
): Decryptor {
  const decryption: FileDecryption = {
    unwrap: createUnwrapDataKey({ keys, services }),
    observe: createSecretKeeper(),
  };

  return {
    id: keys.id,
    async decryptFile(path, content, format = formatOf(path)) {
      if (!isEncryptedAs(format, content)) return content;
      return naming(path, () => decryptContent(content, { from: format, to: format }, decryption));
    },
    async decryptObject(object) {
      if (isDecryptionDisabled(object)) return object;
      const isWhole = isEncrypted(object);
      if (!isWhole && object.kind !== 'Secret') return object;
      return naming(formatSubject(refOf(object)), () =>
        isWhole ? decryptWhole(object, decryption) : decryptEntries(object, decryption),
      );
    },
  };
}

function keyServicesOf(keys: DecryptionKeys): KeyService[] {
  return [createAgeKeyService(keys.ageIdentities), createPgpKeyService(keys)];
}

async function naming<T>(name: string, decrypt: () => Promise<T>): Promise<T> {
  try {
    return await decrypt();
  } catch (error) {
    if (!(error instanceof DecryptionProblem)) throw error;
    throw toFailure(name, error);
  }
}

function toFailure(name: string, cause: DecryptionProblem): HawserError {
  return new HawserError('DECRYPTION_FAILED', `decryption failed for '${name}': ${cause.message}`, { cause });
}

async function decryptWhole(object: KubeObject, { unwrap, observe }: FileDecryption): Promise<KubeObject> {
  const { sops, ...rest } = object;
  const dataKey = await unwrap(readWrappedKeys(sops));
  return decryptTree(rest, { dataKey, observe }) as KubeObject;
}

/** As a generator leaves a Secret whose files are encrypted. */
async function decryptEntries(secret: KubeObject, decryption: FileDecryption): Promise<KubeObject> {
  const data = await decryptValues(secret.data, 'base64', decryption);
  const stringData = await decryptValues(secret.stringData, 'utf8', decryption);
  if (!data && !stringData) return secret;
  return { ...secret, ...(data && { data }), ...(stringData && { stringData }) };
}

async function decryptValues(
  values: unknown,
  encoding: 'base64' | 'utf8',
  decryption: FileDecryption,
): Promise<Record<string, unknown> | undefined> {
  if (!isPlainObject(values)) return undefined;
  const changed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    const content = Buffer.from(typeof value === 'string' ? value : '', encoding);
    const from = detectFormat(content);
    if (from) changed[key] = (await decryptEntry(key, { content, from }, decryption)).toString(encoding);
  }
  return Object.keys(changed).length === 0 ? undefined : { ...values, ...changed };
}

async function decryptEntry(
  key: string,
  { content, from }: { content: Buffer; from: FileFormat },
  decryption: FileDecryption,
): Promise<Buffer> {
  try {
    return await decryptContent(content, { from, to: formatOf(key) }, decryption);
  } catch (error) {
    if (!(error instanceof DecryptionProblem)) throw error;
    throw new DecryptionProblem(`the value of '${key}': ${error.message}`, { cause: error });
  }
}

const FORMATS: Readonly<Record<FileFormat, (text: string, decryption: FileDecryption) => Promise<DecryptedFile>>> = {
  yaml: decryptYaml,
  json: decryptJson,
  binary: decryptJson,
  dotenv: decryptDotenv,
  ini: decryptIni,
};

async function decryptContent(
  content: Buffer,
  { from, to }: { from: FileFormat; to: FileFormat },
  decryption: FileDecryption,
): Promise<Buffer> {
  if (content.length > MOST_BYTES) {
    throw new DecryptionProblem(`it is larger than ${MOST_BYTES / 1024 / 1024} MiB`);
  }
  const file = await FORMATS[from](content.toString('utf8'), decryption);
  return writeAs(file, { from, to });
}
