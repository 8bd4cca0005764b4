import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokenCache } from '../../../src/credentials/create-token-cache.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { Secret } from '../../../src/errors/secret.ts';

const MINUTE_MS = 60_000;

/** An issuer of tokens that are to be renewed after 40 minutes and last an hour. */
function makeCache() {
  let now = 0;
  let asked = 0;
  let failure: Error | undefined;
  const cache = createTokenCache<Secret>(() => now);
  const issue = async () => {
    asked += 1;
    if (failure) throw failure;
    return { token: new Secret(`token-${asked}`), renewAt: now + 40 * MINUTE_MS, expiresAt: now + 60 * MINUTE_MS };
  };
  return {
    get: async (id = 'one') => (await cache.get(id, issue)).reveal(),
    pass: (minutes: number) => {
      now += minutes * MINUTE_MS;
    },
    fail: (error: Error | undefined) => {
      failure = error;
    },
    asked: () => asked,
  };
}

const AWAY = new HawserError('CREDENTIALS_UNAVAILABLE', 'away');
const REFUSED = new HawserError('CREDENTIALS_UNSUPPORTED', 'refused');

test('who asks at the same time shares one request, and who asks later has what was issued then', async () => {
  const { get, pass, asked } = makeCache();

  const together = await Promise.all([get(), get(), get()]);
  pass(39);
  const later = await get();

  assert.deepEqual([...together, later, asked()], ['token-1', 'token-1', 'token-1', 'token-1', 1]);
});

test('a token is replaced when it is to be renewed, before it ends', async () => {
  const { get, pass } = makeCache();
  await get();

  pass(40);

  assert.equal(await get(), 'token-2');
});

test('others get a token of their own', async () => {
  const { get } = makeCache();

  assert.deepEqual([await get('one'), await get('two'), await get('one')], ['token-1', 'token-2', 'token-1']);
});

test('a token that is good still stands in while its issuer is away, and the issuer is not asked each time', async () => {
  const { get, pass, fail, asked } = makeCache();
  await get();
  pass(41);
  fail(AWAY);

  const during = [await get(), await get()];
  const askedDuring = asked();
  fail(undefined);
  pass(1);

  assert.deepEqual([...during, askedDuring, await get()], ['token-1', 'token-1', 2, 'token-3']);
});

for (const { name, minutes, error } of [
  { name: 'a token that is about to end does not stand in', minutes: 59.5, error: AWAY },
  { name: 'a token whose owner was refused does not stand in', minutes: 41, error: REFUSED },
]) {
  test(name, async () => {
    const { get, pass, fail } = makeCache();
    await get();
    pass(minutes);
    fail(error);

    await assert.rejects(get(), error);
  });
}

test('after a failure without a token the issuer is asked anew', async () => {
  const { get, fail } = makeCache();
  fail(AWAY);
  await assert.rejects(get(), AWAY);
  fail(undefined);

  assert.equal(await get(), 'token-2');
});

test('a thousand tokens are kept, and then those that were issued first make room', async () => {
  const { get, asked } = makeCache();
  for (let index = 0; index <= 1_000; index += 1) await get(`holder-${index}`);

  await get('holder-1');
  assert.equal(asked(), 1_001);
  await get('holder-0');
  assert.equal(asked(), 1_002);
});
