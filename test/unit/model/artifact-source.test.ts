import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARTIFACT_KINDS, parseArtifactSource } from '../../../src/model/artifact-source.ts';

const artifact = {
  url: 'http://source-controller.flux-system.svc.cluster.local./ocirepository/prod/app/sha256:1.tar.gz',
  path: 'ocirepository/prod/app/sha256:1.tar.gz',
  revision: `latest@sha256:${'a'.repeat(64)}`,
  digest: `sha256:${'b'.repeat(64)}`,
  size: 1024,
  lastUpdateTime: '2026-01-02T03:04:05Z',
  metadata: { 'org.opencontainers.image.revision': 'main@sha1:1' },
};
const ready = {
  type: 'Ready',
  status: 'True',
  reason: 'Succeeded',
  message: 'stored artifact',
  lastTransitionTime: '2026-01-02T03:04:05Z',
};

function makeSource(kind: string, status?: unknown) {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind,
    metadata: { name: 'app', namespace: 'prod' },
    spec: { anything: [1] },
    ...(status !== undefined && { status }),
  };
}

const ACCEPTED = [
  ...ARTIFACT_KINDS.map(({ kind }) => ({ name: `${kind} with an artifact`, given: makeSource(kind, { artifact }) })),
  { name: 'source that was never synced', given: makeSource('Bucket') },
  {
    name: 'source of an older version',
    given: { ...makeSource('Bucket'), apiVersion: 'source.toolkit.fluxcd.io/v1beta2' },
  },
  { name: 'status with conditions and unknown fields', given: makeSource('Bucket', { conditions: [ready], more: 1 }) },
  { name: 'status before the first sync', given: makeSource('OCIRepository', { observedGeneration: -1 }) },
];

for (const { name, given } of ACCEPTED) {
  test(`a ${name} is read and not changed`, () => {
    const before = structuredClone(given);

    assert.equal(parseArtifactSource(given), given);
    assert.deepEqual(given, before);
  });
}

const REFUSED = [
  { name: 'another kind', given: makeSource('HelmChart'), want: /^HelmChart\/prod\/app is not valid: kind: / },
  {
    name: 'an artifact without a URL',
    given: makeSource('Bucket', { artifact: { ...artifact, url: undefined } }),
    want: /^Bucket\/prod\/app is not valid: status\.artifact\.url: /,
  },
  {
    name: 'a digest of a wrong form',
    given: makeSource('Bucket', { artifact: { ...artifact, digest: 'b' } }),
    want: /status\.artifact\.digest: /,
  },
  { name: 'a source without a name', given: { kind: 'Bucket', metadata: {} }, want: /^A Bucket without a name/ },
  { name: 'nothing', given: null, want: /^A source without a name/ },
];

for (const { name, given, want } of REFUSED) {
  test(`as a source to read, ${name} is refused`, () => {
    assert.throws(() => parseArtifactSource(given), { code: 'RESOURCE_INVALID', message: want });
  });
}
