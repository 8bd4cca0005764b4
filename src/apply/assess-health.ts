import { type Health, hasHealthRule } from '../health/compute-health.ts';
import { formatSubject, type ObjectRef } from '../model/kube-object.ts';
import type { DesiredObject } from './desired.ts';
import { isLeftAlone } from './desired.ts';
import type { LiveObjects } from './live-objects.ts';

/** The verdict over a set of objects. */
export type HealthVerdict =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'waiting'; readonly unhealthy: readonly string[] }
  | { readonly kind: 'failed'; readonly unhealthy: readonly string[] };

/** Judges a set by what is known of its objects: any failure fails it, anything unfinished makes it wait. Pure. */
export function assessHealth(
  desired: readonly DesiredObject[],
  live: Pick<LiveObjects, 'live' | 'record'>,
): HealthVerdict {
  const judged = desired
    .filter(({ ref, object }) => hasHealthRule(ref) && !isLeftAlone(object))
    .map(({ ref }) => ({ ref, health: healthOf(ref, live) }));
  const failed = judged.filter(({ health }) => health.status === 'Failed');
  if (failed.length > 0) return { kind: 'failed', unhealthy: failed.map(describe) };
  const waiting = judged.filter(({ health }) => health.status !== 'Current');
  return waiting.length > 0 ? { kind: 'waiting', unhealthy: waiting.map(describe) } : { kind: 'healthy' };
}

const UNKNOWN: Health = { status: 'Unknown', message: '' };

/** Only a state at least as new as our own write counts. */
function healthOf(ref: ObjectRef, live: Pick<LiveObjects, 'live' | 'record'>): Health {
  const state = live.live(ref);
  const isOld = (state?.generation ?? 0) < (live.record(ref)?.generation ?? 0);
  return state && !isOld ? state.health : UNKNOWN;
}

function describe({ ref, health }: { ref: ObjectRef; health: Health }): string {
  const detail = health.message === '' ? '' : `: ${health.message}`;
  return `${formatSubject(ref)} status: '${health.status}'${detail}`;
}
