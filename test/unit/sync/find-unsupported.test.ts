import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { refuseUnsupportedKustomization, refuseUnsupportedSource } from '../../../src/sync/find-unsupported.ts';

const kustomization = { interval: '5s', prune: true, sourceRef: { kind: 'GitRepository', name: 'app' } };
const source = { interval: '5s', url: 'https://git.example/app' };

const refused: readonly { name: string; spec: object; want: RegExp }[] = [
  {
    name: 'patches',
    spec: { patches: [{ patch: '' }] },
    want: /spec\.patches is not supported .* nothing was applied/,
  },
  { name: 'acting as a service account', spec: { serviceAccountName: 'sa' }, want: /spec\.serviceAccountName/ },
  { name: 'dependencies', spec: { dependsOn: [{ name: 'x' }] }, want: /spec\.dependsOn/ },
  { name: 'force', spec: { force: true }, want: /spec\.force/ },
  {
    name: 'other kinds of sources',
    spec: { sourceRef: { kind: 'Bucket', name: 'b' } },
    want: /sourceRef\.kind: Bucket/,
  },
  {
    name: 'several at once',
    spec: { images: [{ name: 'a' }], decryption: { provider: 'sops' } },
    want: /spec\.images, spec\.decryption are not/,
  },
];

describe('fields of a Kustomization that this version does not carry out are refused', () => {
  for (const { name, spec, want } of refused) {
    test(name, () => {
      const resource = { spec: { ...kustomization, ...spec } } as Kustomization;

      assert.throws(() => refuseUnsupportedKustomization(resource), want);
    });
  }

  test('what is empty or off is not used', () => {
    const resource = {
      spec: { ...kustomization, patches: [], force: false, namePrefix: '' },
    } as unknown as Kustomization;

    refuseUnsupportedKustomization(resource);
  });
});

describe('fields of a GitRepository that this version does not carry out are refused', () => {
  const sources: readonly { name: string; spec: object; want: RegExp }[] = [
    { name: 'tags', spec: { ref: { tag: 'v1' } }, want: /spec\.ref\.tag/ },
    { name: 'ssh', spec: { url: 'ssh://git@git.example/app' }, want: /spec\.url: ssh/ },
    { name: 'signatures', spec: { verify: { secretRef: { name: 'k' } } }, want: /spec\.verify/ },
    { name: 'workload identity', spec: { provider: 'azure' }, want: /spec\.provider: azure/ },
  ];
  for (const { name, spec, want } of sources) {
    test(name, () => {
      const resource = { spec: { ...source, ...spec } } as GitRepository;

      assert.throws(() => refuseUnsupportedSource(resource), want);
    });
  }
});
