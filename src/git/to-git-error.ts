import type { GitCredentials } from '../credentials/git-credentials.ts';
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
  UND_ERR_ABORTED:
    'the proxy does not open a tunnel (its address, or its login, is wrong, or it does not allow this host)',
};

/** What Node calls certificates that lead to no authority it trusts. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

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

const SECRET = 'the Secret that spec.secretRef names';
const AZURE_IDENTITY =
  'the identity of the service account join the organisation (Azure DevOps, Organization settings, Users) and';

const AWS_ROLE = 'the role of the service account';

/** What a person can do, by how the source logs in. */
const WAYS_OUT: Partial<Record<ErrorCode, Readonly<Record<LoginKind, string>>>> = {
  GIT_AUTHENTICATION_FAILED: {
    none: 'name a Secret with username and password in spec.secretRef',
    basic: `correct username and password in ${SECRET}`,
    bearer: `correct bearerToken in ${SECRET}`,
    'github-app': 'let the installation of the GitHub App read the repository',
    azure: `let ${AZURE_IDENTITY} read the repository`,
    aws: `permit ${AWS_ROLE} codecommit:GitPull on the repository`,
    ssh: `let the public key of identity read the repository, or correct identity and password in ${SECRET}`,
  },
  GIT_HOST_KEY_UNTRUSTED: {
    ...sameFor('correct spec.url'),
    ssh: `if this is the right host, add its key to known_hosts in ${SECRET}`,
  },
  GIT_REPOSITORY_NOT_FOUND: {
    ...sameFor(`correct spec.url, or let the user in ${SECRET} read the repository`),
    none: 'correct spec.url or, if the repository is private, name a Secret in spec.secretRef',
    'github-app': 'correct spec.url, or let the installation of the GitHub App read the repository',
    azure: `correct spec.url, or let ${AZURE_IDENTITY} read the repository`,
    aws: `correct spec.url, or permit ${AWS_ROLE} codecommit:GitPull on the repository`,
    ssh: 'correct spec.url, or let the public key of identity read the repository',
  },
};

type LoginKind = NonNullable<GitCredentials['login']>['kind'] | 'none';

function sameFor(text: string): Record<LoginKind, string> {
  return { none: text, basic: text, bearer: text, 'github-app': text, azure: text, aws: text, ssh: text };
}

/** Flux ends such a message with the server's words, which are often none. */
function withWayOut({ code, message }: HawserError, { credentials }: GitRemote): string {
  const ways = WAYS_OUT[code];
  if (!ways) return message;
  return `${message}${message.endsWith(': ') ? '' : '; '}${ways[credentials?.login?.kind ?? 'none']}`;
}

/** True if the connection ended before any byte of an answer: a kept-alive connection may do so at any time. */
export function isStaleConnection(error: unknown): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));
}

function describe(error: unknown, remote: GitRemote): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${remote.timeoutMs} ms`;
  const code = codeOf(error);
  if (UNTRUSTED.has(code)) {
    return `tls: failed to verify certificate: ${messageOf(error)}; put the authority's certificate into ca.crt in ${SECRET}`;
  }
  if (code.includes('CERTIFICATE_REQUIRED')) {
    return `tls: the server demands a client certificate; put it into tls.crt and tls.key in ${SECRET}`;
  }
  return NETWORK_CAUSES[code] ?? messageOf(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
