/**
 * Temporary credentials of roles of AWS: trades a token of Kubernetes for those of a role that trusts it. Whose role that
 * is, and what is signed by them, is left to others.
 */
import { createHash } from 'node:crypto';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import type { Secret } from '../errors/secret.ts';
import type { Connection } from './connection.ts';
import { createTokenCache, type IssuedToken } from './create-token-cache.ts';
import { parseStsCredentials, parseStsError } from './parse-sts-answer.ts';
import { type FormAnswer, type IssuerAccess, postForm } from './post-form.ts';
import type { AwsCredentials } from './sign-codecommit.ts';

/** Which role is to be taken, and by what it knows who asks. */
export interface AwsRole {
  readonly arn: string;
  readonly region: string;
  /** `amazonaws.com`, or `amazonaws.com.cn`. */
  readonly domain: string;
  /** Tells apart whose token of Kubernetes is shown; nobody else gets what is held for him. */
  readonly holder: string;
  /** The same in words, as a role's trust policy names him. */
  readonly subject: string;
  /** What the session is called in Amazon's logs. */
  readonly session: string;
  /** Where a person corrects the role. */
  readonly setIn: string;
  /** The token of Kubernetes, for the audience `sts.amazonaws.com`. */
  readonly assertion: () => Promise<Secret>;
  /** How the token service is reached, where it takes an authority of one's own or a proxy. */
  readonly via?: Connection | undefined;
}

/** Credentials of roles. */
export interface AwsRoles {
  /**
   * Credentials with a fifth of their lifetime left at least. Throws CREDENTIALS_UNSUPPORTED where a person must correct
   * something, CREDENTIALS_UNAVAILABLE while the token service is away.
   */
  assume(role: AwsRole): Promise<AwsCredentials>;
}

interface AwsRolesOptions extends IssuerAccess {
  /** Where the token service of a region is, without trailing slash. */
  readonly stsUrl?: (role: Pick<AwsRole, 'region' | 'domain'>) => string;
}

const TIMEOUT_MS = 10_000;
const RENEW_AFTER = 0.8;
const TRANSIENT: ReadonlySet<string> = new Set(['IDPCommunicationError', 'Throttling', 'RequestLimitExceeded']);

/** Credentials of roles, one request per role and lifetime; whoever asks meanwhile shares it. */
export function createAwsRoles({
  fetchVia,
  now = Date.now,
  timeoutMs = TIMEOUT_MS,
  stsUrl,
}: AwsRolesOptions): AwsRoles {
  const cache = createTokenCache<AwsCredentials>(now);
  const toUrl = stsUrl ?? (({ region, domain }) => `https://sts.${region}.${domain}`);
  const options = { fetchVia, now, timeoutMs, stsUrl: toUrl };
  return { assume: (role) => cache.get(identify(role), () => requestCredentials(options, role)) };
}

function identify({ arn, region, holder, via }: AwsRole): string {
  const parts = [arn, region, holder, via?.ca ?? '', via?.proxy?.url ?? '', via?.proxy?.username ?? ''];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

async function requestCredentials(
  options: Required<AwsRolesOptions>,
  role: AwsRole,
): Promise<IssuedToken<AwsCredentials>> {
  const assertion = await role.assertion();
  const askedAt = options.now();
  const said = await post(options, role, assertion);
  if (said.status !== 200) throw toRefusal(role, said);
  const answer = parseStsCredentials(said.text);
  if (!answer) throw unavailable(role, 'the answer holds no credentials and their end');
  const { credentials, expiresAt } = answer;
  return { token: credentials, renewAt: askedAt + (expiresAt - askedAt) * RENEW_AFTER, expiresAt };
}

async function post(options: Required<AwsRolesOptions>, role: AwsRole, assertion: Secret): Promise<FormAnswer> {
  const form = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role.arn,
    RoleSessionName: role.session,
    WebIdentityToken: assertion,
  };
  try {
    return await postForm(options, { url: `${options.stsUrl(role)}/`, form, via: role.via });
  } catch (error) {
    throw unavailable(role, messageOf(error), { cause: error });
  }
}

function toRefusal(role: AwsRole, { status, text, retryAt }: FormAnswer): HawserError {
  const { code, description } = parseStsError(text);
  const said = `HTTP ${status}${description === '' ? '' : `: ${description}`}`;
  if (TRANSIENT.has(code) || status === 429 || status >= 500)
    return unavailable(role, said, retryAt ? { retryAt } : {});
  return new HawserError(
    'CREDENTIALS_UNSUPPORTED',
    `${nameOf(role)}: ${said}; correct ${role.setIn}, or let the role trust the issuer of this cluster for sts:AssumeRoleWithWebIdentity, with the subject ${role.subject} and the audience sts.amazonaws.com`,
  );
}

function unavailable(role: AwsRole, problem: string, details: { cause?: unknown; retryAt?: Date } = {}): HawserError {
  return new HawserError('CREDENTIALS_UNAVAILABLE', `${nameOf(role)}: ${problem}`, details);
}

function nameOf({ arn }: AwsRole): string {
  return `no credentials of AWS for the role ${arn}`;
}
