import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokenAccess } from '../../../src/kube/create-token-access.ts';
import type { ClusterCredentials } from '../../../src/kube/load-cluster-access.ts';

const HOUR_MS = 3_600_000;

/** Access whose clock and whose issuer of tokens the test holds in its hands. */
function makeAccess() {
  const state = { now: 0, issued: 0, isDown: false };
  const requestToken = async () => {
    if (state.isDown) throw new Error('no tokens today');
    state.issued += 1;
    return { token: `token-${state.issued}`, lifetimeMs: HOUR_MS };
  };
  const server = new URL('https://remote.example.com');
  const access = createTokenAccess({ server, tls: {}, requestToken, now: () => state.now });
  const token = async (rejected?: ClusterCredentials) => (await access.credentials(rejected)).headers.authorization;
  return { state, access, token };
}

test('one token serves all who ask, at the same time and until most of its life is over', async () => {
  const { state, token } = makeAccess();

  const first = await Promise.all([token(), token(), token()]);
  state.now = HOUR_MS * 0.79;
  const later = await token();

  assert.deepEqual([...first, later], Array(4).fill('Bearer token-1'));
});

test('a token is replaced before it expires, and the TLS options stay the same object', async () => {
  const { state, access } = makeAccess();
  const first = await access.credentials();

  state.now = HOUR_MS * 0.8;
  const second = await access.credentials();

  assert.equal(second.headers.authorization, 'Bearer token-2');
  assert.equal(second.tls, first.tls);
});

test('a token that was rejected is replaced at once, but only once for all who met the rejection', async () => {
  const { state, access, token } = makeAccess();
  const rejected = await access.credentials();
  state.now = 10_000;

  const replaced = [await token(rejected), await token(rejected)];

  assert.deepEqual(replaced, ['Bearer token-2', 'Bearer token-2']);
});

test('a new token that is rejected is not replaced at once, because the next one would be rejected as well', async () => {
  const { state, access, token } = makeAccess();
  const rejected = await access.credentials();
  state.now = 9_999;

  assert.equal(await token(rejected), 'Bearer token-1');
});

test('while no new token is to be had, the old one is used as long as it is good', async () => {
  const { state, token } = makeAccess();
  await token();

  state.isDown = true;
  state.now = HOUR_MS * 0.9;
  const meanwhile = await token();
  state.isDown = false;
  const atOnce = await token();
  state.now += 10_000;
  const afterwards = await token();

  assert.deepEqual([meanwhile, atOnce, afterwards], ['Bearer token-1', 'Bearer token-1', 'Bearer token-2']);
});

test('an expired token is not used, and the reason for having no other is told', async () => {
  const { state, token } = makeAccess();
  await token();

  state.isDown = true;
  state.now = HOUR_MS;

  await assert.rejects(token(), { message: 'no tokens today' });
});

test('after a failure the next question is asked anew', async () => {
  const { state, token } = makeAccess();
  state.isDown = true;
  await assert.rejects(token(), { message: 'no tokens today' });

  state.isDown = false;

  assert.equal(await token(), 'Bearer token-1');
});
