import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createAlertRoutes } from '../../src/commit-status/alert-routes.ts';
import { createReporters } from '../../src/commit-status/create-reporters.ts';
import type { StatusRoute, StatusSubject } from '../../src/commit-status/status-route.ts';
import { startStatusRoutes } from '../../src/create-status-routes.ts';
import { createConnectionPools } from '../../src/git/connection-pools.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { type Alert, type Provider, parseAlert, parseProvider } from '../../src/model/alert.ts';
import { createLogger } from '../../src/telemetry/create-logger.ts';
import type { ProviderKind } from '../support/provider-rules.ts';
import { startForwardProxy } from '../support/start-forward-proxy.ts';
import { startProviderApi } from '../support/start-provider-api.ts';
import { startTlsFront } from '../support/start-tls-front.ts';

const TOKEN = 'canary-provider-token-0123456789';
const SHA = 'a'.repeat(40);

const HOSTS: readonly { type: string; kind: ProviderKind; path: string; repository: string }[] = [
  { type: 'github', kind: 'github', path: '/acme/app', repository: 'acme/app' },
  { type: 'gitlab', kind: 'gitlab', path: '/acme/team/app', repository: 'acme/team/app' },
  { type: 'gitea', kind: 'gitea', path: '/acme/app.git', repository: 'acme/app' },
  { type: 'bitbucket', kind: 'bitbucket-cloud', path: '/acme/app', repository: 'acme/app' },
  { type: 'bitbucketserver', kind: 'bitbucket-data-center', path: '/scm/acme/app', repository: 'acme/app' },
  { type: 'azuredevops', kind: 'azure-devops', path: '/acme/web/_git/app', repository: 'acme/web/app' },
];

/** A host that only answers behind a proxy, with a certificate of its own authority. */
async function startHost(t: TestContext, { kind, repository }: { kind: ProviderKind; repository: string }) {
  const api = await startProviderApi({ provider: kind, tokens: [TOKEN], repositories: [repository] });
  const front = await startTlsFront({
    to: api.url,
    // GitHub's Enterprise servers keep their API below a path.
    toPath: (path) => path.replace(/^\/api\/v3/, ''),
    answer: ({ url }) =>
      url === '/api/v3/app/installations/42/access_tokens'
        ? { token: TOKEN, expires_at: new Date(Date.now() + 3_600_000).toISOString() }
        : undefined,
  });
  const proxy = await startForwardProxy({ username: 'hawser', password: 'canary-proxy' });
  t.after(async () => {
    await Promise.all([proxy.stop(), front.stop()]);
    await api.stop();
  });
  const secrets: Record<string, Record<string, string>> = {
    'flux-system/token': { token: TOKEN },
    'flux-system/ca': { 'ca.crt': front.certificates.ca },
    'flux-system/proxy': { address: proxy.url, username: 'hawser', password: 'canary-proxy' },
  };
  const readSecret = async (namespace: string, name: string) => {
    const data = secrets[`${namespace}/${name}`];
    return (
      data && Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
    );
  };
  return { api, front, proxy, secrets, readSecret };
}

function makeSubject(repositoryUrl: string, more: Partial<StatusSubject> = {}): StatusSubject {
  return {
    repositoryUrl,
    source: { namespace: 'shop' },
    context: 'hawser/shop/web',
    revision: `main@sha1:${SHA}`,
    about: [{ kind: 'Kustomization', namespace: 'shop', name: 'web' }],
    said: { state: 'success', description: 'deployed', at: 0 },
    corrects: false,
    ...more,
  };
}

async function post({ repositoryUrl, reporter, credential }: StatusRoute) {
  const status = { sha: SHA, context: 'hawser/shop/web', state: 'success', description: 'deployed' } as const;
  return await reporter.post({ ...status, repositoryUrl }, credential);
}

const METADATA = { namespace: 'flux-system', name: 'host' };
const ALERT = {
  spec: { providerRef: { name: 'host' }, eventSources: [{ kind: 'Kustomization', name: '*', namespace: 'shop' }] },
};

type Host = Awaited<ReturnType<typeof startHost>>;

