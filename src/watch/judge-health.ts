import type { LiveObjects } from '../apply/live-objects.ts';
import { ownerOf } from '../apply/ownership.ts';
import { isSpentJob } from '../apply/spent-job.ts';
import { type HealthStatus, hasHealthRule } from '../health/compute-health.ts';
import type { Cache } from '../kube/create-cache.ts';
import type { WatchEventType } from '../kube/kube-client.ts';
import { type Condition, findCondition } from '../model/conditions.ts';
import { inventoryOf, parseInventoryEntry } from '../model/inventory.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { wantsHealth } from '../model/kustomization-health.ts';
import type { Queues } from '../queue/create-queues.ts';
import { coversKind } from './expressions.ts';
import { insist } from './insist.ts';

interface JudgeDeps {
  readonly live: LiveObjects;
  readonly kustomizations: Pick<Cache, 'get'>;
  readonly queues: Pick<Queues, 'requestSync'>;
  readonly onError: (error: unknown) => void;
}

/** Asks for the owner's sync when the health of its objects is decided: all are healthy, or one has failed; and, once the owner is being deleted, when one of them is gone. */
export function createHealthJudge(deps: JudgeDeps) {
  return {
    judge(type: WatchEventType, object: KubeObject, before: HealthStatus | undefined): void {
      const key = ownerOf(object);
      const owner = key && deps.kustomizations.get(key.namespace, key.name);
      if (!key || !owner) return;
      const isTerminating = owner.metadata.deletionTimestamp !== undefined;
      if (isTerminating ? type !== 'DELETED' : !isWaitingForHealth(owner)) return;
      if (isTerminating || isDecided(deps.live, { owner, type, object, before })) {
        void insist(() => deps.queues.requestSync({ key, cause: 'health' }), deps.onError);
      }
    },
  };
}

interface Seen {
  readonly owner: KubeObject;
  readonly type: WatchEventType;
  readonly object: KubeObject;
  readonly before: HealthStatus | undefined;
}

function isDecided(live: LiveObjects, { owner, type, object, before }: Seen): boolean {
  const ref = refOf(object);
  // What an expression says is the sync's to find out; a Job that is gone may have been cleaned up.
  if (coversKind(owner, ref) || type === 'DELETED') return true;
  const status = live.live(ref)?.health.status;
  if (status === before) return false;
  if (status === 'Failed') return true;
  return status === 'Current' && areAllCurrent(owner, live);
}

/** True for a Kustomization that demands health and does not have it, be it still waiting or failed already. */
export function isWaitingForHealth(kustomization: KubeObject): boolean {
  const { conditions } = (kustomization.status ?? {}) as { conditions?: Condition[] };
  return wantsHealth(kustomization) && findCondition(conditions, 'Ready')?.status !== 'True';
}

/** Without `wait` only some objects count: their Kustomization is asked for at each step. */
function areAllCurrent(kustomization: KubeObject, live: LiveObjects): boolean {
  if (!(kustomization as Kustomization).spec.wait) return true;
  return inventoryOf(kustomization).every((entry) => {
    const ref = parseInventoryEntry(entry);
    if (!ref || !hasHealthRule(ref) || coversKind(kustomization, ref)) return true;
    return isSpentJob(live, ref) || live.live(ref)?.health.status === 'Current';
  });
}
