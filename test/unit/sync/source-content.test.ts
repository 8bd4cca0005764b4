import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import { findCircle } from '../../../src/sync/include-artifacts.ts';
import { hasOtherContent } from '../../../src/sync/publish-artifact.ts';
import { toSourceStatus } from '../../../src/sync/source-status.ts';

const artifact = { path: 'p', url: 'u', revision: 'main@sha1:a', digest: 'sha256:a', lastUpdateTime: 't' };
const include = [{ repository: { name: 'lib' } }];
const spec = { url: 'https://git.example/app', interval: '1m' };

describe('an artifact is made anew', () => {
  const cases = [
    { name: 'not while nothing differs', want: false },
    { name: 'not before there is one', status: { artifact: undefined }, spec: { ignore: 'x' }, want: false },
    { name: 'with other rules', spec: { ignore: 'x' }, want: true },
    { name: 'with other directories', spec: { sparseCheckout: ['a'] }, want: true },
    { name: 'with all directories again', status: { observedSparseCheckout: ['a'] }, want: true },
    { name: 'with submodules', spec: { recurseSubmodules: true }, want: true },
    { name: 'not for what is off', spec: { recurseSubmodules: false, sparseCheckout: [], include: [] }, want: false },
    { name: 'not for what Flux says of what is off', status: { observedRecurseSubmodules: false }, want: false },
    { name: 'with another source included', spec: { include }, want: true },
    {
      name: 'of another artifact included',
      spec: { include },
      status: { observedInclude: include, includedArtifacts: [{ ...artifact, digest: 'sha256:old' }] },
      included: [artifact],
      want: true,
    },
    {
      name: 'not of the same artifact, stored at another time',
      spec: { include },
      status: { observedInclude: include, includedArtifacts: [{ ...artifact, lastUpdateTime: 'then' }] },
      included: [artifact],
      want: false,
    },
  ];
  for (const { name, want, included = [], ...given } of cases) {
    test(name, () => {
      const source = { spec: { ...spec, ...given.spec }, status: { artifact, ...given.status } } as GitRepository;

      assert.equal(hasOtherContent(source, { included }), want);
    });
  }
});

describe('who includes itself is found', () => {
  const table: readonly { name: string; includes: Record<string, string[]>; want: string[] | undefined }[] = [
    { name: 'directly', includes: { a: ['a'] }, want: ['a', 'a'] },
    { name: 'by a detour', includes: { a: ['x', 'b'], b: ['c'], c: ['a'] }, want: ['a', 'b', 'c', 'a'] },
    { name: 'not for a diamond', includes: { a: ['b', 'c'], b: ['d'], c: ['d'] }, want: undefined },
    { name: 'not for the circle of others', includes: { a: ['b'], b: ['c'], c: ['b'] }, want: undefined },
  ];
  for (const { name, includes, want } of table) {
    test(name, () => {
      const includesOf = (other: string) => (includes[other] ?? []).map((found) => ({ repository: { name: found } }));

      assert.deepEqual(findCircle('a', includesOf), want);
    });
  }
});

describe('a failure is shown by the condition that Flux has for it', () => {
  const cases = [
    { error: new HawserError('SIGNATURE_INVALID', 'm'), want: ['SourceVerified', 'False'] },
    { error: new HawserError('VERIFICATION_KEYS_INVALID', 'm'), want: ['SourceVerified', 'False'] },
    { error: new HawserError('INCLUDE_UNAVAILABLE', 'm'), want: ['IncludeUnavailable', 'True'] },
    { error: new HawserError('INCLUDE_INVALID', 'm'), want: ['StorageOperationFailed', 'True'] },
    { error: new HawserError('GIT_UNREACHABLE', 'm'), want: ['FetchFailed', 'True'] },
    { error: new Error('m'), want: ['FetchFailed', 'True'] },
  ];
  for (const { error, want } of cases) {
    test(error instanceof HawserError ? error.code : 'any other', () => {
      const verify = { secretRef: { name: 'keys' } };
      const before = [
        { type: 'SourceVerified', status: 'True', reason: 'Succeeded', message: 'by Ada', lastTransitionTime: 't' },
      ];
      const source = {
        metadata: {},
        spec: { ...spec, verify },
        status: { conditions: before },
      } as unknown as GitRepository;
      const { conditions = [] } = toSourceStatus(source, { kind: 'failed', error }, new Date(0));
      const shown = conditions.filter(({ type }) => type !== 'Ready' && type !== 'Reconciling' && type !== 'Stalled');

      assert.deepEqual(
        shown.map(({ type, status }) => [type, status]),
        want[0] === 'SourceVerified' ? [want] : [want, ['SourceVerified', 'True']],
      );
    });
  }
});
