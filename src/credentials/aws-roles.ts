/**
 * Temporary credentials of roles of AWS: trades a token of Kubernetes for those of a role that trusts it. Whose role that
 * is, and what is signed by them, is left to others.
 */
import { createTokenCache, type IssuedToken, toTokenId } from './create-token-cache.ts';
import { type CloudIdentity, exchangeToken } from './exchange-token.ts';
import { parseStsCredentials, parseStsError } from './parse-sts-answer.ts';
import type { IssuerAccess } from './post-form.ts';
import type { AwsCredentials } from './sign-codecommit.ts';

/** Which role is to be taken, and by whom; his token of Kubernetes is for the audience `sts.amazonaws.com`. */
export interface AwsRole extends CloudIdentity {
  readonly arn: string;
  readonly region: string;
  /** `amazonaws.com`, or `amazonaws.com.cn`. */
  readonly domain: string;
  /** What the session is called in Amazon's logs. */
  readonly session: string;
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

/** Credentials of roles, one request per role and lifetime; whoever asks meanwhile shares it. */
export function createAwsRoles({
  fetchVia,
  now = Date.now,
  timeoutMs = TIMEOUT_MS,
  stsUrl = ({ region, domain }) => `https://sts.${region}.${domain}`,
}: AwsRolesOptions): AwsRoles {
  const cache = createTokenCache<AwsCredentials>(now);
  const options = { fetchVia, now, timeoutMs, stsUrl };
  return { assume: (role) => cache.get(identify(role), () => requestCredentials(options, role)) };
}

function identify({ arn, region, holder, via }: AwsRole): string {
  return toTokenId([arn, region, holder], via);
}

function requestCredentials(options: Required<AwsRolesOptions>, role: AwsRole): Promise<IssuedToken<AwsCredentials>> {
  return exchangeToken(options, {
    identity: role,
    title: `no credentials of AWS for the role ${role.arn}`,
    url: `${options.stsUrl(role)}/`,
    toForm: (assertion) => ({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role.arn,
      RoleSessionName: role.session,
      WebIdentityToken: assertion,
    }),
    parse: (text) => {
      const answer = parseStsCredentials(text);
      return answer && { token: answer.credentials, expiresAt: answer.expiresAt };
    },
    lacking: 'the answer holds no credentials and their end',
    parseError: (text) => {
      const { code, description } = parseStsError(text);
      return { isTransient: TRANSIENT.has(code), description };
    },
    wayOut: `let the role trust the issuer of this cluster for sts:AssumeRoleWithWebIdentity, with the subject ${role.subject} and the audience sts.amazonaws.com`,
  });
}

const TRANSIENT: ReadonlySet<string> = new Set(['IDPCommunicationError', 'Throttling', 'RequestLimitExceeded']);