function startAlertRoutes(
  t: TestContext,
  { readSecret }: Pick<Host, 'readSecret'>,
  { provider, alerts: ofAlerts = [{}] }: { provider: Partial<Provider['spec']>; alerts?: Partial<Alert['spec']>[] },
) {
  const pools = createConnectionPools();
  t.after(() => pools.close());
  const warnings: string[] = [];
  const spec = { type: 'gitea', secretRef: { name: 'token' }, ...provider };
  const alerts = ofAlerts.flatMap((alert, index) => {
    const metadata = { ...METADATA, name: `${METADATA.name}-${index}` };
    return parseAlert({ metadata, spec: { ...ALERT.spec, ...alert } } as never) ?? [];
  });
  const routes = createAlertRoutes({
    alerts: () => alerts,
    provider: (namespace, name) =>
      namespace === METADATA.namespace && name === METADATA.name
        ? parseProvider({ metadata: METADATA, spec } as never)
        : undefined,
    readSecret,
    gitHubApps: { token: () => Promise.reject(new Error('not asked')) },
    createReporter: createReporters((via) => pools.poolFor(via)),
    matches: (expression, text) => new RegExp(expression).test(text),
    allowCrossNamespaceRefs: true,
    instance: 'pod-0',
    warn: (_, problem) => void warnings.push(problem),
  });
  return { routes, warnings };
}

for (const { type, kind, path, repository } of HOSTS) {
  test(`a Provider of type ${type} is posted to at its address, over its proxy and with its authority`, async (t) => {
    const host = await startHost(t, { kind, repository });
    const { routes, warnings } = startAlertRoutes(t, host, {
      provider: {
        type,
        address: `${host.front.url}${path}`,
        certSecretRef: { name: 'ca' },
        proxySecretRef: { name: 'proxy' },
      },
    });
    const ofSource = `ssh://git@git.example${path.replace('/scm', '').replace('/_git', '')}`;
    assert.ok(routes.mayHave(ofSource));

    const found = await routes.find(makeSubject(ofSource));

    assert.deepEqual(warnings, []);
    const [route] = found.routes;
    assert.ok(route);
    assert.deepEqual(await post(route), { kind: 'posted' });
    assert.deepEqual(
      host.api.statuses.map((status) => [status.repository, status.sha, status.context]),
      [[repository, SHA, 'hawser/shop/web']],
    );
    assert.deepEqual(
      host.proxy.requests.map(({ line }) => line.split(' ')[0]),
      ['CONNECT'],
    );
  });
}

const ADDRESS = 'https://git.example/acme/app';
const CASES: readonly {
  name: string;
  provider?: Partial<Provider['spec']>;
  alert?: Partial<Alert['spec']>;
  subject?: Partial<StatusSubject>;
  want: 'posted' | 'held back' | 'not concerned' | RegExp;
}[] = [
  {
    name: 'another repository is not the Provider’s',
    provider: { address: 'https://git.example/acme/other' },
    want: 'not concerned',
  },
  { name: 'a suspended Provider is not there', provider: { suspend: true }, want: 'not concerned' },
  { name: 'a suspended Alert is not there', alert: { suspend: true }, want: 'not concerned' },
  { name: 'a Provider for people has no statuses', provider: { type: 'slack' }, want: 'not concerned' },
  { name: 'an Alert for errors holds success back', alert: { eventSeverity: 'error' }, want: 'held back' },
  {
    name: 'an Alert for errors lets a failure pass',
    alert: { eventSeverity: 'error' },
    subject: { said: { state: 'failure', description: 'no', at: 0 } },
    want: 'posted',
  },
  {
    name: 'what stands already is corrected in any case',
    alert: { eventSeverity: 'error' },
    subject: { corrects: true },
    want: 'posted',
  },
  { name: 'an excluded message is held back', alert: { exclusionList: ['^deployed'] }, want: 'held back' },
  { name: 'a message that is not included is held back', alert: { inclusionList: ['failed$'] }, want: 'held back' },
  {
    name: 'a Secret that is missing is told',
    provider: { secretRef: { name: 'none' } },
    want: /Provider\/flux-system\/host: secrets "none" not found/,
  },
  {
    name: 'a Secret without token is told',
    provider: { secretRef: { name: 'ca' } },
    want: /the key 'token' is missing/,
  },
  { name: 'a Provider without Secret is told', provider: { secretRef: undefined }, want: /spec\.secretRef/ },
];

