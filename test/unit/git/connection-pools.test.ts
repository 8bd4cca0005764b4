import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dispatcher } from 'undici';
import { Secret } from '../../../src/errors/secret.ts';
import { createConnectionPools } from '../../../src/git/connection-pools.ts';

const isClosed = (pool: Dispatcher) => (pool as Dispatcher & { closed: boolean }).closed;

test('logins share connections; authorities and proxies do not', async (t) => {
  const pools = createConnectionPools();
  t.after(() => pools.close());
  const login = { kind: 'bearer' as const, token: new Secret('ey.x.y') };

  const [plain, other] = [pools.poolFor(undefined), pools.poolFor({ ca: 'a' })];

  assert.equal(pools.poolFor({ login }), plain);
  assert.equal(pools.poolFor({ login, ca: 'a' }), other);
  assert.equal(new Set([plain, other, pools.poolFor({ proxy: { url: 'http://proxy' } })]).size, 3);
});

test('beyond the bound the pool unused for longest is closed, and made anew when it is wanted again', async (t) => {
  const pools = createConnectionPools({ mostPools: 2 });
  t.after(() => pools.close());
  const [a, b] = [pools.poolFor({ ca: 'a' }), pools.poolFor({ ca: 'b' })];
  pools.poolFor({ ca: 'a' });

  pools.poolFor({ ca: 'c' });

  assert.deepEqual([isClosed(a), isClosed(b)], [false, true]);
  assert.notEqual(pools.poolFor({ ca: 'b' }), b);
});

test('pools can be closed twice, and give no connection afterwards', async () => {
  const pools = createConnectionPools();
  pools.poolFor(undefined);

  await pools.close();
  await pools.close();

  assert.throws(() => pools.poolFor(undefined), { code: 'GIT_UNREACHABLE' });
});
