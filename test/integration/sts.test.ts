import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type AwsRole, createAwsRoles } from '../../src/credentials/aws-roles.ts';
import { HawserError } from '../../src/errors/hawser-error.ts';
import { Secret } from '../../src/errors/secret.ts';
import { createConnectionPools } from '../../src/git/connection-pools.ts';
import { createFetchVia } from '../../src/git/fetch-via.ts';
import { makeAssertion } from '../support/assertions.ts';
import { SECRET_KEY, type Sts, startSts } from '../support/start-sts.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const POLICY = {
  roleArn: 'arn:aws:iam::123456789012:role/reader',
  issuer: 'https://cluster.example',
  subject: 'system:serviceaccount:team:reader',
};
const CLAIMS = { iss: POLICY.issuer, sub: POLICY.subject, aud: 'sts.amazonaws.com', exp: START / 1_000 + 86_400 };

/** The token service of a region, and whoever takes roles over a connection that trusts its authority. */
async function start(t: TestContext) {
  let now = START;
  const sts = await startSts({ policies: [POLICY], keys: [publicKey.export({ format: 'jwk' })], now: () => now });
  const pools = createConnectionPools();
  t.after(async () => {
    await pools.close();
    await sts.stop();
  });
  const fetchVia = createFetchVia(pools);
  const roles = createAwsRoles({ fetchVia, now: () => now, timeoutMs: 2_000, stsUrl: () => sts.url });
  const role: AwsRole = {
    arn: POLICY.roleArn,
    region: 'eu-west-1',
    domain: 'amazonaws.com',
    holder: 'team/reader/uid-1',
    subject: POLICY.subject,
    session: 'team.reader',
    setIn: 'eks.amazonaws.com/role-arn of ServiceAccount/team/reader',
    assertion: async () => new Secret(makeAssertion(CLAIMS, privateKey)),
    via: { ca: sts.certificates.ca },
  };
  const assume = (other: Partial<AwsRole> = {}) => roles.assume({ ...role, ...other });
  const pass = (ms: number) => {
    now += ms;
  };
  return { sts, assume, pass };
}

test('a role is taken once, whoever asks, until a fifth of its session is left', async (t) => {
  const { sts, assume, pass } = await start(t);

  const [first, second] = await Promise.all([assume(), assume()]);
  pass(3_600 * 790);
  const third = await assume();
  pass(3_600 * 20);
  const fourth = await assume();

  assert.deepEqual(
    [first, second, third].map(({ accessKeyId }) => accessKeyId),
    Array(3).fill('ASIACANARY1'),
  );
  assert.equal(first.secretAccessKey.reveal(), SECRET_KEY);
  assert.equal(fourth.accessKeyId, 'ASIACANARY2');
  assert.deepEqual(sts.requests, Array(2).fill('POST / team.reader'));
});

test('who shows another token of Kubernetes has a session of his own', async (t) => {
  const { sts, assume } = await start(t);

  await assume();
  await assume({ holder: 'team/reader/uid-2' });

  assert.equal(sts.requests.length, 2);
});

const shows = (claims: Partial<typeof CLAIMS>) => ({
  assertion: async () => new Secret(makeAssertion({ ...CLAIMS, ...claims }, privateKey)),
});

const REFUSALS: readonly { name: string; given: Partial<AwsRole>; says: RegExp }[] = [
  {
    name: 'another role',
    given: { arn: `${POLICY.roleArn}s` },
    says: /the role arn:\S+readers: HTTP 400: AccessDenied: Not/,
  },
  { name: 'an account that is not trusted', given: shows({ sub: 'x' }), says: /AccessDenied/ },
  { name: 'another audience', given: shows({ aud: 'x' }), says: /InvalidIdentityToken: Incorrect token/ },
  { name: 'a token that is over', given: shows({ exp: 1 }), says: /ExpiredTokenException: Token expired/ },
];

for (const { name, given, says } of REFUSALS) {
  test(`${name} is told in the token service's words, with what to correct, each time in the same`, async (t) => {
    const { sts, assume } = await start(t);
    const fail = () => assume(given).catch((thrown: unknown) => thrown);

    const [error, again] = [await fail(), await fail()];

    assert.ok(error instanceof HawserError && again instanceof HawserError);
    assert.deepEqual([error.code, error.disposition], ['CREDENTIALS_UNSUPPORTED', 'retry']);
    assert.match(error.message, says);
    assert.match(
      error.message,
      /correct eks\.amazonaws\.com\/role-arn of ServiceAccount\/team\/reader, or let the role trust/,
    );
    assert.equal(error.message, again.message);
    for (const assertion of sts.assertions) assert.equal(error.message.includes(assertion), false);
  });
}

const toError = (code: string) => `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`;

const FAULTS: readonly { name: string; given: NonNullable<Sts['fault']>; says: RegExp; retryAt?: Date }[] = [
  {
    name: 'is busy',
    given: { status: 503, headers: { 'retry-after': '30' }, body: '' },
    says: /HTTP 503$/,
    retryAt: new Date(START + 30_000),
  },
  { name: 'slows down', given: { status: 400, body: toError('Throttling') }, says: /HTTP 400: Throttling$/ },
  { name: 'cannot ask the cluster', given: { status: 400, body: toError('IDPCommunicationError') }, says: /IDPComm/ },
  { name: 'answers something else', given: { status: 200, body: '<html>' }, says: /holds no credentials/ },
];

for (const { name, given, says, retryAt } of FAULTS) {
  test(`a token service that ${name} is asked again later`, async (t) => {
    const { sts, assume } = await start(t);
    sts.fault = given;

    const error = await assume().catch((thrown: unknown) => thrown);
    sts.fault = undefined;

    assert.ok(error instanceof HawserError);
    assert.deepEqual([error.code, error.retryAt], ['CREDENTIALS_UNAVAILABLE', retryAt]);
    assert.match(error.message, says);
    assert.equal((await assume()).accessKeyId, 'ASIACANARY2');
  });
}
