import type { KubeObject } from '../model/kube-object.ts';
import { current, firstOf, type Health, inProgressIf } from './health.ts';
import { readField, readNumber } from './read-status.ts';

/** One pod on every node that wants one; before its controller has looked, the zeros in its status mean nothing. */
export function computeDaemonSetHealth(object: KubeObject): Health {
  const wanted = readNumber(object, 'status.desiredNumberScheduled', -1);
  const scheduled = readNumber(object, 'status.currentNumberScheduled', 0);
  const updated = readNumber(object, 'status.updatedNumberScheduled', 0);
  const available = readNumber(object, 'status.numberAvailable', 0);
  const ready = readNumber(object, 'status.numberReady', 0);
  return firstOf(
    inProgressIf(object.metadata.generation === undefined, 'DaemonSet metadata.generation not found'),
    inProgressIf(
      readField(object, 'status.observedGeneration') === undefined,
      'DaemonSet status.observedGeneration not found',
    ),
    inProgressIf(wanted === -1, 'Missing .status.desiredNumberScheduled'),
    inProgressIf(wanted > scheduled, `Current: ${scheduled}/${wanted}`),
    inProgressIf(wanted > updated, `Updated: ${updated}/${wanted}`),
    inProgressIf(wanted > available, `Available: ${available}/${wanted}`),
    inProgressIf(wanted > ready, `Ready: ${ready}/${wanted}`),
    current(`All replicas scheduled as expected. Replicas: ${wanted}`),
  );
}
