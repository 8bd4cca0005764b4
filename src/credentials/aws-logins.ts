/**
 * By which role of AWS a source reads CodeCommit: the one of a service account of its namespace, or Hawser's own. Taking
 * the role is left to aws-roles.
 */
import type { AwsRole, AwsRoles } from './aws-roles.ts';
import { type Connection, toConnection } from './connection.ts';
import { signCodeCommit } from './sign-codecommit.ts';
import {
  type CloudLogins,
  findAccount,
  type IdentityOwner,
  identityUnavailable,
  invalidIdentity,
  listUnset,
  readOwnToken,
  refuseOwnAuthority,
  type WorkloadAccess,
} from './workload-identity.ts';

/** What Amazon's webhook puts into the environment of a Pod; what is missing is undefined. */
export interface OwnAwsRole {
  readonly roleArn: string | undefined;
  /** Path of a file with a token of Kubernetes. */
  readonly tokenFile: string | undefined;
}

interface Dependencies {
  readonly roles: AwsRoles;
  readonly own: OwnAwsRole;
  readonly access: WorkloadAccess;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

type WhoseRole = Omit<AwsRole, 'region' | 'domain' | 'via'>;

const AUDIENCE = 'sts.amazonaws.com';
const ROLE_ARN = 'eks.amazonaws.com/role-arn';
const ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/;

/** Finds logins for sources with `provider: aws`: user name and password, with a colon between them. */
export function createAwsLogins({ roles, own, access, now = Date.now }: Dependencies): CloudLogins {
  return {
    async token(owner, via) {
      const { url, region, domain } = parseCodeCommitUrl(owner.url ?? '');
      const role = (await findRole(access, owner)) ?? toOwnRole({ own, access }, via);
      const reached = via && toConnection({ ca: via.ca }, via.proxy);
      return signCodeCommit(await roles.assume({ ...role, region, domain, via: reached }), { url, region, now: now() });
    },
  };
}

const HOST = /^git-codecommit\.([a-z]{2}[a-z-]*-\d+)\.(amazonaws\.com(?:\.cn)?)$/;

function parseCodeCommitUrl(text: string): { url: string; region: string; domain: string } {
  const { protocol, hostname = '', port, origin, pathname = '' } = URL.parse(text) ?? {};
  const [, region, domain] = HOST.exec(hostname) ?? [];
  if (protocol === 'https:' && port === '' && region !== undefined && domain !== undefined) {
    return { url: `${origin}${pathname.replace(/\/+$/, '')}`, region, domain };
  }
  throw invalidIdentity(
    `provider aws shows a role of AWS to CodeCommit only, which spec.url does not name: set it to https://git-codecommit.<region>.amazonaws.com/v1/repos/<name>, or remove spec.provider`,
  );
}

async function findRole(access: WorkloadAccess, owner: IdentityOwner): Promise<WhoseRole | undefined> {
  const account = await findAccount(access, owner);
  if (!account) return undefined;
  const { title, holder, subject, session, annotations, issueToken } = account;
  const { [ROLE_ARN]: arn = '' } = annotations;
  if (!ARN.test(arn)) {
    throw invalidIdentity(
      `${title} holds no role of AWS in ${ROLE_ARN}: annotate it with one, such as arn:aws:iam::123456789012:role/reader`,
      'retry',
    );
  }
  return { arn, holder, subject, session, setIn: `${ROLE_ARN} of ${title}`, assertion: () => issueToken(AUDIENCE) };
}

function toOwnRole({ own, access }: Pick<Dependencies, 'own' | 'access'>, via: Connection | undefined): WhoseRole {
  refuseOwnAuthority(via);
  const { roleArn, tokenFile } = own;
  if (roleArn === undefined || tokenFile === undefined) {
    const unset = listUnset({ AWS_ROLE_ARN: roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile });
    throw identityUnavailable(
      `Hawser has no role of AWS (unset: ${unset}): name an account in spec.serviceAccountName, or give Hawser's service account the annotation ${ROLE_ARN}`,
    );
  }
  return {
    arn: roleArn,
    holder: 'hawser',
    subject: `of Hawser's own service account`,
    session: 'hawser',
    setIn: 'AWS_ROLE_ARN',
    assertion: () => readOwnToken(access, 'AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile),
  };
}
