import type { KubeObject } from '../model/kube-object.ts';
import { current, failed, firstOf, type Health, inProgressIf } from './health.ts';
import { isConditionTrue, readConditions, readNumber } from './read-status.ts';

/** What the controller takes for "no deadline": then it writes no Progressing condition. */
const NO_DEADLINE = 2 ** 31 - 1;

/** Rolled out when all replicas are updated, available and ready, and both conditions say so. */
export function computeDeploymentHealth(object: KubeObject): Health {
  const wanted = readNumber(object, 'spec.replicas', 1);
  const { replicas, updated, ready, available } = readReplicas(object);
  const progressing = readConditions(object).find((condition) => condition.type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') return failed('Progress deadline exceeded');

  const hasDeadline = readNumber(object, 'spec.progressDeadlineSeconds', NO_DEADLINE) !== NO_DEADLINE;
  const isProgressed = progressing?.status === 'True' && progressing.reason === 'NewReplicaSetAvailable';
  return firstOf(
    inProgressIf(wanted > replicas, `Replicas: ${replicas}/${wanted}`),
    inProgressIf(wanted > updated, `Updated: ${updated}/${wanted}`),
    inProgressIf(replicas > wanted, `Pending termination: ${replicas - wanted}`),
    inProgressIf(updated > available, `Available: ${available}/${updated}`),
    inProgressIf(wanted > ready, `Ready: ${ready}/${wanted}`),
    inProgressIf(hasDeadline && !isProgressed, 'ReplicaSet not Available'),
    inProgressIf(!isConditionTrue(object, 'Available'), 'Deployment not Available'),
    current(`Deployment is available. Replicas: ${replicas}`),
  );
}

function readReplicas(object: KubeObject) {
  return {
    replicas: readNumber(object, 'status.replicas', 0),
    updated: readNumber(object, 'status.updatedReplicas', 0),
    ready: readNumber(object, 'status.readyReplicas', 0),
    available: readNumber(object, 'status.availableReplicas', 0),
  };
}
