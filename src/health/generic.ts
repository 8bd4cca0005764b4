import type { KubeObject } from '../model/kube-object.ts';
import { current, failed, type Health, inProgress, unknown } from './health.ts';
import { describeCondition, hasMalformedConditions, readConditions, readField } from './read-status.ts';

/** What holds for every kind, before its own rule: being deleted, a generation not yet observed, kstatus' conditions. */
export function computeGenericHealth(object: KubeObject): Health | undefined {
  return computeTerminatingHealth(object) ?? computeUnobservedHealth(object) ?? computeConditionsHealth(object);
}

/** Terminating, if the object is being deleted. */
export function computeTerminatingHealth(object: KubeObject): Health | undefined {
  if (!object.metadata.deletionTimestamp) return undefined;
  return { status: 'Terminating', message: 'Resource scheduled for deletion' };
}

/** In progress while the status is of another generation than the object; undefined where either is not a number. */
export function computeUnobservedHealth(object: KubeObject): Health | undefined {
  const { generation } = object.metadata;
  const observed = readField(object, 'status.observedGeneration');
  if (typeof generation !== 'number' || typeof observed !== 'number' || observed === generation) return undefined;
  return inProgress(`${object.kind} generation is ${generation}, but latest observed generation is ${observed}`);
}

/** For a kind without a rule: what its Ready condition says, and Current where it has none. */
export function computeReadyHealth(object: KubeObject): Health {
  const ready = readConditions(object).find((condition) => condition.type === 'Ready');
  if (ready?.status === 'True') return current('Resource is Ready');
  if (ready?.status === 'False' || ready?.status === 'Unknown') return inProgress(describeCondition(ready));
  return current('Resource is current');
}

function computeConditionsHealth(object: KubeObject): Health | undefined {
  if (hasMalformedConditions(object)) return unknown('status.conditions is malformed');
  for (const condition of readConditions(object)) {
    if (condition.status !== 'True') continue;
    if (condition.type === 'Reconciling') return inProgress(describeCondition(condition));
    if (condition.type === 'Stalled') return failed(describeCondition(condition));
  }
  return undefined;
}
