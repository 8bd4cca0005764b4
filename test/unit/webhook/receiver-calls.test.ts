import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';
import { type ReceiverEndpoint, readReceiverCall } from '../../../src/webhook/read-receiver-call.ts';
import { RECEIVER_TYPES } from '../../../src/webhook/receiver-types.ts';
import type { DeliveryHeaders } from '../../../src/webhook/webhook-provider.ts';

const TOKEN = 'receiver-token';
const BODY = '{"ref":"refs/heads/main"}';
const MiB = 1_024 * 1_024;
const SHA = 'b'.repeat(40);

function sign(hash: string, key = TOKEN, body = BODY): string {
  return `${hash}=${createHmac(hash, key).update(body).digest('hex')}`;
}

interface Proof {
  readonly name: string;
  readonly type: string;
  readonly headers: DeliveryHeaders;
  /** The token that Hawser knows. */
  readonly token?: string;
  readonly want: 'taken' | 'MISSING' | 'INVALID';
}

const PROOFS: readonly Proof[] = [
  { name: 'nothing', type: 'generic', headers: {}, want: 'taken' },
  ...['sha1', 'sha256', 'sha512'].flatMap((hash): Proof[] => [
    { name: `X-Signature by ${hash}`, type: 'generic-hmac', headers: { 'x-signature': sign(hash) }, want: 'taken' },
    {
      name: `X-Hub-Signature by ${hash}`,
      type: 'bitbucket',
      headers: { 'x-hub-signature': sign(hash) },
      want: 'taken',
    },
    { name: `X-Hub-Signature by ${hash}`, type: 'github', headers: { 'x-hub-signature': sign(hash) }, want: 'taken' },
  ]),
  {
    name: 'capitals in the digest',
    type: 'generic-hmac',
    headers: { 'x-signature': sign('sha256').replace(/=.*/, (text) => text.toUpperCase()) },
    want: 'taken',
  },
  { name: 'no X-Signature', type: 'generic-hmac', headers: {}, want: 'MISSING' },
  { name: 'an empty X-Signature', type: 'generic-hmac', headers: { 'x-signature': '' }, want: 'MISSING' },
  {
    name: 'the signature in another header',
    type: 'generic-hmac',
    headers: { 'x-hub-signature-256': sign('sha256') },
    want: 'MISSING',
  },
  { name: 'another key', type: 'generic-hmac', headers: { 'x-signature': sign('sha256', 'guessed') }, want: 'INVALID' },
  {
    name: 'another body',
    type: 'generic-hmac',
    headers: { 'x-signature': sign('sha256', TOKEN, '{}') },
    want: 'INVALID',
  },
  { name: 'a hash that is not taken', type: 'generic-hmac', headers: { 'x-signature': sign('md5') }, want: 'INVALID' },
  {
    name: 'a hash of another length',
    type: 'generic-hmac',
    headers: { 'x-signature': sign('sha1').replace('sha1', 'sha256') },
    want: 'INVALID',
  },
  {
    name: 'a digest without its hash',
    type: 'generic-hmac',
    headers: { 'x-signature': sign('sha256').slice(7) },
    want: 'INVALID',
  },
  {
    name: 'an empty key',
    type: 'generic-hmac',
    headers: { 'x-signature': sign('sha256', '') },
    token: '',
    want: 'INVALID',
  },
  { name: 'no signature', type: 'github', headers: {}, want: 'MISSING' },
  {
    name: 'a wrong X-Hub-Signature-256 beside a right X-Hub-Signature',
    type: 'github',
    headers: { 'x-hub-signature-256': sign('sha256', 'guessed'), 'x-hub-signature': sign('sha1') },
    want: 'INVALID',
  },
  { name: 'an unsigned ping', type: 'bitbucket', headers: { 'x-event-key': 'diagnostics:ping' }, want: 'MISSING' },
  { name: 'the token', type: 'gitlab', headers: { 'x-gitlab-token': TOKEN }, want: 'taken' },
  { name: 'another token', type: 'gitlab', headers: { 'x-gitlab-token': `${TOKEN}x` }, want: 'INVALID' },
  { name: 'no token', type: 'gitlab', headers: {}, want: 'MISSING' },
];

describe('a Receiver’s call', () => {
  for (const { name, type, headers, token = TOKEN, want } of PROOFS) {
    test(`of type ${type} with ${name} is ${want === 'taken' ? want : `refused: signature ${want}`}`, () => {
      const verify = () =>
        RECEIVER_TYPES[type]?.verify({ raw: Buffer.from(BODY), headers, receivedAt: 0 }, new Secret(token));

      if (want === 'taken') assert.doesNotThrow(verify);
      else assert.throws(verify, { code: `WEBHOOK_SIGNATURE_${want}` });
    });
  }
});

interface Case {
  readonly name: string;
  readonly type?: string;
  readonly endpoint?: Partial<ReceiverEndpoint>;
  readonly headers?: DeliveryHeaders;
  readonly body?: string;
  /** What is read, or the code of the error. */
  readonly want: string;
}

