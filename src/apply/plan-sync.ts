import { compareApplyOrder } from '../manifest/apply-order.ts';
import { type InventoryEntry, mergeInventories, parseInventoryEntry, toInventoryEntry } from '../model/inventory.ts';
import { identityOf, type ObjectRef } from '../model/kube-object.ts';
import { type DesiredObject, isLeftAlone } from './desired.ts';
import type { ObjectRecord } from './live-objects.ts';
import { findValidatable, toStages } from './stages.ts';

/** What a sync will do to the cluster. */
export interface SyncPlan {
  readonly desired: readonly DesiredObject[];
  /** Objects to write, in stages. */
  readonly stages: readonly (readonly DesiredObject[])[];
  /** Identities to dry-run before the first write; empty where nothing needs it. */
  readonly validateFirst: ReadonlySet<string>;
  /** Whether objects are dry-run at all: one changed object is its own trial. */
  readonly validates: boolean;
  /** Objects that left the set, in the order of deletion. */
  readonly prune: readonly ObjectRef[];
  /** What the status must hold before the first write, so that a crash orphans nothing. */
  readonly inventoryDuring: readonly InventoryEntry[];
  /** What the status holds when all went well. */
  readonly inventoryAfter: readonly InventoryEntry[];
  /** Whether `inventoryDuring` names objects that the stored inventory does not. */
  readonly inventoryGrows: boolean;
  /** True if the writes are expected to change nothing: the same manifests were applied, only our records are missing. */
  readonly isQuiet: boolean;
}

interface PlanInput {
  readonly desired: readonly DesiredObject[];
  readonly inventory: readonly InventoryEntry[];
  readonly prune: boolean;
  /** True if exactly these manifests were applied before: then a missing record is no reason for a trial run. */
  readonly appliedBefore: boolean;
  readonly recordOf: (ref: ObjectRef) => ObjectRecord | undefined;
}

/** Compares what shall be with the records of what was written, and with the inventory. Pure. */
export function planSync({ desired, inventory, prune, appliedBefore, recordOf }: PlanInput): SyncPlan {
  const changed = desired.filter((object) => !isLeftAlone(object.object) && needsWrite(object, recordOf(object.ref)));
  const isRepeat = appliedBefore && changed.every(({ ref }) => !recordOf(ref));
  const validates = changed.length > 1 && !isRepeat;
  const wanted = new Set(desired.map((object) => object.identity));
  const removed = inventory
    .map(parseInventoryEntry)
    .filter((ref) => ref !== undefined)
    .filter((ref) => !wanted.has(identityOf(ref)));
  const inventoryAfter = mergeInventories(
    desired.map(({ ref }) => toInventoryEntry(ref)),
    [],
  );
  const inventoryDuring = mergeInventories(inventoryAfter, inventory);
  const stored = new Set(inventory.map((entry) => entry.id));
  return {
    desired,
    stages: toStages(changed),
    validateFirst: validates ? findValidatable(changed) : new Set(),
    validates,
    prune: prune ? removed.sort((a, b) => compareApplyOrder(b, a)) : [],
    inventoryDuring,
    inventoryAfter,
    inventoryGrows: inventoryDuring.some((entry) => !stored.has(entry.id)),
    isQuiet: isRepeat && (!prune || removed.length === 0),
  };
}

/** True if the plan writes to the cluster. */
export function hasWrites(plan: SyncPlan): boolean {
  return plan.stages.length > 0 || plan.prune.length > 0;
}

function needsWrite(object: DesiredObject, record: ObjectRecord | undefined): boolean {
  return record === undefined || record.drift !== undefined || record.sentHash !== object.hash;
}
