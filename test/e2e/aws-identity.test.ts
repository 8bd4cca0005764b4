import assert from 'node:assert/strict';
import type { JsonWebKey } from 'node:crypto';
import { test } from 'node:test';
import { isLoginToCodeCommit } from '../support/check-codecommit.ts';
import { makeServiceAccount } from '../support/make-account.ts';
import { makeCertificates } from '../support/make-certificates.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { makeRepository } from '../support/make-repository.ts';
import { startForwardProxy } from '../support/start-forward-proxy.ts';
import { startGitServer } from '../support/start-git-server.ts';
import { SECRET_KEY, SESSION_TOKEN, startSts } from '../support/start-sts.ts';
import { useStory } from '../support/use-story.ts';

const REGION = 'eu-west-1';
const HOST = `git-codecommit.${REGION}.amazonaws.com`;
const STS = `sts.${REGION}.amazonaws.com`;
const ROLE = 'arn:aws:iam::123456789012:role/reader';

test('a repository of CodeCommit is deployed by the role of a service account, without any password', async (t) => {
  const story = await useStory(t);
  const { namespace } = story;
  const read = async (path: string) => JSON.parse(await story.kubectl('get', '--raw', path)) as unknown;
  const { issuer } = (await read('/.well-known/openid-configuration')) as { issuer: string };
  const { keys } = (await read('/openid/v1/jwks')) as { keys: JsonWebKey[] };
  const certificates = await makeCertificates([HOST, STS]);
  const subject = `system:serviceaccount:${namespace}:reader`;
  const sts = await startSts({ certificates, keys, policies: [{ roleArn: ROLE, issuer, subject }] });
  const codeCommit = await startGitServer({ tls: certificates.server });
  const path = '/v1/repos/app.git';
  codeCommit.set({ authorize: (header) => isLoginToCodeCommit(header, { host: HOST, path, region: REGION }) });
  const proxy = await startForwardProxy(undefined, { [`${HOST}:443`]: codeCommit.url, [`${STS}:443`]: sts.url });
  t.after(async () => {
    await proxy.stop();
    await Promise.all([sts.stop(), codeCommit.stop()]);
  });
  const repository = await makeRepository(codeCommit, 'v1/repos/app');
  const sha = await repository.commitAndPush({ 'settings.yaml': makeConfigMap('settings', { a: 'b' }) });
  const secret = (name: string, stringData: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData,
  });
  const account = makeServiceAccount({ namespace }, 'reader');

  await story.create(
    secret('trust', { 'ca.crt': certificates.ca }),
    secret('proxy', { address: proxy.url }),
    { ...account, metadata: { ...account.metadata, annotations: { 'eks.amazonaws.com/role-arn': ROLE } } },
    makeGitRepository(
      { namespace },
      {
        url: `https://${HOST}${path}`,
        provider: 'aws',
        serviceAccountName: 'reader',
        secretRef: { name: 'trust' },
        proxySecretRef: { name: 'proxy' },
      },
    ),
    makeKustomization({ namespace }),
  );

  await story.applied(sha);
  assert.deepEqual(sts.requests, [`POST / ${namespace}.reader`]);
  const said = `${story.hawser.output()}${JSON.stringify((await story.gitRepository()).status)}`;
  for (const hidden of [SECRET_KEY, SESSION_TOKEN, ...sts.assertions]) assert.equal(said.includes(hidden), false);
});
