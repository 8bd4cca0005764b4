import { isDeepStrictEqual } from 'node:util';
import { HawserError } from '../errors/hawser-error.ts';
import { parseYaml } from '../manifest/parse-yaml.ts';
import { isPlainObject } from '../manifest/plain-object.ts';
import { decryptTree } from './decrypt-tree.ts';
import type { DecryptedFile, FileDecryption } from './decrypted-file.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import { emitYaml } from './emit-yaml.ts';
import { readWrappedKeys } from './read-metadata.ts';
import type { SopsPath, SopsValue } from './sops-value.ts';
import { spliceYaml } from './splice-yaml.ts';

/**
 * Decrypts a YAML file of SOPS, several documents included; comments and layout stay, because what is generated from
 * the file must be the same bytes as under Flux. Where the text cannot be kept, it is written anew without comments.
 */
export async function decryptYaml(text: string, { unwrap, observe }: FileDecryption): Promise<DecryptedFile> {
  const values = readDocuments(text);
  const dataKey = await unwrap(readWrappedKeys(values[0]?.sops));
  const found = new Map<string, { value: SopsValue; path: SopsPath }>();
  const documents = values.map(({ sops: _, ...value }) =>
    decryptTree(value, {
      dataKey,
      observe(decrypted, { text: encrypted, path }) {
        observe(decrypted);
        found.set(encrypted, { value: decrypted, path });
      },
    }),
  );
  const spliced = spliceYaml(text, found, dataKey);
  return { text: saysTheSame(spliced, documents) ? spliced : emitYaml(documents), documents };
}

function readDocuments(text: string): Record<string, unknown>[] {
  const values = tryParse(text);
  if (values === undefined) throw new DecryptionProblem('it is not valid YAML');
  const mappings = values.filter(isPlainObject);
  if (mappings.length !== values.length) throw new DecryptionProblem('a document of it is not a mapping');
  return mappings;
}

function tryParse(text: string): unknown[] | undefined {
  try {
    return parseYaml(text, { file: 'file' }).map(({ value }) => value);
  } catch (error) {
    if (error instanceof HawserError) return undefined;
    throw error;
  }
}

/** Whatever was decrypted, it is text to YAML and must not have become structure. */
function saysTheSame(text: string, documents: readonly unknown[]): boolean {
  const values = tryParse(text);
  return values !== undefined && isDeepStrictEqual(values, documents);
}
