import { createCipheriv, randomBytes } from 'node:crypto';
import { armor, Encrypter } from 'age-encryption';

/** A tree whose leaves are text, as manifests have it. */
export type Tree = string | readonly Tree[] | { readonly [key: string]: Tree };

interface Recipients {
  /** age recipients, each of whom can open the data key. */
  readonly age?: readonly string[];
  /** Further entries of the metadata, such as `kms`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly dataKey?: Buffer;
  /** Top-level fields that are left as they are. */
  readonly plain?: readonly string[];
}

/** Encrypts a tree as SOPS does, with a MAC that nobody can verify. */
export async function makeSops(
  tree: Readonly<Record<string, Tree>>,
  { age = [], metadata = {}, dataKey = randomBytes(32), plain = [] }: Recipients,
): Promise<Record<string, unknown>> {
  const encrypted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(tree)) {
    encrypted[key] = plain.includes(key) ? value : encryptTree(value, dataKey, [key]);
  }
  const entries = await Promise.all(age.map((recipient) => wrapForAge(dataKey, recipient)));
  const mac = encryptValue('00', dataKey, { path: ['mac'] });
  return { ...encrypted, sops: { age: entries, mac, version: '3.13.3', ...metadata } };
}

/** One value as SOPS writes it. */
export function encryptValue(
  text: string,
  dataKey: Buffer,
  { path, type = 'str' }: { readonly path: readonly string[]; readonly type?: string },
): string {
  const nonce = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', dataKey, nonce);
  cipher.setAAD(Buffer.from(`${path.join(':')}:`));
  const data = Buffer.concat([cipher.update(text), cipher.final()]);
  const [data64, iv, tag] = [data, nonce, cipher.getAuthTag()].map((bytes) => bytes.toString('base64'));
  return `ENC[AES256_GCM,data:${data64},iv:${iv},tag:${tag},type:${type}]`;
}

function encryptTree(tree: Tree, dataKey: Buffer, path: readonly string[]): unknown {
  if (typeof tree === 'string') return tree === '' ? '' : encryptValue(tree, dataKey, { path });
  if (Array.isArray(tree)) return tree.map((item: Tree) => encryptTree(item, dataKey, path));
  const entries = Object.entries(tree as Readonly<Record<string, Tree>>);
  return Object.fromEntries(entries.map(([key, value]) => [key, encryptTree(value, dataKey, [...path, key])]));
}

async function wrapForAge(dataKey: Buffer, recipient: string) {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return { recipient, enc: armor.encode(await encrypter.encrypt(dataKey)) };
}
