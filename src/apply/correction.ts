import type { KubeObject, ManagedFieldsEntry, ObjectRef } from '../model/kube-object.ts';
import { managerOf, pathsMissing } from './field-paths.ts';
import { FIELD_MANAGER, isOwnEntry } from './ownership.ts';

/** Why an object must be applied again although its desired state is unchanged. */
export interface Drift {
  readonly reason: string;
  /** Who owned what when the drift was seen: compared with the corrected object, it tells the fields. */
  readonly managedFields?: readonly ManagedFieldsEntry[] | undefined;
}

/** What an apply has put back. */
export interface Correction {
  readonly ref: ObjectRef;
  readonly reason: string;
  /** The fields that were put back; empty where the object was gone, or who changed it left no trace. */
  readonly fields: readonly string[];
  /** The field manager that had taken the first of them. */
  readonly by: string | undefined;
}

const MOST_FIELDS = 5;

/** Compares an object as it drifted with the object as it was corrected. Pure. */
export function toCorrection(ref: ObjectRef, { reason, managedFields }: Drift, corrected: KubeObject): Correction {
  const before = managedFields?.find(isOwnEntry);
  const after = corrected.metadata.managedFields?.find(isOwnEntry);
  if (!managedFields || !before || !after) return { ref, reason, fields: [], by: undefined };
  const fields = pathsMissing(after.fieldsV1, before.fieldsV1);
  const by = fields.map((path) => managerOf(managedFields, path, FIELD_MANAGER)).find((name) => name !== undefined);
  return { ref, reason, fields, by };
}

/** `spec.replicas was changed by kubectl-edit`: for events and conditions. */
export function describeCorrection({ reason, fields, by }: Correction): string {
  if (fields.length === 0) return reason;
  const more = fields.length > MOST_FIELDS ? ` and ${fields.length - MOST_FIELDS} more fields` : '';
  const verb = fields.length === 1 ? 'was' : 'were';
  return `${fields.slice(0, MOST_FIELDS).join(', ')}${more} ${verb} changed${by === undefined ? '' : ` by ${by}`}`;
}
