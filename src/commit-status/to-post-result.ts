import type { PostResult } from './commit-status.ts';

/** A provider's answer to a new status. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** The provider's own words; empty for a success. */
  readonly message: string;
}

/** How a provider answers, and what to do about its refusals. */
export interface ProviderWords {
  /** For people. */
  readonly name: string;
  /** Answers that mean that the status stands. */
  readonly posted: readonly number[];
  /** What a person must do, by status code. */
  readonly advice: Readonly<Record<number, string>>;
  /** Refusals that say that the status stands already. */
  readonly stands?: (answer: Answer) => boolean;
}

/** GitHub asks for at least a minute where it names no time. */
const DEFAULT_PAUSE_MS = 60_000;
const SHORTEST_PAUSE_MS = 1_000;
/** Limits are renewed every hour; a header that says more is wrong. */
const LONGEST_PAUSE_MS = 3_900_000;

const TOKEN_REFUSED = new Set([401, 403, 404]);

/** What a provider's answer to a new status means. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
export function toPostResult(answer: Answer, words: ProviderWords, now: number): PostResult {
  const { status, message } = answer;
  if (words.posted.includes(status) || words.stands?.(answer)) return { kind: 'posted' };
  if (isRateLimit(answer)) return toPause(answer, now);
  const advice = words.advice[status];
  if (advice === undefined && isPassing(status)) {
    return { kind: 'retry', message: `${words.name} answered ${status}${message === '' ? '' : `: ${message}`}` };
  }
  return {
    kind: 'failed',
    message: `${words.name} answered ${status} (${message}): ${advice ?? 'see the documentation of the provider'}`,
    byCredential: TOKEN_REFUSED.has(status) || status < 400,
  };
}

/** A redirect leads nowhere by itself: it is a repository that moved, or a page to sign in. */
function isPassing(status: number): boolean {
  if (status === 408 || status === 409 || status === 423 || status === 425) return true;
  return status < 300 || status >= 500;
}

/** 403 means both "not allowed" and "too fast"; a secondary limit may come without any header. */
function isRateLimit({ status, headers, message }: Answer): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return headers['retry-after'] !== undefined || remaining(headers) === '0' || /rate limit/i.test(message);
}

function toPause({ headers }: Answer, now: number): PostResult {
  const retryAfterMs = toNumber(headers['retry-after'], 1_000);
  const resetAt = remaining(headers) === '0' ? toNumber(resetOf(headers), 1_000) : undefined;
  const pauseMs = retryAfterMs ?? (resetAt === undefined ? undefined : resetAt - now);
  if (pauseMs === undefined) return { kind: 'rateLimited', retryAfterMs: DEFAULT_PAUSE_MS, told: false };
  const bounded = Math.min(Math.max(pauseMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
  return { kind: 'rateLimited', retryAfterMs: bounded, told: true };
}

/** GitHub and Azure say `x-ratelimit-…`, GitLab `ratelimit-…`. */
function remaining(headers: Answer['headers']): unknown {
  return headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining'];
}

function resetOf(headers: Answer['headers']): unknown {
  return headers['x-ratelimit-reset'] ?? headers['ratelimit-reset'];
}

function toNumber(header: unknown, factor: number): number | undefined {
  return typeof header === 'string' && /^\d{1,12}$/.test(header) ? Number(header) * factor : undefined;
}
