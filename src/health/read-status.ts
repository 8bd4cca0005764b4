import { isPlainObject } from '../manifest/plain-object.ts';
import type { KubeObject } from '../model/kube-object.ts';

/** A condition as any controller may write it. */
export interface StatusCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The value at a path such as `status.replicas`; undefined if a part is missing. */
export function readField(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const name of path.split('.')) {
    if (!isPlainObject(value)) return undefined;
    value = value[name];
  }
  return value;
}

/** The number at a path, or the fallback. */
export function readNumber(object: KubeObject, path: string, fallback: number): number {
  const value = readField(object, path);
  return typeof value === 'number' ? value : fallback;
}

/** The text at a path, or the fallback. */
export function readText(object: KubeObject, path: string, fallback: string): string {
  const value = readField(object, path);
  return typeof value === 'string' ? value : fallback;
}

/** True if conditions are there, but not as a list of objects: nothing can be concluded from such a status. */
export function hasMalformedConditions(object: KubeObject): boolean {
  const conditions = readField(object, 'status.conditions') ?? [];
  return !Array.isArray(conditions) || !conditions.every(isPlainObject);
}

/** All conditions of an object, in its order; what is malformed is left out. */
export function readConditions(object: KubeObject): StatusCondition[] {
  const conditions = readField(object, 'status.conditions');
  if (!Array.isArray(conditions)) return [];
  return conditions.filter(isPlainObject).map(({ type, status, reason, message }) => ({
    type: String(type ?? ''),
    status: String(status ?? ''),
    reason: String(reason ?? ''),
    message: String(message ?? ''),
  }));
}

/** True if the object has the condition with status True. */
export function isConditionTrue(object: KubeObject, type: string): boolean {
  return readConditions(object).some((condition) => condition.type === type && condition.status === 'True');
}

/** The message of a condition, or its reason, or its type: never an empty text. */
export function describeCondition({ message, reason, type }: StatusCondition): string {
  return message || reason || type;
}
