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

/** Throws what an HTTP status says about the repository; a status that says nothing (200, redirects) passes. */
export function checkStatus(answer: GitAnswer): void {
  const { status } = answer;
  const refusal = REFUSALS[status];
  if (refusal) throw new HawserError(refusal[0], `${refusal[1]}: ${reasonOf(answer)}`);
  if (status === 429 || (status === 503 && answer.headers['retry-after'] !== undefined)) {
    throw new HawserError('GIT_RATE_LIMITED', `the server asks to wait (HTTP ${status})`, { retryAt: retryAt(answer) });
  }
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

function retryAt({ headers }: GitAnswer): Date {
  const value = String(headers['retry-after'] ?? '');
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  const pause = Number.isFinite(seconds) ? Math.min(Math.max(seconds, 1), LONGEST_PAUSE_S) : DEFAULT_PAUSE_S;
  return new Date(Date.now() + pause * 1000);
}
