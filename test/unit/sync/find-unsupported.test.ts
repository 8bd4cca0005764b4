import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { refuseUnsupportedKustomization, refuseUnsupportedSource } from '../../../src/sync/find-unsupported.ts';

const kustomization = { interval: '5s', prune: true, sourceRef: { kind: 'GitRepository', name: 'app' } };
const source = { interval: '5s', url: 'https://git.example/app' };

describe('fields of a Kustomization that this version does not carry out are refused', () => {
  test('the identity for a cloud’s key service', () => {
    const decryption = { provider: 'sops', serviceAccountName: 'kms' };

    assert.throws(
      () => refuseUnsupportedKustomization({ spec: { ...kustomization, decryption } } as Kustomization),
      /spec\.decryption\.serviceAccountName is not supported .* nothing was applied/,
    );
  });

  test('what is empty or off is not used', () => {
    const decryption = { provider: 'sops', serviceAccountName: '' };

    refuseUnsupportedKustomization({ spec: { ...kustomization, decryption } } as Kustomization);
  });
});

describe('fields of a GitRepository that this version does not carry out are refused', () => {
  const sources: readonly { name: string; spec: object; want: RegExp }[] = [
    { name: 'an account', spec: { serviceAccountName: 'a' }, want: /spec\.serviceAccountName/ },
    { name: 'workload identity', spec: { provider: 'azure' }, want: /spec\.provider: azure/ },
  ];
  for (const { name, spec, want } of sources) {
    test(name, () => {
      const resource = { spec: { ...source, ...spec } } as GitRepository;

      assert.throws(() => refuseUnsupportedSource(resource), want);
    });
  }
});
