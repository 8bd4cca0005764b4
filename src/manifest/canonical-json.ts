import { createHash } from 'node:crypto';

/**
 * Writes plain data as JSON with sorted keys, so that equal data has equal text; BigInt as digits, undefined left out.
 * It is also the writer for request bodies: JSON.stringify refuses the BigInts that big integers are read as.
 */
export function toCanonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => toCanonicalJson(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${toCanonicalJson(item)}`);
  return `{${fields.join(',')}}`;
}

/** SHA-256 of the canonical JSON, as 64 hex digits. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(toCanonicalJson(value)).digest('hex');
}
