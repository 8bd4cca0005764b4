import type { KubeObject } from '../model/kube-object.ts';
import { builtinTypeOf, type FieldRule, rulesOf } from './builtin-types.ts';
import { KIND_FIXES } from './kind-fixes.ts';
import { isPlainObject, type PlainObject } from './plain-object.ts';
import { SERVER_DEFAULTS } from './server-defaults.ts';
import { toCanonicalQuantity } from './to-canonical-quantity.ts';

/** What the API server writes: in a payload it is refused, or turns the apply into an optimistic lock. */
const SERVER_METADATA: ReadonlySet<string> = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]);

/**
 * A copy in the shape that Flux's normaliser sends, so that a takeover writes nothing: built-in kinds as their Go types
 * serialise them (empty structs written, empty optional fields dropped, quantities canonical), default port protocols,
 * `stringData` as `data`, no status. Beyond it, values that are owned whole hold what the API server fills into them. Unknown fields are kept: whether a field exists, the API server knows best.
 */
export function normalizeObject(object: KubeObject): KubeObject {
  const fixed = KIND_FIXES[`${object.apiVersion}/${object.kind}`]?.(object) ?? object;
  const type = builtinTypeOf(object);
  const typed = type === undefined ? fixed : (normalizeStruct(fixed, type) as KubeObject);
  const { status: _, ...rest } = typed;
  return { ...rest, metadata: withoutServerFields(typed.metadata) };
}

function withoutServerFields(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const entries = Object.entries(metadata).filter(
    ([name, value]) => !SERVER_METADATA.has(name) && value !== null && !(name === 'namespace' && value === ''),
  );
  return Object.fromEntries(entries) as KubeObject['metadata'];
}

function normalizeStruct(struct: PlainObject, type: string): PlainObject {
  const rules = rulesOf(type);
  const fields = Object.entries(struct).map(([name, value]) => [name, normalizeField(value, rules.get(name))] as const);
  const result: PlainObject = Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  for (const [name, rule] of rules) {
    if (isAlwaysWritten(rule)) result[name] ??= zeroOf(rule);
  }
  return SERVER_DEFAULTS[type]?.(result) ?? result;
}

function isAlwaysWritten(rule: FieldRule): boolean {
  return rule.shape === 'always' || rule.shape === 'default';
}

/** The field's value as Go would write it; undefined where it would be left out. */
function normalizeField(value: unknown, rule: FieldRule | undefined): unknown {
  if (value === null || value === undefined) return undefined;
  if (!rule) return value;
  const normalized = normalizeShape(value, rule);
  return rule.omitEmpty && isEmpty(normalized) ? undefined : normalized;
}

function normalizeShape(value: unknown, rule: FieldRule): unknown {
  switch (rule.shape) {
    case 'scalar':
    case 'default':
      return value;
    case 'always':
    case 'single':
      return normalizeValue(value, rule.of);
    case 'list':
      return Array.isArray(value) ? value.map((item) => normalizeValue(item, rule.of)) : value;
    case 'map':
      return isPlainObject(value) ? mapValues(value, (item) => normalizeValue(item, rule.of)) : value;
  }
}

function normalizeValue(value: unknown, type: string): unknown {
  if (type === 'quantity') return toCanonicalQuantity(value);
  if (type === 'text') return value ?? '';
  if (type === 'bytes') return typeof value === 'string' ? value.replace(/[\r\n]/g, '') : (value ?? '');
  return isPlainObject(value) ? normalizeStruct(value, type) : value;
}

const ZEROS: Readonly<Record<string, unknown>> = { text: '', '0': 0, false: false, quantity: '0' };

function zeroOf(rule: FieldRule): unknown {
  return ZEROS[rule.of] ?? normalizeStruct({}, rule.of);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isPlainObject(value)) return Object.keys(value).length === 0;
  return value === '' || value === 0 || value === false;
}

function mapValues(map: PlainObject, convert: (value: unknown) => unknown): PlainObject {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, convert(value)]));
}
