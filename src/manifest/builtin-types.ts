import { parseApiVersion } from '../model/kube-object.ts';
import table from './builtin-types.json' with { type: 'json' };

/**
 * How Kubernetes' Go types serialise one field. The JSON table writes a type as one line of such fields:
 * `name?` is left out when empty, `name=0` is always written (with that value if absent), `name!T` is a T that is
 * always written, `name:T` a T that may be absent, `name[T` a list and `name{T` a map of T. T is a type of the table,
 * or `quantity`, `bytes` (base64), `text`. Fields that stay as they are have no entry. The table is written by
 * test/control-plane/builtin-types from the scheme of k8s.io/client-go (stable versions only: API servers have the
 * others off by default).
 */
export interface FieldRule {
  readonly omitEmpty: boolean;
  readonly shape: 'scalar' | 'default' | 'always' | 'single' | 'list' | 'map';
  /** The type of the value, its items or its entries; for `default` the value itself. */
  readonly of: string;
}

const SHAPES: Readonly<Record<string, FieldRule['shape']>> = {
  '': 'scalar',
  '=': 'default',
  '!': 'always',
  ':': 'single',
  '[': 'list',
  '{': 'map',
};

const RULE = /^([^?=!:[{]+)(\??)([=!:[{]?)(.*)$/;

const KINDS: ReadonlyMap<string, string> = new Map(Object.entries(table.kinds));
const TYPES: ReadonlyMap<string, string> = new Map(Object.entries(table.types));
const NO_RULES: ReadonlyMap<string, FieldRule> = new Map();
const parsed = new Map<string, ReadonlyMap<string, FieldRule>>();

/** The built-in type of an object; undefined for custom resources and for versions that are not stable. */
export function builtinTypeOf(object: { apiVersion: string; kind: string }): string | undefined {
  const { group, version } = parseApiVersion(object.apiVersion);
  return KINDS.get([object.kind, version, group].filter((part) => part !== '').join('.'));
}

/** The rules of a type by field; none for a name that is not in the table. */
export function rulesOf(type: string): ReadonlyMap<string, FieldRule> {
  const known = parsed.get(type);
  if (known) return known;
  const line = TYPES.get(type);
  if (line === undefined) return NO_RULES;
  const rules = new Map(line.split(' ').flatMap(parseRule));
  parsed.set(type, rules);
  return rules;
}

function parseRule(word: string): [string, FieldRule][] {
  const match = RULE.exec(word);
  if (!match) return [];
  const [, field = '', omit, mark = '', of = ''] = match;
  return [[field, { omitEmpty: omit === '?', shape: SHAPES[mark] ?? 'scalar', of }]];
}
