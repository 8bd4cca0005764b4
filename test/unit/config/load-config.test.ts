import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { type Config, loadConfig } from '../../../src/config/load-config.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';

const SIGNING_TOKEN = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;

type Env = Record<string, string | undefined>;

const accepted: readonly { name: string; given: Env; read: (config: Config) => unknown; want: unknown }[] = [
  { name: 'both roles by default', given: {}, read: ({ roles }) => [...roles], want: ['server', 'worker'] },
  { name: 'one role', given: { HAWSER_ROLES: 'worker' }, read: ({ roles }) => [...roles], want: ['worker'] },
  { name: 'spaces in a list', given: { HAWSER_ROLES: ' worker, server ' }, read: ({ roles }) => roles.size, want: 2 },
  {
    name: 'a port on every interface',
    given: { HAWSER_PUBLIC_ADDR: ':9000' },
    read: (config) => [config.public.port, ['::', '0.0.0.0'].includes(config.public.host)],
    want: [9000, true],
  },
  {
    name: 'an IPv4 address',
    given: { HAWSER_INTERNAL_ADDR: '127.0.0.1:80' },
    read: ({ internal }) => internal,
    want: { host: '127.0.0.1', port: 80 },
  },
  {
    name: 'an IPv6 address with any port',
    given: { HAWSER_ARTIFACT_ADDR: '[::1]:0' },
    read: ({ artifact }) => artifact,
    want: { host: '::1', port: 0 },
  },
  {
    name: 'a URL without its trailing slash',
    given: { HAWSER_EXTERNAL_URL: 'https://hawser.example/base/' },
    read: ({ externalUrl }) => externalUrl,
    want: 'https://hawser.example/base',
  },
  {
    name: 'a relative data directory as an absolute one',
    given: { HAWSER_DATA_DIR: 'data' },
    read: ({ dataDir }) => dataDir,
    want: resolve('data'),
  },
  {
    name: 'an empty variable as unset',
    given: { HAWSER_LOG_LEVEL: '' },
    read: ({ logLevel }) => logLevel,
    want: 'info',
  },
  { name: 'a number', given: { HAWSER_CONCURRENCY: '50' }, read: ({ concurrency }) => concurrency, want: 50 },
  {
    name: 'several webhook secrets',
    given: { GITHUB_WEBHOOK_SECRET: 'new-secret, old-secret' },
    read: ({ webhookSecrets }) => webhookSecrets.github.map((secret) => secret.reveal()),
    want: ['new-secret', 'old-secret'],
  },
  {
    name: 'the secrets of every provider’s webhooks',
    given: {
      GITLAB_WEBHOOK_TOKEN: 'gitlab-token',
      GITLAB_WEBHOOK_SIGNING_TOKEN: `${SIGNING_TOKEN},${SIGNING_TOKEN}`,
      GITEA_WEBHOOK_SECRET: 'gitea-secret',
      BITBUCKET_WEBHOOK_SECRET: 'bitbucket-secret',
      AZURE_DEVOPS_WEBHOOK_TOKEN: 'azure-token',
      HAWSER_WEBHOOK_SECRET: 'generic-secret',
    },
    read: ({ webhookSecrets }) =>
      Object.entries(webhookSecrets).map(([name, secrets]) => [name, ...secrets.map((secret) => secret.reveal())]),
    want: [
      ['github'],
      ['gitlab', 'gitlab-token'],
      ['gitlabSigning', SIGNING_TOKEN, SIGNING_TOKEN],
      ['gitea', 'gitea-secret'],
      ['bitbucket', 'bitbucket-secret'],
      ['azureDevOps', 'azure-token'],
      ['generic', 'generic-secret'],
    ],
  },
  { name: 'no webhook secret', given: {}, read: ({ webhookSecrets }) => webhookSecrets.github, want: [] },
  {
    name: 'the socket of a Redis',
    given: { REDIS_URL: '/run/redis.sock' },
    read: ({ redisUrl }) => redisUrl?.reveal(),
    want: '/run/redis.sock',
  },
  {
    name: 'a server without worker, if they share a Redis',
    given: { HAWSER_ROLES: 'server', REDIS_URL: 'redis://redis:6379' },
    read: ({ roles }) => [...roles],
    want: ['server'],
  },
  {
    name: 'what Azure’s webhook gives a Pod',
    given: {
      AZURE_CLIENT_ID: '66666666-7777-8888-9999-000000000000',
      AZURE_TENANT_ID: 'contoso.onmicrosoft.com',
      AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token',
      AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/',
    },
    read: ({ azure }) => ({ ...azure }),
    want: {
      clientId: '66666666-7777-8888-9999-000000000000',
      tenantId: 'contoso.onmicrosoft.com',
      tokenFile: '/var/run/secrets/azure/tokens/azure-identity-token',
      authorityUrl: 'https://login.microsoftonline.us',
    },
  },
  {
    name: 'what Amazon’s webhook gives a Pod',
    given: { AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/hawser', AWS_WEB_IDENTITY_TOKEN_FILE: '/var/token' },
    read: ({ aws }) => ({ ...aws }),
    want: { roleArn: 'arn:aws:iam::123456789012:role/hawser', tokenFile: '/var/token' },
  },
  {
    name: 'no identity in Azure',
    given: {},
    read: ({ azure }) => [azure.clientId, azure.tenantId, azure.tokenFile, azure.authorityUrl],
    want: [undefined, undefined, undefined, 'https://login.microsoftonline.com'],
  },
  {
    name: 'variables of others',
    given: { HAWSER_PORT: 'tcp://10.0.0.1:80' },
    read: ({ roles }) => roles.size,
    want: 2,
  },
];

const refused: readonly { name: string; given: Env; want: RegExp }[] = [
  { name: 'an unknown role', given: { HAWSER_ROLES: 'server,leader' }, want: /HAWSER_ROLES must be .*server, worker/ },
  { name: 'a bare port', given: { HAWSER_PUBLIC_ADDR: '9292' }, want: /HAWSER_PUBLIC_ADDR must be an address such as/ },
  {
    name: 'a port out of range',
    given: { HAWSER_PUBLIC_ADDR: ':65536' },
    want: /HAWSER_PUBLIC_ADDR must be an address/,
  },
  { name: 'brackets around no IPv6', given: { HAWSER_PUBLIC_ADDR: '[host]:1' }, want: /HAWSER_PUBLIC_ADDR must be/ },
  {
    name: 'a URL of another scheme',
    given: { HAWSER_EXTERNAL_URL: 'ftp://x' },
    want: /HAWSER_EXTERNAL_URL must be an http/,
  },
  {
    name: 'a URL with a user',
    given: { HAWSER_EXTERNAL_URL: 'https://u@x' },
    want: /HAWSER_EXTERNAL_URL must not hold a user/,
  },
  { name: 'no worker at all', given: { HAWSER_CONCURRENCY: '0' }, want: /HAWSER_CONCURRENCY must be a whole number/ },
  {
    name: 'a number with a unit',
    given: { HAWSER_CONCURRENCY: '5x' },
    want: /HAWSER_CONCURRENCY must be a whole number/,
  },
  { name: 'an unknown log level', given: { HAWSER_LOG_LEVEL: 'loud' }, want: /HAWSER_LOG_LEVEL must be one of: debug/ },
  { name: 'a namespace that cannot be', given: { HAWSER_NAMESPACE: 'a,b' }, want: /HAWSER_NAMESPACE must be the name/ },
  { name: 'a Redis of another scheme', given: { REDIS_URL: 'http://redis' }, want: /REDIS_URL must be a redis/ },
  {
    name: 'a list of no secrets',
    given: { GITHUB_WEBHOOK_SECRET: ' , ' },
    want: /GITHUB_WEBHOOK_SECRET holds no secret/,
  },
  ...[' , ', 'secret-token', 'whsec_', 'whsec_short', `${SIGNING_TOKEN},x`].map((text) => ({
    name: `the signing token ${JSON.stringify(text)}`,
    given: { GITLAB_WEBHOOK_SIGNING_TOKEN: text },
    want: /GITLAB_WEBHOOK_SIGNING_TOKEN (holds no secret|must be signing tokens)/,
  })),
  { name: 'a server that nobody works for', given: { HAWSER_ROLES: 'server' }, want: /REDIS_URL is missing/ },
  {
    name: 'a token that is soon guessed',
    given: { HAWSER_TRIGGER_TOKEN: `${'a'.repeat(16)},short` },
    want: /HAWSER_TRIGGER_TOKEN must be tokens of at least 16 characters/,
  },
  {
    name: 'an authority of Azure that anybody could listen to',
    given: { AZURE_AUTHORITY_HOST: 'http://login.microsoftonline.com' },
    want: /AZURE_AUTHORITY_HOST must be an https URL/,
  },
  {
    name: 'a tenant of Azure that would lead elsewhere',
    given: { AZURE_TENANT_ID: '../common' },
    want: /AZURE_TENANT_ID must be an id as Azure shows it/,
  },
  { name: 'an absent file', given: { GITHUB_TOKEN_FILE: '/nowhere' }, want: /GITHUB_TOKEN_FILE names .* \(ENOENT\)/ },
  {
    name: 'a secret given twice',
    given: { GITHUB_TOKEN: 'x', GITHUB_TOKEN_FILE: '/nowhere' },
    want: /GITHUB_TOKEN and GITHUB_TOKEN_FILE are both set/,
  },
];

function messageOfRefusal(env: Env): string {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof HawserError);
    assert.equal(error.code, 'CONFIG_INVALID');
    return error.message;
  }
  return assert.fail('the configuration was accepted');
}

