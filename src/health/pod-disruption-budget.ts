import type { KubeObject } from '../model/kube-object.ts';
import { current, type Health } from './health.ts';

/** Current once its generation is observed, which was checked before: its controller tells of nothing else. */
export function computePodDisruptionBudgetHealth(_object: KubeObject): Health {
  return current('AllowedDisruptions has been computed.');
}
