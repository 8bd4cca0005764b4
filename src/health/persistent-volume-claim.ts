import type { KubeObject } from '../model/kube-object.ts';
import { current, type Health, inProgress } from './health.ts';
import { readText } from './read-status.ts';

/** Current once a volume is bound. A class that binds on first use stays in progress until a pod uses the claim. */
export function computePersistentVolumeClaimHealth(object: KubeObject): Health {
  const phase = readText(object, 'status.phase', 'unknown');
  return phase === 'Bound' ? current('PVC is Bound') : inProgress(`PVC is not Bound. phase: ${phase}`);
}
