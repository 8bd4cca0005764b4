/** A JSON object of unknown content. */
export type PlainObject = Record<string, unknown>;

/** True for a JSON object: neither null, list nor scalar. */
export function isPlainObject(value: unknown): value is PlainObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
