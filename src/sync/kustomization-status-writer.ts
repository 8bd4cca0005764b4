import type { SyncPlan } from '../apply/plan-sync.ts';
import { HawserError } from '../errors/hawser-error.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import type { InventoryEntry } from '../model/inventory.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import { isSameStatus, toBeginning, toConclusion } from './kustomization-status.ts';
import type { Attempt, SyncOutcome } from './outcome.ts';
import { writeStatus } from './write-status.ts';

/** The at most two status writes of a Kustomization's sync. */
export interface KustomizationStatusWriter {
  /** The resource as last read or written. */
  current: Kustomization;
  /** The inventory that the conclusion stores; undefined keeps the stored one. */
  inventory: readonly InventoryEntry[] | undefined;
  /** Starts the first write, beside the dry-runs, unless nothing is expected to change. */
  begin(plan: SyncPlan): void;
  /** Resolves when objects may be written: at once, or once the grown inventory is stored. */
  readyToWrite(): Promise<void>;
  /** Writes the result, if it differs from what stands there; answers whether it did. */
  conclude(outcome: SyncOutcome): Promise<boolean>;
}

export function createKustomizationStatusWriter(
  deps: Pick<SyncDeps, 'client' | 'resources' | 'now' | 'targets'>,
  { kustomization, attempt, run }: { kustomization: Kustomization; attempt: Attempt; run: SyncRun },
): KustomizationStatusWriter {
  let begun: Promise<void> = Promise.resolve();
  let mustBeStored = false;
  const write = async (toStatus: (resource: Kustomization) => unknown) => {
    writer.current = await writeStatus(deps, { resource: writer.current, toStatus }, run);
  };
  const writer: KustomizationStatusWriter = {
    current: kustomization,
    inventory: undefined,
    begin(plan) {
      mustBeStored = plan.inventoryGrows;
      if (!mustBeStored && plan.isQuiet) return;
      const inventory = plan.inventoryDuring;
      begun = write((resource) => ({
        ...resource.status,
        ...toBeginning(resource, attempt, { inventory, now: deps.now() }),
      })).catch((error: unknown) => {
        throw toInventoryError(error, inventory.length);
      });
      // Awaited before the first write or with the conclusion; until then a failure must not count as unhandled.
      begun.catch(() => undefined);
    },
    readyToWrite: () => (mustBeStored ? begun : Promise.resolve()),
    async conclude(outcome) {
      await begun.catch((error: unknown) => {
        // What is to be told is this very failure.
        if (outcome.kind !== 'failed' || outcome.error !== error) throw error;
      });
      const fights = deps.targets.fightsOf(kustomization);
      const toStatus = (resource: Kustomization) =>
        toConclusion(resource, outcome, { attempt, inventory: writer.inventory, fights, now: deps.now() });
      if (isSameStatus(writer.current.status, toStatus(writer.current))) return false;
      await write(toStatus);
      return true;
    },
  };
  return writer;
}

/** The inventory is stored in one object, which etcd bounds to about 1.5 MB. */
function toInventoryError(error: unknown, objects: number): unknown {
  if (!(error instanceof KubeError) || !error.isTooLarge) return error;
  return new HawserError(
    'INVENTORY_TOO_LARGE',
    `the inventory of ${objects} objects is too large to be stored in the status, so nothing was applied: split the path among several Kustomizations`,
    { cause: error },
  );
}
