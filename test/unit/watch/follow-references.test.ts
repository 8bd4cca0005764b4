import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { referencesOf } from '../../../src/watch/follow-references.ts';

test('a Kustomization reads its variables, its keys and its kubeconfig, each in its own namespace', () => {
  const kustomization = {
    metadata: { name: 'app', namespace: 'team' },
    spec: {
      postBuild: {
        substituteFrom: [
          { kind: 'ConfigMap', name: 'vars' },
          { kind: 'Secret', name: 'vars' },
        ],
      },
      decryption: { provider: 'sops', secretRef: { name: 'keys' } },
      kubeConfig: { secretRef: { name: 'remote' } },
    },
  } as unknown as Kustomization;

  assert.deepEqual(referencesOf(kustomization), [
    'ConfigMap/team/vars',
    'Secret/team/vars',
    'Secret/team/keys',
    'Secret/team/remote',
  ]);
});

test('a Kustomization of plain manifests reads nothing', () => {
  assert.deepEqual(referencesOf({ metadata: { name: 'app' }, spec: {} } as unknown as Kustomization), []);
});
