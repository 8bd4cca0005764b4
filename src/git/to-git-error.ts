import type { ErrorCode } from '../errors/codes.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { type GitRemote, toPlainUrl } from './git-remote.ts';

/** Errors whose message stands for itself, as Flux words it; every other one is prefixed with what was tried. */
const STANDALONE: ReadonlySet<ErrorCode> = new Set(['GIT_EMPTY_REPOSITORY', 'GIT_COMMIT_NOT_FOUND']);

/** What undici and Node call failures of the network, in words for a condition. */
const NETWORK_CAUSES: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'the connection was not accepted in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped coming',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection was closed in the middle of the answer',
  ECONNRESET: 'the connection was closed',
  EPIPE: 'the connection was closed',
};

/**
 * Turns whatever an operation on a remote threw into an error that names the remote. The caller's own abort is
 * passed on as it is.
 */
export function toGitError(error: unknown, remote: GitRemote, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof HawserError) return nameRemote(error, remote);
  return nameRemote(new HawserError('GIT_UNREACHABLE', describe(error, remote), { cause: error }), remote);
}

/** Prefixes an error's message with what was tried on which remote, unless the message stands for itself. */
export function nameRemote(error: HawserError, remote: GitRemote): HawserError {
  if (STANDALONE.has(error.code) || !error.code.startsWith('GIT_')) return error;
  return new HawserError(error.code, `unable to clone '${toPlainUrl(remote.url)}': ${withWayOut(error, remote)}`, {
    cause: error,
    data: error.data,
    ...(error.retryAt && { retryAt: error.retryAt }),
  });
}

/** What a person can do, by whether credentials were sent. */
const WAYS_OUT: Partial<Record<ErrorCode, { readonly anonymous: string; readonly withCredentials: string }>> = {
  GIT_AUTHENTICATION_FAILED: {
    anonymous: 'name a Secret with username and password in spec.secretRef',
    withCredentials: 'correct username and password in the Secret that spec.secretRef names',
  },
  GIT_REPOSITORY_NOT_FOUND: {
    anonymous: 'correct spec.url or, if the repository is private, name a Secret in spec.secretRef',
    withCredentials: 'correct spec.url, or let the user in the Secret that spec.secretRef names read the repository',
  },
};

/** Flux ends such a message with the server's words, which are often none. */
function withWayOut({ code, message }: HawserError, { credentials }: GitRemote): string {
  const ways = WAYS_OUT[code];
  if (!ways) return message;
  return `${message}${message.endsWith(': ') ? '' : '; '}${credentials ? ways.withCredentials : ways.anonymous}`;
}

/** True if the connection ended before any byte of an answer: a kept-alive connection may do so at any time. */
export function isStaleConnection(error: unknown): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));
}

function describe(error: unknown, remote: GitRemote): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${remote.timeoutMs} ms`;
  return NETWORK_CAUSES[codeOf(error)] ?? messageOf(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
