import { decryptTree } from './decrypt-tree.ts';
import type { DecryptedFile, FileDecryption } from './decrypted-file.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import { emitJson } from './emit-json.ts';
import { parseOrderedJson } from './parse-ordered-json.ts';
import { readWrappedKeys } from './read-metadata.ts';

/** Decrypts a JSON file of SOPS, a binary one included: that is JSON with one field `data`. */
export async function decryptJson(text: string, { unwrap, observe }: FileDecryption): Promise<DecryptedFile> {
  const tree = parseOrderedJson(text);
  if (!(tree instanceof Map)) throw new DecryptionProblem('it is not a JSON object');
  const metadata = toPlain(tree.get('sops'));
  tree.delete('sops');
  const dataKey = await unwrap(readWrappedKeys(metadata));
  let data: Buffer | undefined;
  const document = decryptTree(tree, {
    dataKey,
    observe(value, { path }) {
      observe(value);
      if (path.length === 1 && path[0] === 'data') data = value.bytes;
    },
  });
  return { text: emitJson(document), documents: [document], data };
}

function toPlain(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(toPlain);
  if (!(tree instanceof Map)) return tree;
  return Object.fromEntries([...tree].map(([key, value]) => [key, toPlain(value)]));
}
