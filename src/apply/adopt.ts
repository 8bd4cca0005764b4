import type { KubeClient, WriteOptions } from '../kube/kube-client.ts';
import { type KubeObject, type ManagedFieldsEntry, refOf } from '../model/kube-object.ts';
import { FIELD_MANAGER, isAdoptable } from './ownership.ts';
import { unionFields } from './union-fields.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Takes over the fields that kubectl owns: its entries become part of ours, so that the next apply removes what Git
 * does not hold. One JSON patch with the resourceVersion; the caller applies again. A race answers 409.
 */
export async function adoptFields(client: KubeClient, live: KubeObject, options: WriteOptions): Promise<void> {
  const operations = [
    { op: 'replace' as const, path: '/metadata/managedFields', value: adoptedEntries(live) },
    { op: 'replace' as const, path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
  ];
  if (live.metadata.annotations?.[LAST_APPLIED] !== undefined) {
    const path = `/metadata/annotations/${LAST_APPLIED.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    await client.jsonPatch(refOf(live), [{ op: 'remove', path }, ...operations], options);
    return;
  }
  await client.jsonPatch(refOf(live), operations, options);
}

/** managedFields with every adoptable entry merged into our Apply entry of the same API version. Pure. */
export function adoptedEntries(live: KubeObject): ManagedFieldsEntry[] {
  const entries = live.metadata.managedFields ?? [];
  const adopted = entries.filter(isAdoptable);
  const isOwn = (entry: ManagedFieldsEntry) =>
    entry.manager === FIELD_MANAGER && entry.operation === 'Apply' && !entry.subresource;
  const kept = entries.filter((entry) => !isAdoptable(entry) && !isOwn(entry));
  const own = entries.find(isOwn) ?? {
    manager: FIELD_MANAGER,
    operation: 'Apply',
    apiVersion: live.apiVersion,
    fieldsType: 'FieldsV1',
  };
  const fieldsV1 = adopted.reduce(
    (fields, entry) => unionFields(fields, entry.fieldsV1),
    unionFields(own.fieldsV1, {}),
  );
  return [{ ...own, fieldsV1 }, ...kept];
}

/** managedFields with every entry at the given API version: mends "convert CR to an invalid group/version". Pure. */
export function entriesAtVersion(live: KubeObject, apiVersion: string): ManagedFieldsEntry[] {
  return (live.metadata.managedFields ?? []).map((entry) => ({ ...entry, apiVersion }));
}
