import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { Secret } from '../../../src/errors/secret.ts';
import { azureDevOps } from '../../../src/webhook/azure-devops.ts';
import { bitbucket } from '../../../src/webhook/bitbucket.ts';
import { gitea } from '../../../src/webhook/gitea.ts';
import { gitlab } from '../../../src/webhook/gitlab.ts';
import { gitlabSigned } from '../../../src/webhook/gitlab-signed.ts';
import type { DeliveryHeaders, WebhookProvider } from '../../../src/webhook/webhook-provider.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

interface Case {
  readonly name: string;
  readonly provider: WebhookProvider;
  readonly headers: DeliveryHeaders;
  readonly body?: string;
  readonly secrets: readonly string[];
  readonly want?: 'INVALID' | 'MISSING';
}

/** RFC 4231, test case 2: what an HMAC-SHA256 must give. */
const KEY = 'Jefe';
const TEXT = 'what do ya want for nothing?';
const HMAC = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';

/** The example of the specification of Standard Webhooks. */
const TOKEN = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SIGNED = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

function standard(more: Partial<typeof SIGNED> = {}): DeliveryHeaders {
  const { id, timestamp, signature } = { ...SIGNED, ...more };
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

function sign(token: string, awayMs: number): DeliveryHeaders {
  const timestamp = String((NOW + awayMs) / 1_000);
  const key = Buffer.from(token.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`m1.${timestamp}.${SIGNED.body}`).digest('base64');
  return standard({ id: 'm1', timestamp, signature: `v1,${signature}` });
}

function basic(pair: string): DeliveryHeaders {
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

const signed = { provider: gitlabSigned, body: SIGNED.body, secrets: [TOKEN] };
const token = { provider: gitlab, secrets: ['token'] };
const hub = { provider: bitbucket, body: TEXT, secrets: [KEY] };
const bare = { provider: gitea, body: TEXT, secrets: [KEY] };
const azure = { provider: azureDevOps, secrets: ['pass:word'] };

const CASES: readonly Case[] = [
  { name: 'GitLab takes the token', ...token, headers: { 'x-gitlab-token': 'token' } },
  { name: 'GitLab refuses a longer token', ...token, headers: { 'x-gitlab-token': 'tokens' }, want: 'INVALID' },
  { name: 'GitLab refuses an empty token', ...token, headers: { 'x-gitlab-token': '' }, want: 'MISSING' },
  {
    name: 'GitLab with a signing token refuses the mere token',
    ...signed,
    headers: { 'x-gitlab-token': TOKEN },
    want: 'MISSING',
  },
  { name: 'a signing token signs now', ...signed, headers: sign(TOKEN, 0) },
  { name: 'a signing token signs five minutes ago', ...signed, headers: sign(TOKEN, -5 * MINUTE_MS) },
  { name: 'a signing token signs in five minutes', ...signed, headers: sign(TOKEN, 5 * MINUTE_MS) },
  { name: 'a signature is too old', ...signed, headers: sign(TOKEN, -6 * MINUTE_MS), want: 'INVALID' },
  { name: 'a signature is of the future', ...signed, headers: sign(TOKEN, 6 * MINUTE_MS), want: 'INVALID' },
  {
    name: 'one of several signatures is right',
    ...signed,
    headers: {
      ...sign(TOKEN, 0),
      'webhook-signature': `v1a,x v1,${'A'.repeat(43)}= ${sign(TOKEN, 0)['webhook-signature']}`,
    },
  },
  {
    name: 'a signature of another id',
    ...signed,
    headers: { ...sign(TOKEN, 0), 'webhook-id': 'm2' },
    want: 'INVALID',
  },
  {
    name: 'a signature of another time',
    ...signed,
    headers: { ...sign(TOKEN, 0), 'webhook-timestamp': String(NOW / 1_000 + 1) },
    want: 'INVALID',
  },
  { name: 'a signature without its id', ...signed, headers: { ...sign(TOKEN, 0), 'webhook-id': '' }, want: 'MISSING' },
  {
    name: 'a key that is no signing token',
    ...signed,
    secrets: ['whsec_'],
    headers: sign('whsec_', 0),
    want: 'INVALID',
  },
  { name: 'Gitea signs by the bare digest', ...bare, headers: { 'x-gitea-signature': HMAC } },
  { name: 'Forgejo signs by the bare digest', ...bare, headers: { 'x-forgejo-signature': HMAC } },
  { name: 'Gogs signs by the bare digest', ...bare, headers: { 'x-gogs-signature': HMAC } },
  {
    name: 'Gitea without a secret sends empty signatures',
    ...bare,
    headers: { 'x-gitea-signature': '' },
    want: 'MISSING',
  },
  {
    name: 'Gitea’s digest in capitals',
    ...bare,
    headers: { 'x-gitea-signature': HMAC.toUpperCase() },
    want: 'INVALID',
  },
  {
    name: 'Gitea signs the JSON in a form',
    ...bare,
    body: 'payload=what+do+ya+want+for+nothing%3F',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-gitea-signature': HMAC },
  },
  ...['a=b', 'payload=x&payload=y', 'payload=%zz', ''].map((body) => ({
    name: `Gitea’s form ${JSON.stringify(body)}`,
    ...bare,
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-gitea-signature': HMAC },
    want: 'INVALID' as const,
  })),
  { name: 'Bitbucket signs as GitHub does', ...hub, headers: { 'x-hub-signature': `sha256=${HMAC}` } },
  { name: 'Bitbucket’s SHA-1', ...hub, headers: { 'x-hub-signature': `sha1=${HMAC.slice(0, 40)}` }, want: 'INVALID' },
  { name: 'Bitbucket Data Center does not sign its ping', ...hub, headers: { 'x-event-key': 'diagnostics:ping' } },
  {
    name: 'a ping with a wrong signature',
    ...hub,
    headers: { 'x-event-key': 'diagnostics:ping', 'x-hub-signature': 'sha256=x' },
    want: 'INVALID',
  },
  { name: 'an unsigned push', ...hub, headers: { 'x-event-key': 'repo:refs_changed' }, want: 'MISSING' },
  { name: 'Azure DevOps sends a password', ...azure, headers: basic('anybody:pass:word') },
  { name: 'Azure DevOps sends a password without user', ...azure, headers: basic(':pass:word') },
  { name: 'Azure DevOps sends a bearer token', ...azure, headers: { authorization: 'Bearer pass:word' } },
  { name: 'Azure DevOps sends the token as user', ...azure, headers: basic('pass:word:'), want: 'INVALID' },
  { name: 'Azure DevOps sends an empty password', ...azure, headers: basic('user:'), want: 'INVALID' },
  {
    name: 'Azure DevOps sends another scheme',
    ...azure,
    headers: { authorization: 'Digest pass:word' },
    want: 'INVALID',
  },
  { name: 'Azure DevOps sends nothing', ...azure, headers: {}, want: 'MISSING' },
];

for (const { name, provider, headers, body = '', secrets, want } of CASES) {
  test(`what proves a delivery: ${name}${want ? ', which is refused' : ''}`, () => {
    const verify = () =>
      provider.verify(
        { raw: Buffer.from(body), headers, receivedAt: NOW },
        secrets.map((secret) => new Secret(secret)),
      );

    if (want === undefined) assert.doesNotThrow(verify);
    else assert.throws(verify, { code: `WEBHOOK_SIGNATURE_${want}` });
  });
}

test('the documented example of Standard Webhooks is taken at its time', () => {
  const delivery = { raw: Buffer.from(SIGNED.body), headers: standard(), receivedAt: Number(SIGNED.timestamp) * 1_000 };

  assert.doesNotThrow(() => gitlabSigned.verify(delivery, [new Secret(TOKEN)]));
});
