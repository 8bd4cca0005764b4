import type { KubeObject } from '../model/kube-object.ts';
import { current, firstOf, type Health, inProgressIf } from './health.ts';
import { readField, readNumber, readText } from './read-status.ts';

/** Judged by numbers and revisions alone: its controller writes no conditions, so it never counts as failed. */
export function computeStatefulSetHealth(object: KubeObject): Health {
  if (readText(object, 'spec.updateStrategy.type', '') === 'OnDelete') {
    return current('StatefulSet is using the ondelete update strategy');
  }
  const wanted = readNumber(object, 'spec.replicas', 1);
  const replicas = readNumber(object, 'status.replicas', 0);
  const ready = readNumber(object, 'status.readyReplicas', 0);
  return firstOf(
    inProgressIf(wanted > replicas, `Replicas: ${replicas}/${wanted}`),
    inProgressIf(wanted > ready, `Ready: ${ready}/${wanted}`),
    inProgressIf(replicas > wanted, `Pending termination: ${replicas - wanted}`),
    hasPartition(object) ? computePartitionHealth(object, wanted) : computeRevisionHealth(object, wanted, replicas),
  );
}

function hasPartition(object: KubeObject): boolean {
  return typeof readField(object, 'spec.updateStrategy.rollingUpdate.partition') === 'number';
}

/** With a partition only the pods above it are updated. */
function computePartitionHealth(object: KubeObject, wanted: number): Health {
  const toUpdate = wanted - readNumber(object, 'spec.updateStrategy.rollingUpdate.partition', 0);
  const updated = readNumber(object, 'status.updatedReplicas', 0);
  return firstOf(
    inProgressIf(updated < toUpdate, `updated: ${updated}/${toUpdate}`),
    current(`Partition rollout complete. updated: ${updated}`),
  );
}

function computeRevisionHealth(object: KubeObject, wanted: number, replicas: number): Health {
  const atRevision = readNumber(object, 'status.currentReplicas', 0);
  const isUpdated = readText(object, 'status.currentRevision', '') === readText(object, 'status.updateRevision', '');
  return firstOf(
    inProgressIf(wanted > atRevision, `current: ${atRevision}/${wanted}`),
    inProgressIf(!isUpdated, 'Waiting for updated revision to match current'),
    current(`All replicas scheduled as expected. Replicas: ${replicas}`),
  );
}
