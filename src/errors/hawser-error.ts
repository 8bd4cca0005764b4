import { type Disposition, ERROR_CODES, type ErrorCode } from './codes.ts';
import { redact, redactData } from './redact.ts';

interface ErrorDetails {
  /** Facts about the failure, for logs and callers; redacted. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Condition reason, where it differs from the code's own. */
  readonly reason?: string;
  readonly disposition?: Disposition;
  /** When to try again; implies the disposition `retryAt`. */
  readonly retryAt?: Date;
}

/** The base of every error that Hawser throws: a stable code, a condition reason, and what to do about it. */
export class HawserError extends Error {
  override readonly name: string = 'HawserError';
  readonly code: ErrorCode;
  readonly reason: string;
  readonly disposition: Disposition;
  readonly data: Readonly<Record<string, unknown>>;
  readonly retryAt: Date | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(redact(message), details.cause === undefined ? undefined : { cause: details.cause });
    const info = ERROR_CODES[code];
    this.code = code;
    this.reason = details.reason ?? info.reason;
    this.retryAt = details.retryAt;
    this.disposition = details.retryAt ? 'retryAt' : (details.disposition ?? info.disposition);
    this.data = redactData(details.data ?? {}) as Readonly<Record<string, unknown>>;
  }
}

/** The text of anything thrown, redacted, with the innermost cause appended where it says more. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join('\n');
  if (!(error instanceof Error)) return redact(String(error));
  const cause = error.cause instanceof Error && !(error instanceof HawserError) ? `: ${messageOf(error.cause)}` : '';
  return redact(`${error.message || error.name}${cause}`);
}
