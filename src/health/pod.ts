import { isPlainObject } from '../manifest/plain-object.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { current, failed, type Health, inProgress, unknown } from './health.ts';
import { isConditionTrue, readConditions, readField, readText } from './read-status.ts';

/** The scheduler gets this long before a pod that fits nowhere counts as failed. */
const SCHEDULE_WINDOW_MS = 15_000;

/** By phase; a pod that ran and failed is Current, as in kstatus: nothing will change it any more. */
export function computePodHealth(object: KubeObject, now: Date): Health {
  const phase = readText(object, 'status.phase', '');
  switch (phase) {
    case 'Succeeded':
      return current('Pod has completed successfully');
    case 'Failed':
      return current('Pod has completed, but not successfully');
    case 'Running':
      return computeRunningHealth(object);
    case 'Pending':
      return computePendingHealth(object, now);
    case '':
      return inProgress('Pod phase not available');
    default:
      return unknown(`unknown phase ${phase}`);
  }
}

function computeRunningHealth(object: KubeObject): Health {
  if (isConditionTrue(object, 'Ready')) return current('Pod is Ready');
  const looping = findCrashLooping(object);
  if (looping.length > 0) return failed(`Containers in CrashLoop state: ${looping.join(',')}`);
  return inProgress('Pod is running but is not Ready');
}

function findCrashLooping(object: KubeObject): string[] {
  const containers = readField(object, 'status.containerStatuses');
  if (!Array.isArray(containers)) return [];
  return containers.filter(isCrashLooping).map((container) => String(container.name));
}

function isCrashLooping(container: unknown): container is { name: unknown } {
  if (!isPlainObject(container) || !isPlainObject(container.state)) return false;
  const { waiting } = container.state;
  return isPlainObject(waiting) && waiting.reason === 'CrashLoopBackOff';
}

function computePendingHealth(object: KubeObject, now: Date): Health {
  const isUnschedulable = readConditions(object).some(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );
  if (!isUnschedulable) return inProgress('Pod is in the Pending phase');
  const age = now.getTime() - Date.parse(object.metadata.creationTimestamp ?? '');
  return age < SCHEDULE_WINDOW_MS ? inProgress('Pod has not been scheduled') : failed('Pod could not be scheduled');
}
