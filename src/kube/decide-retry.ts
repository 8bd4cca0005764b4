/** What one attempt came to, as far as a retry depends on it. */
export interface FailedAttempt {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Of the connection's error, such as `ECONNREFUSED`. */
  readonly errorCode?: string | undefined;
  /** The `Retry-After` header. */
  readonly retryAfter?: string | undefined;
  /** A 500 whose words say that a repetition would end the same way. */
  readonly isFinal?: boolean;
  /** Doing it twice is the same as doing it once. */
  readonly isIdempotent: boolean;
  /** Counted from 1. */
  readonly attempt: number;
}

const MOST_ATTEMPTS = 4;
const MOST_ATTEMPTS_IF_TOLD_TO_WAIT = 10;
const LONGEST_WAIT_MS = 30_000;
const BACKOFF_MS = [50, 200, 800];

/** Failures before the request was sent: nothing can have happened. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
/** 500 is what a change of etcd's leader, a webhook that timed out, and much else that passes looks like. */
const PASSING_SERVER_ERRORS = new Set([500, 502, 503, 504]);

/** How many milliseconds to wait before the next attempt (before jitter); undefined if there must not be one. */
export function decideRetry(failed: FailedAttempt): number | undefined {
  const { status, attempt } = failed;
  if (failed.isFinal) return undefined;
  const seconds = Number(failed.retryAfter);
  const isToldToWait = (status === 429 || status >= 500) && failed.retryAfter !== undefined && seconds >= 0;
  if (isToldToWait && (status === 429 || failed.isIdempotent)) {
    return attempt < MOST_ATTEMPTS_IF_TOLD_TO_WAIT ? Math.min(seconds * 1_000, LONGEST_WAIT_MS) : undefined;
  }
  if (attempt >= MOST_ATTEMPTS || !isRetryable(failed)) return undefined;
  return BACKOFF_MS[attempt - 1];
}

function isRetryable({ status, errorCode, isIdempotent, attempt }: FailedAttempt): boolean {
  if (status === 429) return true;
  // Credentials were loaded anew by the transport; once is enough to know whether that helped.
  if (status === 401) return attempt === 1;
  if (status === 0) return isIdempotent || NEVER_SENT.has(errorCode ?? '');
  return PASSING_SERVER_ERRORS.has(status) && isIdempotent;
}
