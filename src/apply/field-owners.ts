import { isPlainObject } from '../manifest/plain-object.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { FIELD_MANAGER, isAdoptable } from './ownership.ts';

/** Who owns one field of a live object. */
export interface FieldOwners {
  /** We do, or somebody whose fields we take over. */
  readonly isOurs: boolean;
  /** Another manager does, by server-side apply: it would keep the field if we let go. */
  readonly isAppliedByOthers: boolean;
  /** The field is part of what tells a list's items apart: an item cannot be sent without it. */
  readonly isListKey: boolean;
}

/** Reads from managedFields who owns the field at a path (names and list indexes). Pure. */
export function ownersOf(live: KubeObject, path: readonly string[]): FieldOwners {
  const entries = (live.metadata.managedFields ?? []).filter(({ subresource }) => !subresource);
  const holding = entries.filter(({ fieldsV1 }) => holds(fieldsV1, live, path));
  const isOwn = (entry: (typeof entries)[number]) =>
    isAdoptable(entry) || (entry.manager === FIELD_MANAGER && entry.operation === 'Apply');
  return {
    isOurs: holding.some(isOwn),
    isAppliedByOthers: holding.some((entry) => entry.operation === 'Apply' && !isOwn(entry)),
    isListKey: entries.some(({ fieldsV1 }) => isKeyOfItem(fieldsV1, live, path)),
  };
}

/** Whether a FieldsV1 tree reaches a field; an empty node stands for all that is below it. */
function holds(fields: unknown, value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (!isPlainObject(fields)) return false;
  if (Object.keys(fields).length === 0) return true;
  const node = nodeOf(fields, value, name);
  return node !== undefined && holds(node, below(value, name), rest);
}

function isKeyOfItem(fields: unknown, value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined || rest.length === 0 || !isPlainObject(fields)) return false;
  const key = Array.isArray(value) ? itemKeyOf(fields, value, name) : undefined;
  if (key !== undefined && rest.length === 1) return Object.hasOwn(parseItemKey(key), rest[0] ?? '');
  return isKeyOfItem(nodeOf(fields, value, name), below(value, name), rest);
}

function nodeOf(fields: Record<string, unknown>, value: unknown, name: string): unknown {
  if (!Array.isArray(value)) return fields[`f:${name}`];
  const key = itemKeyOf(fields, value, name);
  return key === undefined ? undefined : fields[key];
}

/** The `k:{…}` of a tree that names the item at an index. */
function itemKeyOf(fields: Record<string, unknown>, list: readonly unknown[], index: string): string | undefined {
  const item = list[Number(index)];
  if (!isPlainObject(item)) return undefined;
  return Object.keys(fields).find(
    (field) =>
      field.startsWith('k:') && Object.entries(parseItemKey(field)).every(([name, value]) => item[name] === value),
  );
}

function parseItemKey(field: string): Record<string, unknown> {
  return field.startsWith('k:') ? (JSON.parse(field.slice(2)) as Record<string, unknown>) : {};
}

function below(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value[Number(name)];
  return isPlainObject(value) ? value[name] : undefined;
}
