import type { LiveObjects } from '../apply/live-objects.ts';
import { ownerOf } from '../apply/ownership.ts';
import { type HealthStatus, hasHealthRule } from '../health/compute-health.ts';
import type { Cache } from '../kube/create-cache.ts';
import { type Condition, findCondition } from '../model/conditions.ts';
import { inventoryOf, parseInventoryEntry } from '../model/inventory.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { Queues } from '../queue/create-queues.ts';

interface JudgeDeps {
  readonly live: LiveObjects;
  readonly kustomizations: Pick<Cache, 'get'>;
  readonly queues: Pick<Queues, 'requestSync'>;
  readonly onError: (error: unknown) => void;
}

/** Asks for the owner's sync when the health of its objects is decided: all are healthy, or one has failed. */
export function createHealthJudge(deps: JudgeDeps) {
  return {
    judge(object: KubeObject, before: HealthStatus | undefined): void {
      const state = deps.live.live(refOf(object));
      if (!state || state.health.status === before || !isDecisive(state.health.status)) return;
      const key = ownerOf(object);
      const owner = key && deps.kustomizations.get(key.namespace, key.name);
      if (!key || !owner || !isWaiting(owner)) return;
      if (state.health.status === 'Failed' || areAllCurrent(owner, deps.live)) {
        deps.queues.requestSync({ key, cause: 'health' }).catch(deps.onError);
      }
    },
  };
}

function isDecisive(status: HealthStatus): boolean {
  return status === 'Current' || status === 'Failed';
}

/** True for a Kustomization that demands health and does not have it, be it still waiting or failed already. */
function isWaiting(kustomization: KubeObject): boolean {
  const { wait } = kustomization.spec as { wait?: boolean };
  const { conditions } = (kustomization.status ?? {}) as { conditions?: Condition[] };
  return wait === true && findCondition(conditions, 'Ready')?.status !== 'True';
}

function areAllCurrent(kustomization: KubeObject, live: LiveObjects): boolean {
  return inventoryOf(kustomization).every((entry) => {
    const ref = parseInventoryEntry(entry);
    return !ref || !hasHealthRule(ref) || live.live(ref)?.health.status === 'Current';
  });
}
