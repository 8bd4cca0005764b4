import type { PostResult } from './commit-status.ts';

interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The provider's own words; empty for a success. */
  readonly message: string;
}

/** GitHub asks for at least a minute where it names no time. */
const DEFAULT_PAUSE_MS = 60_000;
const SHORTEST_PAUSE_MS = 1_000;
/** Limits are renewed every hour; a header that says more is wrong. */
const LONGEST_PAUSE_MS = 3_900_000;

const NEEDED = 'it needs the scope repo:status, or the permission "Commit statuses: write" for this repository';

/** What a person must do about a refusal. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'the token is wrong, expired or revoked: set another one',
  403: `the token may not write commit statuses: ${NEEDED}`,
  404: `the repository does not exist or the token cannot see it: ${NEEDED}`,
  422: 'the commit is not in this repository, or it has 1000 statuses of this context already',
};

/** What GitHub's answer to a new status means. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export function toPostResult(answer: Answer, now: number): PostResult {
  const { status, message } = answer;
  if (status === 201) return { kind: 'posted' };
  if (isRateLimit(answer)) return toPause(answer, now);
  if (status < 400 || status >= 500 || status === 408 || status === 409) {
    return { kind: 'retry', message: `GitHub answered ${status}${message === '' ? '' : `: ${message}`}` };
  }
  const advice = ADVICE[status] ?? 'see the documentation of the provider';
  return { kind: 'failed', message: `GitHub answered ${status} (${message}): ${advice}` };
}

/** 403 means both "not allowed" and "too fast"; a secondary limit may come without any header. */
function isRateLimit({ status, headers, message }: Answer): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return (
    headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0' || /rate limit/i.test(message)
  );
}

function toPause({ headers }: Answer, now: number): PostResult {
  const retryAfterMs = toNumber(headers['retry-after'], 1_000);
  const resetAt = headers['x-ratelimit-remaining'] === '0' ? toNumber(headers['x-ratelimit-reset'], 1_000) : undefined;
  const pauseMs = retryAfterMs ?? (resetAt === undefined ? undefined : resetAt - now);
  if (pauseMs === undefined) return { kind: 'rateLimited', retryAfterMs: DEFAULT_PAUSE_MS, told: false };
  const bounded = Math.min(Math.max(pauseMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
  return { kind: 'rateLimited', retryAfterMs: bounded, told: true };
}

function toNumber(header: unknown, factor: number): number | undefined {
  return typeof header === 'string' && /^\d{1,12}$/.test(header) ? Number(header) * factor : undefined;
}
