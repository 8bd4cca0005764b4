import { parseDuration } from '../model/duration.ts';
import type { Kustomization } from '../model/kustomization.ts';

const DEFAULT_INTERVAL_MS = 60_000;
const TIMEOUT_MARGIN_MS = 30_000;
const SHORTEST_TIMEOUT_MS = 30_000;

/** Milliseconds between syncs without a cause. */
export function intervalOf(resource: { spec: { interval: string } }): number {
  return parseDuration(resource.spec.interval) ?? DEFAULT_INTERVAL_MS;
}

/** Milliseconds until a failed sync is tried again: `retryInterval`, else the interval (Flux). */
export function retryIntervalOf(kustomization: Kustomization): number {
  return parseDuration(kustomization.spec.retryInterval) ?? intervalOf(kustomization);
}

/** Milliseconds that a sync and its health may take: as given or the interval less 30 s, never under 30 s (Flux). */
export function timeoutOf(kustomization: Kustomization): number {
  const given = parseDuration(kustomization.spec.timeout) ?? intervalOf(kustomization) - TIMEOUT_MARGIN_MS;
  return Math.max(given, SHORTEST_TIMEOUT_MS);
}
