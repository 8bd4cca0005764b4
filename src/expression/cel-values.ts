/**
 * A value of JSON as CEL sees it: integers are its int, maps have no prototype to fall through to. What was converted
 * already, because many evaluations look at it, is left as it is.
 */
export function toCelValue(value: unknown): unknown {
  if (value instanceof Map) return value;
  if (Array.isArray(value)) return value.map(toCelValue);
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object') return value;
  const map = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) if (item !== undefined) map.set(key, toCelValue(item));
  return map;
}

/** A result of CEL as plain data; an int that no number holds exactly stays a bigint. */
export function fromCelValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(fromCelValue);
  const map = asCelMap(value);
  return map ? Object.fromEntries([...map].map(([key, item]) => [String(key), fromCelValue(item)])) : value;
}

/** A map of an object, or one that an expression wrote out, which the library keeps as a plain object. */
export function asCelMap(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  if (value instanceof Map) return value;
  const isPlain = typeof value === 'object' && value !== null && value.constructor === Object;
  return isPlain ? new Map(Object.entries(value)) : undefined;
}

/** How many values are in a value, itself included: the measure of what an expression may have to look at. */
export function countCelValues(value: unknown): number {
  if (!Array.isArray(value) && !(value instanceof Map)) return 1;
  let count = 1;
  for (const item of value.values()) count += countCelValues(item);
  return count;
}

/** CEL's equality of values: numbers across types, lists and maps by what is in them. */
export function areCelValuesEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isNumber(left) && isNumber(right)) return left <= right && left >= right;
  if (Array.isArray(left)) return Array.isArray(right) && areListsEqual(left, right);
  if (left instanceof Date) return right instanceof Date && left.getTime() === right.getTime();
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  return areMapsEqual(asCelMap(left), asCelMap(right));
}

function areListsEqual(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((item, at) => areCelValuesEqual(item, right[at]));
}

function areMapsEqual(left: ReturnType<typeof asCelMap>, right: ReturnType<typeof asCelMap>): boolean {
  if (left?.size !== right?.size) return false;
  return left !== undefined && [...left].every(([key, item]) => areCelValuesEqual(item, right?.get(key)));
}

/** True for the zero value of every type: empty, 0, false or null. */
export function isZeroCelValue(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  const map = asCelMap(value);
  return map ? map.size === 0 : !value;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
