import type { KubeObject } from '../model/kube-object.ts';
import { builtinTypeOf, type FieldRule, rulesOf } from './builtin-types.ts';
import { isPlainObject } from './plain-object.ts';

/** Values that must be text without being entries of a map of texts. */
const TEXT_FIELDS: Readonly<Record<string, string>> = { EnvVar: 'value' };

/**
 * Finds a number or boolean where Kubernetes wants text (labels, annotations, ConfigMap data, environment values):
 * `data.replicas must be a string: quote it`. The API server's own words for it name neither file nor remedy.
 */
export function findTextProblem(object: KubeObject): string | undefined {
  const type = builtinTypeOf(object);
  return type === undefined ? findInStruct(object.metadata, 'ObjectMeta', 'metadata.') : findInStruct(object, type, '');
}

function findInStruct(struct: unknown, type: string, prefix: string): string | undefined {
  if (!isPlainObject(struct)) return undefined;
  const textField = TEXT_FIELDS[type];
  if (textField !== undefined && !isText(struct[textField])) return describe(`${prefix}${textField}`);
  for (const [field, rule] of rulesOf(type)) {
    const value = struct[field];
    const problem = value === undefined ? undefined : findInField(value, rule, `${prefix}${field}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function findInField(value: unknown, rule: FieldRule, path: string): string | undefined {
  if (rule.shape === 'list' && Array.isArray(value)) {
    return findFirst(value.entries(), ([index, item]) => findInStruct(item, rule.of, `${path}[${index}].`));
  }
  if (rule.shape === 'map' && isPlainObject(value)) {
    return findFirst(Object.entries(value), ([key, item]) => findInEntry(item, rule.of, `${path}.${key}`));
  }
  return rule.shape === 'single' || rule.shape === 'always' ? findInStruct(value, rule.of, `${path}.`) : undefined;
}

function findInEntry(item: unknown, type: string, path: string): string | undefined {
  if (type !== 'text' && type !== 'bytes') return findInStruct(item, type, `${path}.`);
  return isText(item) ? undefined : describe(path);
}

function isText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

function describe(path: string): string {
  return `${path} must be a string: quote it`;
}

function findFirst<T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
