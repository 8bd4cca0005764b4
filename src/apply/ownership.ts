import { createHash } from 'node:crypto';
import { OWNER_PREFIX } from '../manifest/owner-labels.ts';
import type { KubeObject, ManagedFieldsEntry } from '../model/kube-object.ts';
import type { ObjectKey } from '../model/object-key.ts';

/** Flux's field manager: a takeover, and a hand-back, depend on the name. */
export const FIELD_MANAGER = 'kustomize-controller';

/** What an object's metadata tells about our share of it. */
export interface Ownership {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Undefined for kinds that count no generations (ConfigMap, Secret, RBAC). */
  readonly generation: number | undefined;
  /** Hash of our entry in managedFields, its time included; empty if there is none. */
  readonly entryHash: string;
  /** When the API server last changed our entry. */
  readonly entryTime: string | undefined;
  /** Hash of the values of the labels and annotations that we own: the entry records who owns them, not what they are. */
  readonly ownedMetadataHash: string;
  /** Hash of the entries of subresources: status updates and scaling change nothing else. */
  readonly subresourceHash: string;
  /** Whether kubectl, or an older way of ours, owns fields by an entry that an adoption takes over. */
  readonly hasAdoptableEntry: boolean;
}

/** Reads what drift detection needs from an object's metadata; works on PartialObjectMetadata as well. */
export function summarizeOwnership(object: KubeObject): Ownership {
  const entries = object.metadata.managedFields ?? [];
  const own = entries.find(isOwnEntry);
  return {
    uid: object.metadata.uid ?? '',
    resourceVersion: object.metadata.resourceVersion ?? '',
    generation: object.metadata.generation,
    entryHash: own ? hash(own) : '',
    entryTime: own?.time,
    ownedMetadataHash: hash(ownedMetadata(object, own)),
    subresourceHash: hash(entries.filter((entry) => entry.subresource)),
    hasAdoptableEntry: entries.some(isAdoptable) && !isMerge(object),
  };
}

/** The Kustomization that put an object into the cluster, by its owner labels. */
export function ownerOf({ metadata }: KubeObject): ObjectKey | undefined {
  const name = metadata.labels?.[`${OWNER_PREFIX}/name`];
  const namespace = metadata.labels?.[`${OWNER_PREFIX}/namespace`];
  return name && namespace ? { kind: 'Kustomization', namespace, name } : undefined;
}

/** Our server-side apply entry: the record of which fields are ours. */
export function isOwnEntry(entry: ManagedFieldsEntry): boolean {
  return entry.manager === FIELD_MANAGER && entry.operation === 'Apply' && !entry.subresource;
}

/**
 * Entries that are taken over, as Flux does: kubectl's of any verb, the one left by a first server-side apply over an
 * object that had none, and our own name used for plain updates.
 */
export function isAdoptable(entry: ManagedFieldsEntry): boolean {
  if (entry.subresource) return false;
  if (entry.manager === FIELD_MANAGER) return entry.operation === 'Update';
  return entry.manager.startsWith('kubectl') || entry.manager === 'before-first-apply';
}

function isMerge(object: KubeObject): boolean {
  const key = 'kustomize.toolkit.fluxcd.io/ssa';
  const value = object.metadata.annotations?.[key] ?? object.metadata.labels?.[key];
  return value?.toLowerCase() === 'merge';
}

function ownedMetadata(object: KubeObject, own: ManagedFieldsEntry | undefined): unknown {
  const metadata = fieldsBelow(own?.fieldsV1, 'f:metadata');
  return [
    valuesOf(object.metadata.labels, fieldsBelow(metadata, 'f:labels')),
    valuesOf(object.metadata.annotations, fieldsBelow(metadata, 'f:annotations')),
  ];
}

function fieldsBelow(fields: unknown, name: string): unknown {
  return fields !== null && typeof fields === 'object' ? (fields as Record<string, unknown>)[name] : undefined;
}

function valuesOf(map: Record<string, string> | undefined, fields: unknown): [string, string | undefined][] {
  if (fields === null || typeof fields !== 'object') return [];
  return Object.keys(fields)
    .filter((field) => field.startsWith('f:'))
    .sort()
    .map((field) => [field, map?.[field.slice(2)]]);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}
