import { isPlainObject } from '../manifest/plain-object.ts';
import type { KubeObject } from '../model/kube-object.ts';

/** An item of a list, as the API server names it: `[0]`, or by its keys, `[containerPort=80,protocol="TCP"]`. */
const PAIR = /[^\s=,\]"]+=(?:"(?:[^"\\]|\\.)*"|[^\s,\]"]+)/.source;
const SELECTOR = new RegExp(`^\\[(?:(\\d+)|(${PAIR}(?:,${PAIR})*))\\]`);
const KEY = /([^\s=,\]"]+)=("(?:[^"\\]|\\.)*"|[^\s,\]"]+)/g;

/**
 * A copy of an object without one field, which is named as the API server's type checks name it
 * (`.spec.template.spec.containers[name="web"].foo`); undefined if the object has no such field. Pure.
 */
export function withoutField(object: KubeObject, path: string): KubeObject | undefined {
  return remove(object, path) as KubeObject | undefined;
}

/** Such a path does not quote names, and a name may hold dots: the value itself tells where each name ends. */
function remove(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return removeFromItem(value, path);
  if (!isPlainObject(value) || !path.startsWith('.')) return undefined;
  const rest = path.slice(1);
  for (const [name, below] of Object.entries(value)) {
    if (name === rest) return Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
    const left = rest.startsWith(name) ? remove(below, rest.slice(name.length)) : undefined;
    if (left !== undefined) return { ...value, [name]: left };
  }
  return undefined;
}

function removeFromItem(list: readonly unknown[], path: string): unknown {
  const [selector, index, keys] = SELECTOR.exec(path) ?? [];
  if (selector === undefined) return undefined;
  const at = keys === undefined ? Number(index) : list.findIndex((item) => hasKeys(item, keys));
  const left = remove(list[at], path.slice(selector.length));
  return left === undefined ? undefined : list.with(at, left);
}

/** A key that an item lacks has its default (a port's protocol). */
function hasKeys(item: unknown, keys: string): boolean {
  if (!isPlainObject(item)) return false;
  return [...keys.matchAll(KEY)].every(
    ([, name = '', value]) => item[name] === undefined || JSON.stringify(item[name]) === value,
  );
}
