import type { ErrorCode } from '../errors/codes.ts';
import { HawserError } from '../errors/hawser-error.ts';
import type { GitAnswer } from './create-transport.ts';

const REFUSALS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  401: ['GIT_AUTHENTICATION_FAILED', 'authentication required'],
  403: ['GIT_AUTHENTICATION_FAILED', 'authorization failed'],
  404: ['GIT_REPOSITORY_NOT_FOUND', 'repository not found'],
  410: ['GIT_REPOSITORY_NOT_FOUND', 'repository not found'],
};

const LONGEST_REASON = 200;
const LONGEST_PAUSE_S = 3600;
const DEFAULT_PAUSE_S = 60;

/**
 * Throws what an HTTP status says about the repository; a status that says nothing (200, redirects) passes. Times are
 * milliseconds since the epoch.
 */
export function checkStatus(answer: GitAnswer, now = Date.now()): void {
  const { status } = answer;
  if (isRateLimited(answer)) {
    const retryAt = pauseEnd(answer.headers, now);
    const until = `${retryAt.toISOString().slice(0, 19)}Z`;
    throw new HawserError('GIT_RATE_LIMITED', `the server asks to wait until ${until} (HTTP ${status})`, { retryAt });
  }
  const refusal = REFUSALS[status];
  if (refusal) throw new HawserError(refusal[0], `${refusal[1]}: ${reasonOf(answer)}`);
  if (status >= 500) {
    throw new HawserError('GIT_UNREACHABLE', `the server failed (HTTP ${status}): ${reasonOf(answer)}`);
  }
  if (status >= 400)
    throw new HawserError('GIT_RESPONSE_INVALID', `the server answered HTTP ${status}: ${reasonOf(answer)}`);
}

/** Hosts explain themselves in plain text; pages are not quoted. */
function reasonOf({ headers, body }: GitAnswer): string {
  if (!String(headers['content-type'] ?? '').startsWith('text/plain')) return '';
  return body.toString('utf8', 0, LONGEST_REASON).replace(/\s+/g, ' ').trim();
}

/** GitHub answers 403 too, for its secondary limits with Retry-After and for the primary one with what is left: nothing. */
function isRateLimited({ status, headers }: GitAnswer): boolean {
  if (status === 429) return true;
  if (status === 403 && headers['x-ratelimit-remaining'] === '0') return true;
  return (status === 503 || status === 403) && headers['retry-after'] !== undefined;
}

/** As Retry-After says, in seconds or as a date; else when the limit is reset; never more than an hour ahead. */
function pauseEnd(headers: GitAnswer['headers'], now: number): Date {
  const asked = [readRetryAfter(headers, now), readReset(headers, now)].find(Number.isFinite) ?? DEFAULT_PAUSE_S;
  const end = now / 1000 + Math.min(Math.max(asked, 1), LONGEST_PAUSE_S);
  return new Date(Math.ceil(end) * 1000);
}

function readRetryAfter(headers: GitAnswer['headers'], now: number): number {
  const value = String(headers['retry-after'] ?? '');
  return /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
}

function readReset(headers: GitAnswer['headers'], now: number): number {
  const value = String(headers['x-ratelimit-reset'] ?? '');
  return headers['x-ratelimit-remaining'] === '0' && /^\d+$/.test(value) ? Number(value) - now / 1000 : Number.NaN;
}
