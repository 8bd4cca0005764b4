import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ClusterPool, createClusterPool, type TokenRequestConfig } from '../../../src/kube/create-cluster-pool.ts';

const IDLE_MS = 1_000;

function makeKubeconfig(user: object = { token: 'canary-token' }, server = 'https://remote.example.com'): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

const CONFIG: TokenRequestConfig = {
  address: 'https://remote.example.com',
  audiences: ['remote'],
  serviceAccount: { namespace: 'apps', name: 'deployer' },
};

function usePool(t: TestContext): { pool: ClusterPool; clock: { now: number } } {
  const clock = { now: 0 };
  const local = { createSubresource: () => Promise.reject(new Error('nobody needs a token here')) };
  const pool = createClusterPool({ local, idleMs: IDLE_MS, now: () => clock.now });
  t.after(() => pool.stop());
  return { pool, clock };
}

test('the same cluster and credentials share a client, however the kubeconfig is written', (t) => {
  const { pool } = usePool(t);
  const text = makeKubeconfig();

  const first = pool.fromKubeconfig(text, 'Secret/a/one');
  const second = pool.fromKubeconfig(`${text}\n# the same\n`, 'Secret/b/two');

  assert.equal(second, first);
  assert.equal(first.server, 'https://remote.example.com/');
  assert.match(first.id, /^[0-9a-f]{32}$/);
});

test('whatever makes another cluster or another identity makes another client', (t) => {
  const { pool } = usePool(t);
  const { serviceAccount } = CONFIG;

  const ids = [
    pool.fromKubeconfig(makeKubeconfig(), 's'),
    pool.fromKubeconfig(makeKubeconfig({ token: 'canary-other' }), 's'),
    pool.fromKubeconfig(makeKubeconfig({ username: 'me', password: 'canary' }), 's'),
    pool.fromKubeconfig(makeKubeconfig({ username: 'me', password: 'canary-2' }), 's'),
    pool.fromKubeconfig(makeKubeconfig(undefined, 'https://other.example.com'), 's'),
    pool.fromTokenRequest(CONFIG),
    pool.fromTokenRequest({ ...CONFIG, address: 'https://other.example.com' }),
    pool.fromTokenRequest({ ...CONFIG, audiences: ['remote', 'other'] }),
    pool.fromTokenRequest({ ...CONFIG, audiences: [] }),
    pool.fromTokenRequest({ ...CONFIG, serviceAccount: { ...serviceAccount, namespace: 'other' } }),
    pool.fromTokenRequest({ ...CONFIG, serviceAccount: { ...serviceAccount, name: 'other' } }),
  ].map(({ id }) => id);

  assert.equal(new Set(ids).size, ids.length);
});

test('an id is the same in every process', (t) => {
  const ids = [usePool(t), usePool(t)].map(({ pool }) => [
    pool.fromKubeconfig(makeKubeconfig(), 's').id,
    pool.fromTokenRequest(CONFIG).id,
  ]);

  assert.deepEqual(ids[0], ids[1]);
});

test('a client is forgotten once nobody has asked for it long enough', (t) => {
  const { pool, clock } = usePool(t);
  const first = pool.fromTokenRequest(CONFIG);

  clock.now += IDLE_MS - 1;
  pool.sweep();
  const again = pool.fromTokenRequest(CONFIG);
  clock.now += IDLE_MS - 1;
  pool.sweep();
  const still = pool.fromTokenRequest(CONFIG);
  clock.now += IDLE_MS;
  pool.sweep();
  const anew = pool.fromTokenRequest(CONFIG);

  assert.equal(again, first);
  assert.equal(still, first);
  assert.notEqual(anew, first);
  assert.equal(anew.id, first.id);
});

const REFUSED: readonly { name: string; given: Partial<TokenRequestConfig>; want: RegExp }[] = [
  {
    name: 'a token is not sent without TLS',
    given: { address: 'http://remote.example.com' },
    want: /^the cluster for apps\/deployer: its address is not an https URL$/,
  },
  { name: 'an address must be a URL', given: { address: 'remote' }, want: /its address is not a URL$/ },
  { name: 'an authority must be PEM', given: { ca: 'remote' }, want: /its ca.crt is not PEM$/ },
  {
    name: 'an authority must be a certificate',
    given: { ca: '-----BEGIN CERTIFICATE-----\nremote\n-----END CERTIFICATE-----\n' },
    want: /the certificates or the key cannot be used/,
  },
];

for (const { name, given, want } of REFUSED) {
  test(name, (t) => {
    const { pool } = usePool(t);

    assert.throws(() => pool.fromTokenRequest({ ...CONFIG, ...given }), { code: 'KUBE_ACCESS_INVALID', message: want });
  });
}

test('a pool can be stopped twice and gives nothing away afterwards', async (t) => {
  const { pool } = usePool(t);
  pool.fromTokenRequest(CONFIG);

  await pool.stop();
  await pool.stop();

  assert.throws(() => pool.fromTokenRequest(CONFIG), { message: 'the clients of remote clusters were stopped' });
});
