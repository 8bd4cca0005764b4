import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { parseGitRepository } from '../../../src/model/git-repository.ts';
import { parseKustomization } from '../../../src/model/kustomization.ts';

const metadata = { name: 'app', namespace: 'prod' };
const gitRepository = {
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata,
  spec: { url: 'https://git.example/app', interval: '1m' },
};
const kustomization = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata,
  spec: { interval: '1m', prune: true, sourceRef: { kind: 'GitRepository', name: 'app' } },
};

const accepted: readonly { name: string; parse: (value: unknown) => unknown; given: unknown }[] = [
  { name: 'the least GitRepository', parse: parseGitRepository, given: gitRepository },
  { name: 'the least Kustomization', parse: parseKustomization, given: kustomization },
  {
    name: 'a GitRepository of v1beta2 with its old fields',
    parse: parseGitRepository,
    given: {
      ...gitRepository,
      apiVersion: 'source.toolkit.fluxcd.io/v1beta2',
      spec: { ...gitRepository.spec, gitImplementation: 'libgit2', accessFrom: { namespaceSelectors: [{}] } },
    },
  },
  {
    name: 'a Kustomization of v1beta2 with its old fields',
    parse: parseKustomization,
    given: {
      ...kustomization,
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1beta2',
      spec: {
        ...kustomization.spec,
        validation: 'client',
        patchesStrategicMerge: [{ kind: 'Deployment' }],
        patchesJson6902: [{ patch: [{ op: 'add', path: '/x', value: { any: 1 } }], target: { kind: 'Service' } }],
      },
    },
  },
  {
    name: 'fields that it does not know, in every place',
    parse: parseKustomization,
    given: { ...kustomization, extra: 1, spec: { ...kustomization.spec, later: { a: 1 } }, status: { later: true } },
  },
  {
    name: 'the status before the first sync',
    parse: parseGitRepository,
    given: { ...gitRepository, status: { observedGeneration: -1 } },
  },
];

const refused: readonly { name: string; parse: (value: unknown) => unknown; given: unknown; want: RegExp }[] = [
  {
    name: 'a wrong type, with object and field',
    parse: parseKustomization,
    given: { ...kustomization, spec: { ...kustomization.spec, prune: 'yes' } },
    want: /^Kustomization\/prod\/app is not valid: spec\.prune: .*boolean/,
  },
  {
    name: 'several wrong fields at once',
    parse: parseGitRepository,
    given: { ...gitRepository, spec: { url: 'git@host:x', interval: 'soon' } },
    want: /spec\.url: .*; spec\.interval: /,
  },
  { name: 'another kind', parse: parseGitRepository, given: kustomization, want: /kind: .*"GitRepository"/ },
  {
    name: 'no object at all',
    parse: parseGitRepository,
    given: null,
    want: /^A GitRepository without a name is not valid/,
  },
  {
    name: 'a text',
    parse: parseKustomization,
    given: 'x',
    want: /^A Kustomization without a name is not valid: the object: /,
  },
  { name: 'an absent spec', parse: parseKustomization, given: { ...kustomization, spec: undefined }, want: /spec: / },
];

describe('reading a custom resource', () => {
  for (const { name, parse, given } of accepted) {
    test(`accepts ${name} and changes nothing`, () => {
      const before = structuredClone(given);

      assert.equal(parse(given), given);
      assert.deepEqual(given, before);
    });
  }

  for (const { name, parse, given, want } of refused) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => parse(given),
        (error) => error instanceof HawserError && error.code === 'RESOURCE_INVALID' && want.test(error.message),
      );
    });
  }
});
