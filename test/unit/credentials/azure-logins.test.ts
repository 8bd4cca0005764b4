import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureLogins, type OwnAzureIdentity } from '../../../src/credentials/azure-logins.ts';
import type { AzureIdentity } from '../../../src/credentials/azure-tokens.ts';
import type { Connection } from '../../../src/credentials/connection.ts';
import type { IdentityOwner, WorkloadAccount } from '../../../src/credentials/workload-identity.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';

const URL = 'https://dev.azure.com/acme/web/_git/app';
const OWN = { tenantId: 'own-tenant', clientId: 'own-client', tokenFile: '/token' };
const ANNOTATIONS = {
  'azure.workload.identity/client-id': 'client-1',
  'azure.workload.identity/tenant-id': 'tenant-1',
};
const ACCOUNT: WorkloadAccount = { uid: 'uid-1', annotations: ANNOTATIONS };
const NOBODY = { tenantId: undefined, clientId: undefined, tokenFile: undefined };

interface Given {
  readonly owner?: Partial<IdentityOwner>;
  readonly via?: Connection;
  readonly own?: OwnAzureIdentity;
  readonly accounts?: Readonly<Record<string, WorkloadAccount>>;
  readonly defaultServiceAccount?: string;
}

/** Whose token is asked for, and what he shows; or the error. */
async function ask({ owner, via, own = OWN, accounts = { 'team/reader': ACCOUNT }, defaultServiceAccount }: Given) {
  const asked: AzureIdentity[] = [];
  const logins = createAzureLogins({
    tokens: {
      token: async (identity) => {
        asked.push(identity);
        return new Secret('entra-token');
      },
    },
    own,
    access: {
      readFile: async (path) => {
        if (path !== '/token') throw new Error(`ENOENT: no such file or directory, open '${path}'`);
        return 'kubernetes token of hawser\n';
      },
      readAccount: async ({ namespace, name }) => {
        if (name === 'hidden') throw new Error('serviceaccounts "hidden" is forbidden');
        return accounts[`${namespace}/${name}`];
      },
      issueToken: async ({ namespace, name }, audience) => `kubernetes token of ${namespace}/${name} for ${audience}`,
      defaultServiceAccount,
    },
  });
  await logins.token({ namespace: 'team', url: URL, ...owner }, via);
  const [identity] = asked;
  assert.ok(identity);
  return { identity, shown: (await identity.assertion()).reveal() };
}

const READER = { serviceAccountName: 'reader' };

test('a source without an account shows Hawser’s own identity, with the token that is in the file by now', async () => {
  const { identity, shown } = await ask({});

  assert.deepEqual(
    [identity.tenantId, identity.clientId, shown],
    ['own-tenant', 'own-client', 'kubernetes token of hawser'],
  );
});

for (const { name, given } of [
  { name: 'an account', given: { owner: READER } },
  { name: 'no account, where there is a default one,', given: { defaultServiceAccount: 'reader' } },
]) {
  test(`a source with ${name} shows the identity that this account of its namespace is annotated with`, async () => {
    const { identity, shown } = await ask(given);

    assert.deepEqual([identity.tenantId, identity.clientId], ['tenant-1', 'client-1']);
    assert.equal(shown, 'kubernetes token of team/reader for api://AzureADTokenExchange');
  });
}

test('an account that was created anew, or is of another namespace, shares no token with the former', async () => {
  const accounts = { 'team/reader': ACCOUNT, 'other/reader': ACCOUNT };
  const holders = [
    await ask({ owner: READER, accounts }),
    await ask({ owner: READER, accounts: { 'team/reader': { ...ACCOUNT, uid: 'uid-2' } } }),
    await ask({ owner: { ...READER, namespace: 'other' }, accounts }),
    await ask({}),
  ].map(({ identity }) => identity.holder);

  assert.equal(new Set(holders).size, holders.length);
});

test('Entra ID is reached by the proxy and the authority of the source, without its client certificate', async () => {
  const proxy = { url: 'http://proxy:3128', username: undefined, password: undefined };
  const clientCertificate = { certificate: 'c', key: new Secret('k') };

  const { identity } = await ask({ owner: READER, via: { ca: 'a', clientCertificate, proxy } });

  assert.deepEqual(identity.via, { ca: 'a', proxy });
});

