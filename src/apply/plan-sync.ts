import { compareApplyOrder } from '../manifest/apply-order.ts';
import { type InventoryEntry, mergeInventories, parseInventoryEntry, toInventoryEntry } from '../model/inventory.ts';
import { identityOf, type ObjectRef } from '../model/kube-object.ts';
import { type DesiredObject, isLeftAlone, isNotWritten } from './desired.ts';
import type { ObjectRecord } from './live-objects.ts';
import { findValidatable, isPolicy, toStages } from './stages.ts';
import type { Sighting } from './switches.ts';

/** What a sync will do to the cluster. */
export interface SyncPlan {
  readonly desired: readonly DesiredObject[];
  /** Objects to write, in stages. */
  readonly stages: readonly (readonly DesiredObject[])[];
  /** Identities to dry-run before the first write; empty where nothing needs it. */
  readonly validateFirst: ReadonlySet<string>;
  /** Whether objects are dry-run at all: one changed object is its own trial. */
  readonly validates: boolean;
  /** Names of the admission policies, there already, that this set changes: until then they judge by the old rules. */
  readonly changedPolicies: ReadonlySet<string>;
  /** Objects that left the set, in the order of deletion. */
  readonly prune: readonly ObjectRef[];
  /** What the status must hold before the first write, so that a crash orphans nothing. */
  readonly inventoryDuring: readonly InventoryEntry[];
  /** What the status holds when all went well. */
  readonly inventoryAfter: readonly InventoryEntry[];
  /** Whether `inventoryDuring` names objects that the stored inventory does not. */
  readonly inventoryGrows: boolean;
  /** True if the writes are expected to change nothing: these manifests were applied, or failed, before. */
  readonly isQuiet: boolean;
}

interface PlanInput {
  readonly desired: readonly DesiredObject[];
  readonly inventory: readonly InventoryEntry[];
  readonly prune: boolean;
  /** True if exactly these manifests were applied before: then a missing record is no reason for a trial run. */
  readonly appliedBefore: boolean;
  /** True if exactly these manifests failed before: trying again is no news, and is not told in advance. */
  readonly failedBefore?: boolean;
  readonly recordOf: (ref: ObjectRef) => ObjectRecord | undefined;
  /** What a watch shows of an object: what is there, and must be left as it is, needs no write. */
  readonly sightingOf?: (ref: ObjectRef) => Sighting | undefined;
}

/** Compares what shall be with the records of what was written, and with the inventory. Pure. */
export function planSync(input: PlanInput): SyncPlan {
  const { desired, inventory, prune, appliedBefore, recordOf } = input;
  const changed = desired.filter((object) => isToBeWritten(object, input));
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
  const changedPolicies = changed.filter(
    ({ ref }) => isPolicy(ref) && (stored.has(toInventoryEntry(ref).id) || recordOf(ref) !== undefined),
  );
  return {
    desired,
    stages: toStages(changed, new Set(changedPolicies.map(({ identity }) => identity))),
    validateFirst: validates ? findValidatable(changed) : new Set(),
    validates,
    changedPolicies: new Set(changedPolicies.map(({ ref }) => ref.name)),
    prune: prune ? removed.sort((a, b) => compareApplyOrder(b, a)) : [],
    inventoryDuring,
    inventoryAfter,
    inventoryGrows: inventoryDuring.some((entry) => !stored.has(entry.id)),
    isQuiet: (isRepeat || input.failedBefore === true) && (!prune || removed.length === 0),
  };
}

/** True if the plan writes to the cluster. */
export function hasWrites(plan: SyncPlan): boolean {
  return plan.stages.length > 0 || plan.prune.length > 0;
}

function isToBeWritten(object: DesiredObject, { recordOf, sightingOf }: PlanInput): boolean {
  if (isLeftAlone(object.object) || isNotWritten(object, sightingOf?.(object.ref))) return false;
  const record = recordOf(object.ref);
  return record === undefined || record.drift !== undefined || record.sentHash !== object.hash;
}
