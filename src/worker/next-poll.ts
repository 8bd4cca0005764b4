import { createHash } from 'node:crypto';
import type { GitRepository } from '../model/git-repository.ts';
import { toRepositoryIdentity } from '../model/repository-url.ts';
import { intervalOf } from '../sync/timing.ts';

/** How much later than its interval a poll may come, as a part of it. */
const TOLERANCE = 0.05;

/**
 * When a source is polled next. All sources of one repository poll at the same times, so that one request answers them:
 * at the multiples of their interval, counted from an offset that the repository's address decides. So the polls of
 * many repositories spread evenly, and stay where they are over restarts and among several processes. Pure.
 */
export function nextPollAt(source: Pick<GitRepository, 'spec'>, now: Date): Date {
  const intervalMs = Math.max(1, Math.round(intervalOf(source)));
  const offset = offsetOf(source.spec.url) % intervalMs;
  const latest = now.getTime() + Math.ceil(intervalMs * (1 + TOLERANCE));
  return new Date(offset + Math.floor((latest - offset) / intervalMs) * intervalMs);
}

const OFFSET_BYTES = 6;

function offsetOf(url: string): number {
  const identity = toRepositoryIdentity(url) ?? url;
  return createHash('sha256').update(identity).digest().readUIntBE(0, OFFSET_BYTES);
}
