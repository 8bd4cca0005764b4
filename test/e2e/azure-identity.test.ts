import assert from 'node:assert/strict';
import type { JsonWebKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findCondition } from '../../src/model/conditions.ts';
import { eventually } from '../support/eventually.ts';
import { makeServiceAccount } from '../support/make-account.ts';
import { makeCertificates } from '../support/make-certificates.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makeRepository } from '../support/make-repository.ts';
import { startEntra } from '../support/start-entra.ts';
import { startForwardProxy } from '../support/start-forward-proxy.ts';
import { startGitServer } from '../support/start-git-server.ts';
import { type Story, useStory } from '../support/use-story.ts';

const TENANT = '11111111-2222-3333-4444-555555555555';
const CLIENT = '66666666-7777-8888-9999-000000000000';
const ANNOTATIONS = { 'azure.workload.identity/client-id': CLIENT, 'azure.workload.identity/tenant-id': TENANT };
const FIRST_TOKEN = 'eyJ0eXAi.entra-token-1.c2ln';

interface Discovery {
  readonly issuer: string;
}

/** Azure DevOps and Entra ID by their own names, behind a proxy, with certificates of an authority of their own. */
async function startAzure(t: TestContext, story: Story) {
  const read = async (path: string) => JSON.parse(await story.kubectl('get', '--raw', path)) as unknown;
  const { issuer } = (await read('/.well-known/openid-configuration')) as Discovery;
  const { keys } = (await read('/openid/v1/jwks')) as { keys: JsonWebKey[] };
  const certificates = await makeCertificates(['dev.azure.com', 'login.microsoftonline.com']);
  const subject = `system:serviceaccount:${story.namespace}:reader`;
  const credentials = [{ tenantId: TENANT, clientId: CLIENT, issuer, subject }];
  const entra = await startEntra({ certificates, credentials, keys });
  const devOps = await startGitServer({ tls: certificates.server });
  devOps.set({ bearer: FIRST_TOKEN });
  const routes = { 'dev.azure.com:443': devOps.url, 'login.microsoftonline.com:443': entra.url };
  const proxy = await startForwardProxy(undefined, routes);
  t.after(async () => {
    await proxy.stop();
    await Promise.all([entra.stop(), devOps.stop()]);
  });
  const makeSecret = (name: string, stringData: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: story.namespace },
    stringData,
  });
  const secrets = [makeSecret('trust', { 'ca.crt': certificates.ca }), makeSecret('proxy', { address: proxy.url })];
  return { entra, secrets, repository: await makeRepository(devOps, 'acme/web/_git/app') };
}

const AZURE = {
  url: 'https://dev.azure.com/acme/web/_git/app.git',
  provider: 'azure',
  serviceAccountName: 'reader',
  secretRef: { name: 'trust' },
  proxySecretRef: { name: 'proxy' },
};

async function failure(story: Story, name: string, says: RegExp) {
  return await eventually(
    async () => {
      const { conditions } = (await story.gitRepository(name)).status ?? {};
      const ready = findCondition(conditions, 'Ready');
      assert.match(ready?.message ?? '', says);
      return { reason: ready?.reason, isStalled: findCondition(conditions, 'Stalled')?.status === 'True' };
    },
    { timeoutMs: 30_000 },
  );
}

test('a repository of Azure DevOps is deployed by the identity of a service account, without any password', async (t) => {
  const story = await useStory(t);
  const { namespace } = story;
  const { entra, secrets, repository } = await startAzure(t, story);
  const sha = await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { a: 'b' }) });
  await story.create(
    ...secrets,
    makeServiceAccount({ namespace }, 'reader'),
    makeGitRepository({ namespace }, AZURE),
    makeKustomization({ namespace }),
  );

  const refused = await failure(story, 'app', /\/reader holds no id of Azure in \S+client-id and \S+tenant-id:/);
  await story.kubectl(
    'annotate',
    'serviceaccount',
    'reader',
    ...Object.entries(ANNOTATIONS).map((each) => each.join('=')),
  );
  await story.kubectl('annotate', 'gitrepository', 'app', 'reconcile.fluxcd.io/requestedAt=now');

  await story.applied(sha);
  assert.deepEqual(refused, { reason: 'InvalidProviderConfiguration', isStalled: false });
  assert.deepEqual(entra.requests, [`POST /${TENANT}/oauth2/v2.0/token`]);
  const status = JSON.stringify((await story.gitRepository()).status);
  for (const secret of [...entra.tokens, ...entra.assertions]) {
    assert.equal(`${story.hawser.output()}${status}`.includes(secret), false);
  }
});

/** Hawser as Azure's webhook would start it: with an identity of its own. */
async function startWithIdentity(t: TestContext, story: Story, { token, ca }: { token: string; ca: string }) {
  const directory = await mkdtemp(join(tmpdir(), 'hawser-identity-'));
  t.after(() => rm(directory, { recursive: true }));
  const write = async (name: string, text: string) => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  await story.start({
    env: {
      AZURE_TENANT_ID: TENANT,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_FEDERATED_TOKEN_FILE: await write('token', token),
      // The authorities of the machine, to which the test's own belongs.
      NODE_EXTRA_CA_CERTS: await write('ca.crt', ca),
    },
  });
}

test('a source without an account is read by the identity that Hawser itself has', async (t) => {
  const story = await useStory(t, { started: false });
  const { namespace } = story;
  const { entra, secrets, repository } = await startAzure(t, story);
  await story.create(...secrets, makeServiceAccount({ namespace }, 'reader'));
  const token = await story.kubectl('create', 'token', 'reader', '--audience', 'api://AzureADTokenExchange');
  await startWithIdentity(t, story, { token, ca: entra.certificates.ca });
  const sha = await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { a: 'b' }) });
  const { url, provider, proxySecretRef } = AZURE;

  await story.create(
    makeGitRepository({ namespace }, { url, provider, proxySecretRef }),
    makeKustomization({ namespace }),
  );

  await story.applied(sha);
  assert.equal(entra.tokens.length, 1);
});

test('an identity of Azure is shown to Azure DevOps only, whatever a source names', async (t) => {
  const story = await useStory(t, { started: false });
  const { namespace } = story;
  const { entra, secrets } = await startAzure(t, story);
  await startWithIdentity(t, story, { token: 'canary.kubernetes.token', ca: entra.certificates.ca });
  const { serviceAccountName: _, ...rest } = AZURE;

  await story.create(
    ...secrets,
    makeGitRepository({ namespace, name: 'elsewhere' }, { provider: rest.provider, url: story.repository.url }),
    makeGitRepository({ namespace, name: 'trusting' }, rest),
  );

  assert.deepEqual(await failure(story, 'elsewhere', /shows an identity of Azure to Azure DevOps only/), {
    reason: 'InvalidProviderConfiguration',
    isStalled: true,
  });
  assert.deepEqual(await failure(story, 'trusting', /not trusted with Hawser's identity/), {
    reason: 'InvalidProviderConfiguration',
    isStalled: true,
  });
  assert.deepEqual([story.gitServer.requests, entra.requests], [[], []]);
});
