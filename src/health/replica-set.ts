import type { KubeObject } from '../model/kube-object.ts';
import { current, firstOf, type Health, inProgressIf } from './health.ts';
import { isConditionTrue, readNumber } from './read-status.ts';

/** All replicas labelled, available and ready, and none too many. */
export function computeReplicaSetHealth(object: KubeObject): Health {
  const wanted = readNumber(object, 'spec.replicas', 1);
  const replicas = readNumber(object, 'status.replicas', 0);
  const labelled = readNumber(object, 'status.fullyLabeledReplicas', 0);
  const available = readNumber(object, 'status.availableReplicas', 0);
  const ready = readNumber(object, 'status.readyReplicas', 0);
  return firstOf(
    inProgressIf(isConditionTrue(object, 'ReplicaFailure'), 'Replica Failure condition. Check Pods'),
    inProgressIf(wanted > labelled, `Labelled: ${labelled}/${wanted}`),
    inProgressIf(wanted > available, `Available: ${available}/${wanted}`),
    inProgressIf(wanted > ready, `Ready: ${ready}/${wanted}`),
    inProgressIf(replicas > wanted, `Pending termination: ${replicas - wanted}`),
    current(`ReplicaSet is available. Replicas: ${replicas}`),
  );
}
