import type { KubeObject } from '../model/kube-object.ts';
import { current, failed, type Health, inProgress } from './health.ts';
import { isConditionTrue, readField, readNumber, readText } from './read-status.ts';

/** Flux's rule, stricter than kstatus': a job is Current when it is complete (or suspended), not while it runs. */
export function computeJobHealth(object: KubeObject): Health {
  if (readField(object, 'spec.suspend') === true) return current('Job is suspended');
  const parallelism = readNumber(object, 'spec.parallelism', 1);
  const completions = readNumber(object, 'spec.completions', parallelism);
  const active = readNumber(object, 'status.active', 0);
  const succeeded = readNumber(object, 'status.succeeded', 0);
  const failures = readNumber(object, 'status.failed', 0);
  if (isConditionTrue(object, 'Complete')) return current(`Job Completed. succeeded: ${succeeded}/${completions}`);
  if (isConditionTrue(object, 'Failed')) return failed(`Job Failed. failed: ${failures}/${completions}`);
  if (readText(object, 'status.startTime', '') === '') return inProgress(`Job not started. active: 0/${parallelism}`);
  return inProgress(`Job in progress. success:${succeeded}, active: ${active}, failed: ${failures}`);
}
