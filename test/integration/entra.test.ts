import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type AzureIdentity, createAzureTokens } from '../../src/credentials/azure-tokens.ts';
import { HawserError } from '../../src/errors/hawser-error.ts';
import { Secret } from '../../src/errors/secret.ts';
import { createConnectionPools } from '../../src/git/connection-pools.ts';
import { createFetchVia } from '../../src/git/fetch-via.ts';
import { makeAssertion } from '../support/assertions.ts';
import { type Entra, startEntra, TOKEN_LIFETIME_S } from '../support/start-entra.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const FEDERATED = {
  tenantId: 'tenant-1',
  clientId: 'client-1',
  issuer: 'https://cluster.example',
  subject: 'system:serviceaccount:team:reader',
};
const CLAIMS = {
  iss: FEDERATED.issuer,
  sub: FEDERATED.subject,
  aud: ['api://AzureADTokenExchange'],
  exp: START / 1_000 + 3_600,
};

const issue = (claims: Partial<typeof CLAIMS> | { aud: string } = {}, key = privateKey) =>
  new Secret(makeAssertion({ ...CLAIMS, ...claims }, key));

/** Entra ID, and whoever asks it for tokens over a connection that trusts its authority. */
async function start(t: TestContext) {
  let now = START;
  const keys = [publicKey.export({ format: 'jwk' })];
  const entra = await startEntra({ credentials: [FEDERATED], keys, now: () => now });
  const pools = createConnectionPools();
  t.after(async () => {
    await pools.close();
    await entra.stop();
  });
  const fetchVia = createFetchVia(pools);
  const tokens = createAzureTokens({ authorityUrl: entra.url, fetchVia, now: () => now, timeoutMs: 2_000 });
  const identity: AzureIdentity = {
    tenantId: FEDERATED.tenantId,
    clientId: FEDERATED.clientId,
    holder: 'team/reader/uid-1',
    subject: FEDERATED.subject,
    setIn: 'the annotations of ServiceAccount/team/reader',
    assertion: async () => issue({ exp: now / 1_000 + 3_600 }),
    via: { ca: entra.certificates.ca },
  };
  const ask = async (other: Partial<AzureIdentity> = {}) => (await tokens.token({ ...identity, ...other })).reveal();
  const pass = (ms: number) => {
    now += ms;
  };
  return { entra, ask, pass };
}

test('a token is asked for once, whoever asks, until a fifth of its lifetime is left', async (t) => {
  const { entra, ask, pass } = await start(t);

  const [first, second] = await Promise.all([ask(), ask()]);
  pass(TOKEN_LIFETIME_S * 790);
  const third = await ask();
  pass(TOKEN_LIFETIME_S * 20);
  const fourth = await ask();

  assert.deepEqual([first, second, third], Array(3).fill(entra.tokens[0]));
  assert.equal(fourth, entra.tokens[1]);
  assert.deepEqual(entra.requests, Array(2).fill('POST /tenant-1/oauth2/v2.0/token'));
});

test('who shows another token of Kubernetes has a token of Entra ID of his own', async (t) => {
  const { entra, ask } = await start(t);

  const tokens = [await ask(), await ask({ holder: 'team/reader/uid-2' })];

  assert.deepEqual(tokens, entra.tokens);
  assert.equal(new Set(tokens).size, 2);
});

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const shows = (...given: Parameters<typeof issue>) => ({ assertion: async () => issue(...given) });

const REFUSALS: readonly { name: string; given: Partial<AzureIdentity>; says: RegExp }[] = [
  {
    name: 'an unknown tenant',
    given: { tenantId: 'tenant-2' },
    says: /AADSTS90002: Tenant 'tenant-2' not found\.; correct/,
  },
  { name: 'an unknown client', given: { clientId: 'client-2' }, says: /AADSTS700016: .*'client-2'/ },
  {
    name: 'an account that is not trusted',
    given: shows({ sub: 'system:serviceaccount:team:x' }),
    says: /AADSTS700213/,
  },
  { name: 'another audience', given: shows({ aud: 'https://kubernetes' }), says: /AADSTS700212/ },
  { name: 'a token that is over', given: shows({ exp: 1 }), says: /AADSTS700024/ },
  { name: 'a token of another cluster', given: shows({}, stranger), says: /AADSTS700027/ },
];

