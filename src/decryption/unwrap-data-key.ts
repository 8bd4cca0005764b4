import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { HawserError } from '../errors/hawser-error.ts';
import type { DecryptionKeys } from './decryption-keys.ts';
import { DecryptionProblem } from './decryption-problem.ts';
import { KEY_KINDS, type KeyService, type WrappedKey } from './key-service.ts';

const DATA_KEY_BYTES = 32;
const MOST_REMEMBERED = 1_000;
const MOST_NAMED = 8;

/** Opens the data key of a document by any of its wrapped copies. */
export type UnwrapDataKey = (keys: readonly WrappedKey[]) => Promise<KeyObject>;

interface Opener {
  readonly keys: Pick<DecryptionKeys, 'secretName' | 'unused'>;
  readonly services: readonly KeyService[];
}

/**
 * Tries every copy with every service that may open it, and remembers data keys, because the documents of one file
 * share theirs (as key objects: a value is decrypted four times as fast). Rejects with a DecryptionProblem that names the recipients tried, or DECRYPTION_KEYS_INVALID.
 */
export function createUnwrapDataKey(opener: Opener): UnwrapDataKey {
  const remembered = new Map<string, Promise<KeyObject>>();

  return (keys) => {
    const id = createHash('sha256').update(JSON.stringify(keys)).digest('base64');
    const known = remembered.get(id);
    if (known !== undefined) return known;
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    const unwrapping = unwrapAny(keys, opener);
    remembered.set(id, unwrapping);
    unwrapping.catch(() => remembered.delete(id));
    return unwrapping;
  };
}

async function unwrapAny(keys: readonly WrappedKey[], opener: Opener): Promise<KeyObject> {
  for (const key of keys) {
    for (const service of opener.services) {
      const dataKey = service.canUnwrap(key) ? await tryUnwrap(service, key) : undefined;
      if (dataKey) return dataKey;
    }
  }
  throw new DecryptionProblem(explain(keys, opener));
}

async function tryUnwrap(service: KeyService, key: WrappedKey): Promise<KeyObject | undefined> {
  try {
    const dataKey = await service.unwrap(key);
    return dataKey.length === DATA_KEY_BYTES ? createSecretKey(dataKey) : undefined;
  } catch (error) {
    if (error instanceof HawserError) throw error;
    // That one of several keys does not open a copy is the rule; which were tried is told if none does.
    return undefined;
  }
}

function explain(keys: readonly WrappedKey[], { keys: { secretName, unused }, services }: Opener): string {
  const unusable = keys.filter(({ kind }) => kind !== 'age' && kind !== 'pgp' && !isServed(kind, services));
  const usable = keys.filter((key) => !unusable.includes(key));
  const parts: string[] = [];
  if (usable.length > 0) {
    parts.push(`no key of the Secret '${secretName}' opens it: it is encrypted for ${nameAll(usable)}`);
  }
  if (unusable.length > 0) {
    const also = usable.length > 0 ? 'it is also encrypted' : 'it is encrypted';
    parts.push(`${also} for ${nameAll(unusable)}, which Hawser cannot use yet: add an age or PGP recipient`);
  }
  if (unusable.length > 0 && unused.length > 0) {
    parts.push(`${unused.join(', ')} of the Secret '${secretName}' is not used`);
  }
  return parts.join('; ');
}

function isServed(kind: WrappedKey['kind'], services: readonly KeyService[]): boolean {
  return services.some((service) => service.canUnwrap({ kind, id: '', wrapped: '' }));
}

function nameAll(keys: readonly WrappedKey[]): string {
  const names = keys.slice(0, MOST_NAMED).map(({ kind, id }) => `${KEY_KINDS[kind]} ${printable(id)}`);
  const more = keys.length - names.length;
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`;
}

const LONGEST_ID = 160;

/** Ids come from the document: kept to one short line. A post-quantum recipient alone is 2,000 characters long. */
function printable(id: string): string {
  const line = id.replace(/[^\x21-\x7e]/g, '?');
  return line.length > LONGEST_ID ? `${line.slice(0, LONGEST_ID)}…` : line;
}
