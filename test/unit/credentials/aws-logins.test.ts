import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAwsLogins, type OwnAwsRole } from '../../../src/credentials/aws-logins.ts';
import type { AwsRole } from '../../../src/credentials/aws-roles.ts';
import type { Connection } from '../../../src/credentials/connection.ts';
import type { IdentityOwner } from '../../../src/credentials/workload-identity.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';

const URL = 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/app';
const ARN = 'arn:aws:iam::123456789012:role/team/reader';
const OWN: OwnAwsRole = { roleArn: 'arn:aws:iam::123456789012:role/hawser', tokenFile: '/token' };
const READER = { serviceAccountName: 'reader' };

interface Given {
  readonly owner?: Partial<IdentityOwner>;
  readonly via?: Connection;
  readonly own?: OwnAwsRole;
  readonly arn?: string;
}

/** Which role is taken, by which token, and the login; or the error. */
async function ask({ owner, via, own = OWN, arn = ARN }: Given) {
  const asked: AwsRole[] = [];
  const logins = createAwsLogins({
    roles: {
      assume: async (role) => {
        asked.push(role);
        return { accessKeyId: 'ASIA', secretAccessKey: new Secret('secret-key'), sessionToken: new Secret('session') };
      },
    },
    own,
    access: {
      readFile: async () => 'kubernetes token of hawser\n',
      readAccount: async () => ({ uid: 'uid-1', annotations: { 'eks.amazonaws.com/role-arn': arn } }),
      issueToken: async ({ namespace, name }, audience) => `kubernetes token of ${namespace}/${name} for ${audience}`,
      defaultServiceAccount: undefined,
    },
    now: () => Date.parse('2026-01-01T00:01:00Z'),
  });
  const login = await logins.token({ namespace: 'team', url: URL, ...owner }, via);
  const [role] = asked;
  assert.ok(role);
  return { role, login: login.reveal(), shown: (await role.assertion()).reveal() };
}

test('a source is read by the role that its account is annotated with, in the region of its repository', async () => {
  const { role, login, shown } = await ask({ owner: READER });

  assert.deepEqual(
    [role.arn, role.region, role.domain, role.session],
    [ARN, 'eu-west-1', 'amazonaws.com', 'team.reader'],
  );
  assert.equal(shown, 'kubernetes token of team/reader for sts.amazonaws.com');
  assert.match(login, /^ASIA%session:20260101T000000Z[0-9a-f]{64}$/);
});

test('a source without an account is read by Hawser’s own role', async () => {
  const { role, shown } = await ask({});

  assert.deepEqual([role.arn, role.holder, shown], [OWN.roleArn, 'hawser', 'kubernetes token of hawser']);
});

test('a slash at the end of the URL is not signed, because it is not asked for either', async () => {
  assert.equal((await ask({ owner: { url: `${URL}/` } })).login, (await ask({})).login);
});

const HOSTS: readonly { url: string; domain?: string }[] = [
  { url: URL, domain: 'amazonaws.com' },
  { url: 'https://git-codecommit.us-gov-west-1.amazonaws.com/v1/repos/app', domain: 'amazonaws.com' },
  { url: 'https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/app', domain: 'amazonaws.com.cn' },
  { url: 'http://git-codecommit.eu-west-1.amazonaws.com/v1/repos/app' },
  { url: 'https://git-codecommit.eu-west-1.amazonaws.com:8443/v1/repos/app' },
  { url: 'ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/app' },
  { url: 'https://git-codecommit.eu-west-1.amazonaws.com.evil.example/v1/repos/app' },
  { url: 'https://git-codecommit.evil.example/v1/repos/app' },
  { url: 'https://git-codecommit.evil.s3.amazonaws.com/v1/repos/app' },
  { url: 'https://git-codecommit.evil.amazonaws.com/v1/repos/app' },
  { url: 'https://dev.azure.com/acme/web/_git/app' },
  { url: '' },
];

for (const { url, domain } of HOSTS) {
  test(`'${url}' ${domain ? 'may' : 'may not'} be shown a role of AWS`, async () => {
    const asked = ask({ owner: { ...READER, url } });

    if (domain) return void assert.equal((await asked).role.domain, domain);
    await assert.rejects(asked, { reason: 'InvalidProviderConfiguration', disposition: 'stalled' });
  });
}

const ERRORS: readonly { name: string; given: Given; says: RegExp; disposition: string }[] = [
  {
    name: 'no role of Hawser’s own',
    given: { own: { roleArn: undefined, tokenFile: undefined } },
    says: /^Hawser has no role of AWS \(unset: AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE\): name/,
    disposition: 'retry',
  },
  {
    name: 'an authority of the source’s own beside Hawser’s role',
    given: { via: { ca: 'a' } },
    says: /is not trusted with Hawser's identity/,
    disposition: 'stalled',
  },
  {
    name: 'an account without a role',
    given: { owner: READER, arn: '' },
    says: /^ServiceAccount\/team\/reader holds no role of AWS in eks\.amazonaws\.com\/role-arn: annotate it/,
    disposition: 'retry',
  },
  {
    name: 'an account with what is no role',
    given: { owner: READER, arn: 'arn:aws:iam::123456789012:user/ada' },
    says: /holds no role of AWS/,
    disposition: 'retry',
  },
];

for (const { name, given, says, disposition } of ERRORS) {
  test(`${name} is an error that says what to do`, async () => {
    const error = await ask(given).catch((thrown: unknown) => thrown);

    assert.ok(error instanceof HawserError);
    assert.match(error.message, says);
    assert.equal(error.disposition, disposition);
  });
}
