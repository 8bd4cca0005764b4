import type { KeyObject } from 'node:crypto';
import { isPlainObject } from '../manifest/plain-object.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import { decryptValue, isEncryptedText, type SopsPath, type SopsValue, toPlainValue } from './sops-value.ts';

/** Deeper than anyone nests on purpose. */
const DEEPEST = 100;

/** What a walk over a document needs. */
export interface TreeDecryption {
  readonly dataKey: KeyObject;
  /** Told of every decrypted value. */
  readonly observe: (value: SopsValue, place: { readonly text: string; readonly path: SopsPath }) => void;
}

/**
 * A copy of a document with every encrypted value decrypted and all else as it is. Mappings may be plain objects or,
 * where the order of keys matters, Maps.
 */
export function decryptTree(tree: unknown, decryption: TreeDecryption, path: SopsPath = []): unknown {
  if (typeof tree === 'string') return decryptText(tree, decryption, path);
  if (tree === null || typeof tree !== 'object') return tree;
  if (path.length > DEEPEST) throw new DecryptionProblem(`it is nested more than ${DEEPEST} levels deep`);
  if (Array.isArray(tree)) return decryptList(tree, decryption, path);
  const entries = entriesOf(tree)
    .map(([key, value]): [string, unknown] => [key, decryptTree(value, decryption, [...path, key])])
    .filter(([, value]) => value !== COMMENT);
  return tree instanceof Map ? new Map(entries) : Object.fromEntries(entries);
}

/** SOPS encrypts a comment between the items of a list as an item of its own. */
const COMMENT = Symbol('comment');

function decryptList(list: readonly unknown[], decryption: TreeDecryption, path: SopsPath): unknown[] {
  return list.map((item) => decryptTree(item, decryption, path)).filter((item) => item !== COMMENT);
}

function decryptText(text: string, { dataKey, observe }: TreeDecryption, path: SopsPath): unknown {
  if (!isEncryptedText(text)) return text;
  const value = decryptValue(text, dataKey, path);
  observe(value, { text, path });
  return value.type === 'comment' ? COMMENT : toPlainValue(value);
}

/** Keys and values of a mapping in either form; nothing for anything else. */
export function entriesOf(tree: unknown): [string, unknown][] {
  if (tree instanceof Map) return [...tree] as [string, unknown][];
  return isPlainObject(tree) ? Object.entries(tree) : [];
}
