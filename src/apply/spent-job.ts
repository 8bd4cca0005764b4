import { type Condition, findCondition } from '../model/conditions.ts';
import type { KubeObject, ObjectRef } from '../model/kube-object.ts';
import type { LiveObjects } from './live-objects.ts';

/** Whether a Job is finished and will be, or was, cleaned up by its own `ttlSecondsAfterFinished`: to create it anew would run it again. */
export function isSpent({ kind, spec, status }: KubeObject): boolean {
  if (kind !== 'Job') return false;
  const { ttlSecondsAfterFinished } = (spec ?? {}) as { ttlSecondsAfterFinished?: number };
  const { conditions } = (status ?? {}) as { conditions?: Condition[] };
  const isFinished = ['Complete', 'Failed'].some((type) => findCondition(conditions, type)?.status === 'True');
  return ttlSecondsAfterFinished !== undefined && isFinished;
}

/** Whether a Job that we applied is gone and was not missed: it was cleaned up. Pure. */
export function isSpentJob(live: Pick<LiveObjects, 'live' | 'record'>, ref: ObjectRef): boolean {
  const record = live.record(ref);
  return ref.kind === 'Job' && record !== undefined && !record.drift && live.live(ref) === undefined;
}
