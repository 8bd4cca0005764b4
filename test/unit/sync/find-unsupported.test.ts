import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { refuseUnsupportedKustomization } from '../../../src/sync/find-unsupported.ts';

const kustomization = { interval: '5s', prune: true, sourceRef: { kind: 'GitRepository', name: 'app' } };

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