const PUSH = JSON.stringify({
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: SHA,
  repository: { full_name: 'acme/app', clone_url: 'https://github.com/acme/app.git' },
});
const JSON_BODY = { 'content-type': 'application/json; charset=utf-8' };
const filtered = { endpoint: { hasFilter: true }, headers: JSON_BODY };

const CASES: readonly Case[] = [
  { name: 'a push names what moved', headers: { 'x-github-event': 'push' }, body: PUSH, want: `call push [${SHA}]` },
  {
    name: 'a push of Hawser’s own form does too',
    type: 'generic',
    body: `{"repository":"https://x.org/a/b","ref":"refs/heads/main","after":"${SHA}"}`,
    want: `call [${SHA}]`,
  },
  {
    name: 'another event is a call that names nothing',
    headers: { 'x-github-event': 'release' },
    want: 'call release []',
  },
  { name: 'a body that is no JSON is', headers: { 'x-github-event': 'push' }, body: '{', want: 'call push []' },
  { name: 'an empty body is', type: 'generic', body: '', want: 'call []' },
  { name: 'no event is', want: 'call []' },
  {
    name: 'an event of the list, in other capitals, is',
    endpoint: { events: ['ping', 'PUSH'] },
    headers: { 'x-github-event': 'push' },
    want: 'call push []',
  },
  {
    name: 'GitLab’s event is',
    type: 'gitlab',
    endpoint: { events: ['push hook'] },
    headers: { 'x-gitlab-event': 'Push Hook' },
    want: 'call Push Hook []',
  },
  {
    name: 'an event that is not of the list is ignored',
    endpoint: { events: ['push'] },
    headers: { 'x-github-event': 'ping' },
    want: 'ignored: the event ping is not one of the Receiver’s spec.events',
  },
  {
    name: 'no event is ignored where there is a list',
    endpoint: { events: ['push'] },
    want: 'ignored: the event without a name is not one of the Receiver’s spec.events',
  },
  {
    name: 'an event with controls in it is not repeated',
    endpoint: { events: ['push'] },
    headers: { 'x-github-event': 'a\u001b[2J<b>' },
    want: 'ignored: the event a??2J?b? is not one of the Receiver’s spec.events',
  },
  {
    name: 'a generic call has no event, whatever the list',
    type: 'generic',
    endpoint: { events: ['push'] },
    want: 'call []',
  },
  {
    name: 'a call of a suspended Receiver is ignored',
    endpoint: { suspended: true },
    want: 'ignored: the Receiver is suspended',
  },
  { name: 'a filter gets the body', ...filtered, body: BODY, want: `call [] ${BODY}` },
  {
    name: 'a filter gets no body that is not said to be JSON',
    endpoint: { hasFilter: true },
    body: BODY,
    want: 'call []',
  },
  {
    name: 'a filter gets no form',
    endpoint: { hasFilter: true },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'payload=%7B%7D',
    want: 'call []',
  },
  ...['', '{', 'null', '[]', '1', '"text"'].map((body) => ({
    name: `a filter cannot be asked about ${JSON.stringify(body)}`,
    ...filtered,
    body,
    want: 'WEBHOOK_BODY_INVALID',
  })),
  {
    name: 'a filter is not asked about more than 3 MiB',
    ...filtered,
    body: `{"a":"${'x'.repeat(3 * MiB)}"}`,
    want: 'HTTP_BODY_TOO_LARGE',
  },
  {
    name: 'more than 3 MiB are a call without a filter',
    headers: JSON_BODY,
    body: `{"a":"${'x'.repeat(3 * MiB)}"}`,
    want: 'call []',
  },
];

function read({ type = 'github', endpoint, headers = {}, body = BODY }: Case): string {
  const known = RECEIVER_TYPES[type];
  if (!known) throw new Error(`there is no type ${type}`);
  const receiver = { namespace: 'default', name: 'app' };
  const defaults = { receiver, type: known, token: new Secret(TOKEN), events: [], suspended: false, hasFilter: false };
  try {
    const call = readReceiverCall({ ...defaults, ...endpoint }, { raw: Buffer.from(body), headers, receivedAt: 0 });
    if (call.kind === 'ignored') return `ignored: ${call.reason}`;
    const pushes = `[${call.pushes.map(({ after }) => after).join()}]`;
    return ['call', call.event, pushes, call.body].filter((part) => part !== undefined).join(' ');
  } catch (error) {
    return error instanceof HawserError ? error.code : String(error);
  }
}

for (const given of CASES) {
  test(`of a Receiver’s call, ${given.name}`, () => {
    assert.equal(read(given), given.want);
  });
}

test('calls without an id are told apart even if they hold the same', () => {
  const type = RECEIVER_TYPES.generic;
  assert.ok(type);
  const receiver = { namespace: 'default', name: 'app' };
  const endpoint = { receiver, type, token: new Secret(TOKEN), events: [], suspended: false, hasFilter: false };
  const delivery = { raw: Buffer.from(''), headers: {}, receivedAt: 0 };

  const ids = [readReceiverCall(endpoint, delivery), readReceiverCall(endpoint, delivery)].map(
    (call) => call.deliveryId,
  );

  assert.notEqual(ids[0], ids[1]);
});
