import { toCanonicalJson } from '../manifest/canonical-json.ts';
import { OWNER_PREFIX } from '../manifest/owner-labels.ts';
import { isPlainObject } from '../manifest/plain-object.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { ownersOf } from './field-owners.ts';
import { type IgnoreRule, isFor } from './ignore-rules.ts';

/**
 * The payload of an object of which `spec.ignore` leaves fields to others: a new object is sent whole; of an existing
 * one, an ignored field that differs is left out where somebody else holds it, and sent as it is in the cluster where
 * only we do (left out, it would be removed). Throws IGNORE_RULE_INVALID. Pure.
 */
export function ignoreFields(
  desired: KubeObject,
  live: KubeObject | undefined,
  rules: readonly IgnoreRule[],
): KubeObject {
  if (!live) return desired;
  const merged = withLiveMetadata(desired, live);
  const paths = rules.filter((rule) => isFor(rule, merged)).flatMap((rule) => rule.paths.map(parsePointer));
  let payload: unknown = desired;
  for (const path of paths) if (path.length > 0) payload = ignoreField(payload, live, path);
  return withIdentity(payload as KubeObject, desired);
}

function ignoreField(payload: unknown, live: KubeObject, path: readonly string[]): unknown {
  const wanted = valueAt(payload, path);
  const found = valueAt(live, path);
  if (isWithin(wanted, found) && wanted !== undefined) return payload;
  if (found === undefined) return wanted === undefined ? payload : without(payload, path);
  const { isOurs, isAppliedByOthers, isListKey } = ownersOf(live, path);
  const isOnlyOurs = isOurs && !isAppliedByOthers;
  if (isOnlyOurs || (isListKey && wanted !== undefined)) return withValue(payload, path, found);
  return wanted === undefined ? payload : without(payload, path);
}

/** RFC 6901; anything but a pointer to a field is an empty path. */
function parsePointer(pointer: string): string[] {
  if (!pointer.startsWith('/')) return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** True if all that is wanted is there: what else is there was defaulted. */
function isWithin(wanted: unknown, found: unknown): boolean {
  if (isPlainObject(wanted) && isPlainObject(found)) {
    return Object.entries(wanted).every(([name, value]) => isWithin(value, found[name]));
  }
  if (Array.isArray(wanted) && Array.isArray(found)) {
    return wanted.length === found.length && wanted.every((item, index) => isWithin(item, found[index]));
  }
  return toCanonicalJson(wanted) === toCanonicalJson(found);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, name) => {
    if (Array.isArray(found)) return /^\d+$/.test(name) ? found[Number(name)] : undefined;
    return isPlainObject(found) ? found[name] : undefined;
  }, value);
}

/** Where the way to the field leads through an item that the payload does not have, nothing is set. */
function withValue(value: unknown, [name, ...rest]: readonly string[], set: unknown): unknown {
  if (name === undefined) return set;
  if (Array.isArray(value)) {
    const index = Number(name);
    return index in value ? value.with(index, withValue(value[index], rest, set)) : value;
  }
  const fields = isPlainObject(value) ? value : {};
  return { ...fields, [name]: withValue(fields[name], rest, set) };
}

function without(value: unknown, [name = '', ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const index = Number(name);
    return rest.length === 0 ? value.toSpliced(index, 1) : value.with(index, without(value[index], rest));
  }
  if (!isPlainObject(value)) return value;
  if (rest.length > 0) return { ...value, [name]: without(value[name], rest) };
  return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
}

function withLiveMetadata(desired: KubeObject, live: KubeObject): KubeObject {
  const labels = { ...live.metadata.labels, ...desired.metadata.labels };
  const annotations = { ...live.metadata.annotations, ...desired.metadata.annotations };
  return { ...desired, metadata: { ...desired.metadata, labels, annotations } };
}

/** Whatever is ignored, an object stays the one it is, and ours. */
function withIdentity(payload: KubeObject, { apiVersion, kind, metadata }: KubeObject): KubeObject {
  if (payload.metadata === metadata && payload.apiVersion === apiVersion && payload.kind === kind) return payload;
  const { name, namespace } = metadata;
  const owner = Object.entries(metadata.labels ?? {}).filter(([label]) => label.startsWith(`${OWNER_PREFIX}/`));
  const labels = { ...payload.metadata?.labels, ...Object.fromEntries(owner) };
  const kept = { ...payload.metadata, name, labels };
  return { ...payload, apiVersion, kind, metadata: namespace === undefined ? kept : { ...kept, namespace } };
}