describe('the configuration', () => {
  for (const { name, given, read, want } of accepted) {
    test(`accepts ${name}`, () => assert.deepEqual(read(loadConfig(given)), want));
  }

  for (const { name, given, want } of refused) {
    test(`refuses ${name} by the variable's name`, () => assert.match(messageOfRefusal(given), want));
  }

  test('tells every problem at once', () => {
    const given = {
      HAWSER_ROLES: 'x',
      HAWSER_CONCURRENCY: 'y',
      HAWSER_TRIGGER_TOKEN: 'z',
      GITHUB_TOKEN_FILE: '/nowhere',
    };

    const message = messageOfRefusal(given);

    for (const name of Object.keys(given)) assert.match(message, new RegExp(name));
  });

  test('reads a secret from a file, without the newline at its end', (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'hawser-config-'));
    t.after(() => rmSync(dir, { recursive: true }));
    writeFileSync(join(dir, 'token'), 'ghp_from-a-file\n');

    const { commitStatus } = loadConfig({ GITHUB_TOKEN_FILE: join(dir, 'token') });

    assert.equal(commitStatus.tokens.github?.reveal(), 'ghp_from-a-file');
  });

  test('refuses an empty secret file', (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'hawser-config-'));
    t.after(() => rmSync(dir, { recursive: true }));
    writeFileSync(join(dir, 'token'), '\n');

    assert.match(messageOfRefusal({ GITHUB_TOKEN_FILE: join(dir, 'token') }), /GITHUB_TOKEN_FILE names .* empty/);
  });

  test('shows no secret, neither printed nor in a refusal', () => {
    const canaries = {
      REDIS_URL: 'redis://:canary-redis@x',
      GITHUB_WEBHOOK_SECRET: 'canary-hook',
      GITHUB_TOKEN: 'canary-token',
    };

    const printed = `${inspect(loadConfig(canaries), { depth: 9 })} ${JSON.stringify(loadConfig(canaries))}`;
    const refusal = messageOfRefusal({ ...canaries, REDIS_URL: 'http://canary-redis', HAWSER_ROLES: 'x' });

    assert.doesNotMatch(`${printed} ${refusal}`, /canary/);
    assert.match(printed, /\[redacted\]/);
  });

  test('cannot be changed', () => {
    const config = loadConfig({});

    assert.ok(
      [config, config.public, config.commitStatus, config.webhookSecrets, config.webhookSecrets.github].every(
        Object.isFrozen,
      ),
    );
  });
});
