import type { Health } from '../health/compute-health.ts';
import { formatSubject, type ObjectRef } from '../model/kube-object.ts';

/** The verdict over a set of objects. */
export type HealthVerdict =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'waiting'; readonly unhealthy: readonly string[] }
  | { readonly kind: 'failed'; readonly unhealthy: readonly string[] };

/** An object and what is known of its health. */
export interface JudgedObject {
  readonly ref: ObjectRef;
  readonly health: Health;
}

/** Judges a set: any failure fails it, anything unfinished makes it wait. Pure. */
export function assessHealth(judged: readonly JudgedObject[]): HealthVerdict {
  const failed = judged.filter(({ health }) => health.status === 'Failed');
  if (failed.length > 0) return { kind: 'failed', unhealthy: failed.map(describe) };
  const waiting = judged.filter(({ health }) => health.status !== 'Current');
  return waiting.length > 0 ? { kind: 'waiting', unhealthy: waiting.map(describe) } : { kind: 'healthy' };
}

function describe({ ref, health }: JudgedObject): string {
  const detail = health.message === '' ? '' : `: ${health.message}`;
  return `${formatSubject(ref)} status: '${health.status}'${detail}`;
}
