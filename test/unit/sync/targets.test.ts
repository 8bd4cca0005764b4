import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { accountOf, toTokenConfig } from '../../../src/sync/targets.ts';

const make = (serviceAccountName?: string) =>
  ({ metadata: { name: 'app', namespace: 'team-a' }, spec: { serviceAccountName } }) as unknown as Kustomization;

describe('whom a Kustomization acts as', () => {
  const cases: readonly [
    name: string,
    own: string | undefined,
    byDefault: string | undefined,
    want: string | undefined,
  ][] = [
    ['Hawser itself, where nothing is said', undefined, undefined, undefined],
    ['the account that it names', 'deployer', undefined, 'deployer'],
    ['the default account, where it names none', undefined, 'tenant', 'tenant'],
    ['the account that it names, although there is a default one', 'deployer', 'tenant', 'deployer'],
    ['the default account, where it names the empty one', '', 'tenant', 'tenant'],
  ];
  for (const [name, own, byDefault, want] of cases) {
    test(name, () => {
      const account = accountOf(make(own), byDefault);

      assert.deepEqual(account, want === undefined ? undefined : { namespace: 'team-a', name: want });
    });
  }
});

describe('a ConfigMap that tells how to reach a cluster', () => {
  const owner = { namespace: 'team-a', name: 'remote' };

  test('names address, authority, audiences and account', () => {
    const data = {
      provider: 'generic',
      address: 'https://remote.example',
      'ca.crt': 'PEM',
      audiences: 'one\n- two',
      serviceAccountName: 'deployer',
    };

    assert.deepEqual(toTokenConfig(data, owner), {
      address: 'https://remote.example',
      ca: 'PEM',
      audiences: ['one', 'two'],
      serviceAccount: { namespace: 'team-a', name: 'deployer' },
    });
  });

  test('may leave out all but the address', () => {
    const config = toTokenConfig({ provider: 'generic', address: 'https://remote.example' }, owner);

    assert.deepEqual(config.audiences, ['https://remote.example']);
    assert.deepEqual(config.serviceAccount, { namespace: 'team-a', name: 'default' });
  });

  test('of a cloud is refused by name', () => {
    assert.throws(
      () => toTokenConfig({ provider: 'aws', cluster: 'x' }, owner),
      /ConfigMap\/team-a\/remote: provider 'aws' is not supported/,
    );
  });

  test('without an address is refused by name', () => {
    assert.throws(
      () => toTokenConfig({ provider: 'generic' }, owner),
      /ConfigMap\/team-a\/remote has no key 'address'/,
    );
  });
});
