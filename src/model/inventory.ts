import type { KubeObject, ObjectRef } from './kube-object.ts';

/** One object that a Kustomization put into the cluster, in Flux's stored form. */
export interface InventoryEntry {
  /** `<namespace>_<name>_<group>_<kind>`; a colon in a name is written `__`. */
  id: string;
  /** API version without group. */
  v: string;
}

export function toInventoryEntry(ref: ObjectRef): InventoryEntry {
  return { id: `${ref.namespace}_${ref.name.replaceAll(':', '__')}_${ref.group}_${ref.kind}`, v: ref.version };
}

/** Reads an inventory entry; undefined if it is malformed. Names may hold `__` for a colon (RBAC). */
export function parseInventoryEntry(entry: InventoryEntry): ObjectRef | undefined {
  const first = entry.id.indexOf('_');
  const last = entry.id.lastIndexOf('_');
  const beforeLast = entry.id.lastIndexOf('_', last - 1);
  if (first < 0 || beforeLast <= first) return undefined;
  return {
    namespace: entry.id.slice(0, first),
    name: entry.id.slice(first + 1, beforeLast).replaceAll('__', ':'),
    group: entry.id.slice(beforeLast + 1, last),
    kind: entry.id.slice(last + 1),
    version: entry.v,
  };
}

/** Sorted by id, each id once; the first argument's version wins. */
export function mergeInventories(
  first: readonly InventoryEntry[],
  second: readonly InventoryEntry[],
): InventoryEntry[] {
  const byId = new Map<string, InventoryEntry>();
  for (const entry of [...first, ...second]) if (!byId.has(entry.id)) byId.set(entry.id, entry);
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

/** The stored inventory of a Kustomization as a watch shows it. */
export function inventoryOf(kustomization: KubeObject): readonly InventoryEntry[] {
  const { inventory } = (kustomization.status ?? {}) as { inventory?: { entries?: InventoryEntry[] } };
  return inventory?.entries ?? [];
}