for (const { name, given, says } of REFUSALS) {
  test(`${name} is told in Entra ID's words, with what to correct, each time in the same`, async (t) => {
    const { entra, ask } = await start(t);
    const fail = () => ask(given).catch((thrown: unknown) => thrown);

    const [error, again] = [await fail(), await fail()];

    assert.ok(error instanceof HawserError && again instanceof HawserError);
    assert.deepEqual([error.code, error.disposition], ['CREDENTIALS_UNSUPPORTED', 'retry']);
    assert.match(error.message, says);
    assert.match(
      error.message,
      /correct the annotations of ServiceAccount\/team\/reader, or give .* federated credential/,
    );
    assert.equal(error.message, again.message);
    for (const assertion of entra.assertions) assert.equal(error.message.includes(assertion), false);
  });
}

const FAULTS: readonly { name: string; given: Entra['faults']; says: RegExp; retryAt?: Date }[] = [
  {
    name: 'is busy',
    given: { answer: { status: 429, headers: { 'retry-after': '30' }, body: '' } },
    says: /client client-1 of tenant tenant-1: HTTP 429$/,
    retryAt: new Date(START + 30_000),
  },
  {
    name: 'is busy for days',
    given: { answer: { status: 503, headers: { 'retry-after': '999999' }, body: '<html>' } },
    says: /HTTP 503$/,
    retryAt: new Date(START + 3_600_000),
  },
  {
    name: 'is busy until a date',
    given: { answer: { status: 503, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, body: '' } },
    says: /HTTP 503$/,
  },
  { name: 'is broken', given: { answer: { status: 500, body: '{' } }, says: /HTTP 500$/ },
  { name: 'answers what is no token', given: { answer: { status: 200, body: '{}' } }, says: /holds no bearer token/ },
  {
    name: 'answers without end',
    given: { answer: { status: 200, body: `{"access_token":"${'a'.repeat(1_000_000)}"}` } },
    says: /holds no bearer token/,
  },
  {
    name: 'says nothing',
    given: { silent: true },
    says: /https:\/\/127.* cannot be reached: no answer within 2000 ms/,
  },
];

for (const { name, given, says, retryAt } of FAULTS) {
  test(`an Entra ID that ${name} is asked again later`, async (t) => {
    const { entra, ask } = await start(t);
    Object.assign(entra.faults, given);

    const error = await ask().catch((thrown: unknown) => thrown);
    Object.assign(entra.faults, { answer: undefined, silent: undefined });

    assert.ok(error instanceof HawserError);
    assert.deepEqual([error.code, error.retryAt], ['CREDENTIALS_UNAVAILABLE', retryAt]);
    assert.match(error.message, says);
    assert.equal(await ask(), entra.tokens[0]);
  });
}

test('a token of Kubernetes is shown to Entra ID alone: redirects are not followed', async (t) => {
  const { entra, ask } = await start(t);
  const { entra: other } = await start(t);
  entra.faults.answer = { status: 307, headers: { location: `${other.url}/tenant-1/oauth2/v2.0/token` }, body: '' };

  await assert.rejects(ask({ via: { ca: `${entra.certificates.ca}\n${other.certificates.ca}` } }), /HTTP 307/);
  assert.deepEqual(other.requests, []);
});

test('an Entra ID whose authority is not trusted is shown nothing', async (t) => {
  const { entra, ask } = await start(t);

  await assert.rejects(ask({ via: undefined }), { code: 'CREDENTIALS_UNAVAILABLE' });
  assert.deepEqual(entra.requests, []);
});
