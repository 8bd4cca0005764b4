import type { KubeObject } from '../model/kube-object.ts';
import { current, type Health, inProgress } from './health.ts';
import { readText } from './read-status.ts';

/** Only a load balancer is waited for, and only until it has a cluster address, as in kstatus. */
export function computeServiceHealth(object: KubeObject): Health {
  const isWaiting =
    readText(object, 'spec.type', 'ClusterIP') === 'LoadBalancer' && readText(object, 'spec.clusterIP', '') === '';
  return isWaiting ? inProgress('ClusterIP not set. Service type: LoadBalancer') : current('Service is ready');
}
