import type { FastifyReply } from 'fastify';
import type { ErrorCode } from '../errors/codes.ts';
import { HawserError } from '../errors/hawser-error.ts';

/** What an error looks like to an HTTP client. */
interface ErrorReply {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Errors whose message is meant for the client. */
const STATUS_BY_CODE: Partial<Record<ErrorCode, number>> = {
  WEBHOOK_BODY_INVALID: 400,
  TRIGGER_INVALID: 400,
  HTTP_REQUEST_INVALID: 400,
  WEBHOOK_SIGNATURE_MISSING: 401,
  WEBHOOK_SIGNATURE_INVALID: 401,
  AUTH_MISSING: 401,
  AUTH_INVALID: 401,
  ACCESS_FORBIDDEN: 403,
  HTTP_NOT_FOUND: 404,
  HTTP_BODY_INCOMPLETE: 408,
  HTTP_BODY_TOO_LARGE: 413,
  IDEMPOTENCY_KEY_REUSED: 422,
  HTTP_OVERLOADED: 503,
  AUTH_UNAVAILABLE: 503,
  DELIVERY_NOT_STORED: 503,
};

const RETRY_AFTER_S = 5;

/** The status and words for an error; of one that is not meant for clients only that there was one. */
export function toErrorReply(error: unknown): ErrorReply {
  if (!(error instanceof HawserError)) return toFrameworkReply(error);
  const status = STATUS_BY_CODE[error.code];
  if (status !== undefined) return { status, code: error.code, message: error.message };
  if (error.disposition === 'stalled') return INTERNAL;
  return { status: 503, code: error.code, message: 'Hawser cannot answer this now; try again in a few seconds' };
}

const INTERNAL: ErrorReply = { status: 500, code: 'INTERNAL', message: 'an unexpected error; the log has the details' };

/** Fastify's own refusals (a malformed URL or content type) carry a status; its words would quote the request. */
function toFrameworkReply(error: unknown): ErrorReply {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (!(status >= 400 && status < 500)) return INTERNAL;
  return { status, code: 'HTTP_REQUEST_INVALID', message: 'the request is malformed: check URL and content type' };
}

/** Answers with `{ error: { code, message } }`. */
export function sendError(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, code, message } = toErrorReply(error);
  if (code === 'AUTH_MISSING' || code === 'AUTH_INVALID') reply.header('www-authenticate', 'Bearer realm="hawser"');
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify({ error: { code, message } }));
}