const HOSTS: readonly { url: string; isDevOps: boolean }[] = [
  { url: URL, isDevOps: true },
  { url: 'https://DEV.azure.com:443/acme/web/_git/app', isDevOps: true },
  { url: 'https://acme.visualstudio.com/web/_git/app', isDevOps: true },
  { url: 'https://acme.visualstudio.com/DefaultCollection/web/_git/app', isDevOps: true },
  { url: 'http://dev.azure.com/acme/web/_git/app', isDevOps: false },
  { url: 'ssh://git@ssh.dev.azure.com/v3/acme/web/app', isDevOps: false },
  { url: 'https://dev.azure.com:8443/acme/web/_git/app', isDevOps: false },
  { url: 'https://github.com/acme/app', isDevOps: false },
  { url: 'https://dev.azure.com.evil.example/acme', isDevOps: false },
  { url: 'https://evil.example/dev.azure.com', isDevOps: false },
  { url: 'https://dev.azure.com@evil.example/acme', isDevOps: false },
  { url: 'https://evil.example\\@dev.azure.com/acme', isDevOps: false },
  { url: 'https://evilvisualstudio.com/acme', isDevOps: false },
  { url: 'https://visualstudio.com/acme', isDevOps: false },
  { url: 'https://acme.visualstudio.com.evil.example/', isDevOps: false },
  { url: 'https://127.0.0.1/acme', isDevOps: false },
  { url: 'dev.azure.com/acme', isDevOps: false },
  { url: '', isDevOps: false },
];

for (const { url, isDevOps } of HOSTS) {
  test(`'${url}' ${isDevOps ? 'may' : 'may not'} be shown an identity of Azure`, async () => {
    const asked = ask({ owner: { ...READER, url } });

    if (isDevOps) return void (await asked);
    await assert.rejects(asked, { reason: 'InvalidProviderConfiguration', disposition: 'stalled' });
  });
}

const account = (annotations: Record<string, string>): Given => ({
  owner: READER,
  accounts: { 'team/reader': { uid: 'uid-1', annotations: { ...ANNOTATIONS, ...annotations } } },
});

const ERRORS: readonly { name: string; given: Given; says: RegExp; disposition: string; reason: string }[] = [
  {
    name: 'no identity at all',
    given: { own: NOBODY },
    says: /Hawser has no identity in Azure \(unset: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE\): name/,
    disposition: 'retry',
    reason: 'AuthenticationFailed',
  },
  {
    name: 'half an identity',
    given: { own: { ...OWN, tokenFile: undefined } },
    says: /\(unset: AZURE_FEDERATED_TOKEN_FILE\)/,
    disposition: 'retry',
    reason: 'AuthenticationFailed',
  },
  {
    name: 'a file that is not there',
    given: { own: { ...OWN, tokenFile: '/elsewhere' } },
    says: /AZURE_FEDERATED_TOKEN_FILE names a file that cannot be read: ENOENT.*\/elsewhere/,
    disposition: 'retry',
    reason: 'AuthenticationFailed',
  },
  {
    name: 'an authority of the source’s own beside Hawser’s identity',
    given: { via: { ca: 'a' } },
    says: /is not trusted with Hawser's identity/,
    disposition: 'stalled',
    reason: 'InvalidProviderConfiguration',
  },
  {
    name: 'an account that is not there',
    given: { owner: { serviceAccountName: 'nobody' } },
    says: /^ServiceAccount\/team\/nobody not found: create it/,
    disposition: 'retry',
    reason: 'AuthenticationFailed',
  },
  {
    name: 'an account that may not be read',
    given: { owner: { serviceAccountName: 'hidden' } },
    says: /^ServiceAccount\/team\/hidden: serviceaccounts "hidden" is forbidden/,
    disposition: 'retry',
    reason: 'AuthenticationFailed',
  },
  {
    name: 'an account without a client',
    given: account({ 'azure.workload.identity/client-id': '' }),
    says: /^ServiceAccount\/team\/reader holds no id of Azure in azure\.workload\.identity\/client-id: annotate it/,
    disposition: 'retry',
    reason: 'InvalidProviderConfiguration',
  },
  {
    name: 'a tenant that would lead to another path',
    given: account({ 'azure.workload.identity/tenant-id': '../common' }),
    says: /holds no id of Azure in azure\.workload\.identity\/tenant-id/,
    disposition: 'retry',
    reason: 'InvalidProviderConfiguration',
  },
];

for (const { name, given, says, ...want } of ERRORS) {
  test(`${name} is an error that says what to do`, async () => {
    const error = await ask(given).catch((thrown: unknown) => thrown);

    assert.ok(error instanceof HawserError);
    assert.match(error.message, says);
    assert.deepEqual({ disposition: error.disposition, reason: error.reason }, want);
  });
}
