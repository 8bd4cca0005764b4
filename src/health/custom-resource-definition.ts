import type { KubeObject } from '../model/kube-object.ts';
import { current, failed, type Health, inProgress } from './health.ts';
import { describeCondition, readConditions } from './read-status.ts';

/** Established, or refused because its names are taken. */
export function computeCustomResourceDefinitionHealth(object: KubeObject): Health {
  for (const condition of readConditions(object)) {
    const { type, status, reason } = condition;
    if (type === 'NamesAccepted' && status === 'False') return failed(describeCondition(condition));
    if (type !== 'Established') continue;
    if (status === 'True') return current('CRD is established');
    if (status === 'False' && reason !== 'Installing') return failed(describeCondition(condition));
  }
  return inProgress('Install in progress');
}
