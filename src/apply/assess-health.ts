import { hasHealthRule } from '../health/compute-health.ts';
import { formatSubject } from '../model/kube-object.ts';
import type { DesiredObject } from './desired.ts';
import { isLeftAlone } from './desired.ts';
import type { LiveObjects } from './live-objects.ts';

/** The verdict over a set of objects. */
export type HealthVerdict =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'waiting'; readonly unhealthy: readonly string[] }
  | { readonly kind: 'failed'; readonly unhealthy: readonly string[] };

/** Judges a set by what is known of its objects: any failure fails it, anything unfinished makes it wait. Pure. */
export function assessHealth(desired: readonly DesiredObject[], live: Pick<LiveObjects, 'live' | 'record'>): HealthVerdict {
  const waiting: string[] = [];
  const failed: string[] = [];
  for (const { ref, object } of desired) {
    if (isLeftAlone(object) || !hasHealthRule(ref)) continue;
    const state = live.live(ref);
    const record = live.record(ref);
    const isOld = (state?.generation ?? 0) < (record?.generation ?? 0);
    const health = state && !isOld ? state.health : undefined;
    if (health?.status === 'Current') continue;
    const line = `${formatSubject(ref)} status: '${health?.status ?? 'Unknown'}'${health?.message ? `: ${health.message}` : ''}`;
    (health?.status === 'Failed' ? failed : waiting).push(line);
  }
  if (failed.length > 0) return { kind: 'failed', unhealthy: failed };
  return waiting.length > 0 ? { kind: 'waiting', unhealthy: waiting } : { kind: 'healthy' };
}