for (const { name, provider, alert, subject, want } of CASES) {
  test(`by Alert: ${name}`, async (t) => {
    const readSecret = async (_: string, secret: string) =>
      ({ token: { token: Buffer.from(TOKEN).toString('base64') }, ca: {} })[secret];
    const given = { provider: { address: ADDRESS, ...provider }, ...(alert ? { alerts: [alert] } : {}) };
    const { routes, warnings } = startAlertRoutes(t, { readSecret }, given);

    const { routes: found, isHeldBack, problem } = await routes.find(makeSubject(ADDRESS, subject));

    const got = found.length > 0 ? 'posted' : isHeldBack ? 'held back' : 'not concerned';
    if (want instanceof RegExp) {
      assert.match(warnings.join(), want);
      assert.ok(problem, 'so that it is tried again');
    } else assert.deepEqual([got, warnings], [want, []]);
    assert.doesNotMatch(warnings.join(), /canary/);
  });
}

const INFO = {};
const ERRORS = { eventSeverity: 'error' };
const EXPRESSIONS: readonly {
  name: string;
  expression: string;
  alerts?: Partial<Alert['spec']>[];
  want: string;
  warns?: RegExp;
}[] = [
  { name: 'names the context', expression: "event.involvedObject.name + '/prod'", want: 'web/prod' },
  {
    name: 'that fails is told, and the status keeps its context',
    expression: 'event.metadata.none',
    want: 'hawser/shop/web',
    warns: /^spec\.commitStatusExpr for Kustomization\/shop\/web: .*none/,
  },
  {
    name: 'sees the first Alert by name, so that what is pending is answered',
    expression: 'alert.metadata.name',
    alerts: [ERRORS, INFO],
    want: 'host-0',
  },
];

for (const { name, expression, alerts, want, warns } of EXPRESSIONS) {
  test(`a Provider’s expression ${name}`, async (t) => {
    const readSecret = async () => ({ token: Buffer.from(TOKEN).toString('base64') });
    const provider = { address: ADDRESS, commitStatusExpr: expression };
    const { routes, warnings } = startAlertRoutes(t, { readSecret }, { provider, ...(alerts ? { alerts } : {}) });

    const { routes: found } = await routes.find(makeSubject(ADDRESS));
    const { routes: correcting } = await routes.find(makeSubject(ADDRESS, { corrects: true }));

    assert.deepEqual(
      [...found, ...correcting].map(({ contexts }) => contexts),
      [[want], [want]],
    );
    assert.match(warnings.join(), warns ?? /^$/);
  });
}

test('a source’s own GitHub App is asked for its token, and posts, over the source’s proxy and authority', async (t) => {
  const { api, front, proxy, secrets, readSecret } = await startHost(t, { kind: 'github', repository: 'acme/app' });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  secrets['shop/app'] = {
    githubAppID: '7',
    githubAppInstallationID: '42',
    githubAppPrivateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    'ca.crt': front.certificates.ca,
  };
  secrets['shop/proxy'] = secrets['flux-system/proxy'] ?? {};
  const get = async ({ namespace, name }: { namespace: string; name: string }) => {
    const data = await readSecret(namespace, name);
    return data && { data };
  };
  const running = startStatusRoutes({
    config: {
      commitStatus: { apiUrls: { github: `${front.url}/api/v3` }, tokens: {} },
      eventsUrl: 'http://127.0.0.1:1',
      namespace: undefined,
      tenancy: { defaultServiceAccount: undefined, allowCrossNamespaceRefs: true },
    },
    logger: createLogger({ level: 'error' }),
    client: { get } as unknown as KubeClient,
  });
  t.after(() => running.stop());
  const source = { namespace: 'shop', secretRef: { name: 'app' }, proxySecretRef: { name: 'proxy' } };

  const [route] = await running.routes.find(makeSubject('https://127.0.0.1/acme/app', { source }));

  assert.ok(route);
  assert.deepEqual(await post(route), { kind: 'posted' });
  assert.equal(api.statuses.length, 1);
  assert.ok(proxy.requests.length > 0);
  assert.ok(proxy.requests.every(({ line }) => line === `CONNECT ${new URL(front.url).host}`));
});
