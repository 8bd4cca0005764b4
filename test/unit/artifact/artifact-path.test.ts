import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isArtifactPath, toArtifactPath } from '../../../src/artifact/artifact-path.ts';

const SHA = 'a'.repeat(40);
const GOOD = `gitrepository/default/app/${SHA}.tar.gz`;

const PATHS = [
  { path: GOOD, want: true },
  { path: `/${GOOD}`, want: false },
  { path: `${GOOD}/`, want: false },
  { path: `${GOOD}\n`, want: false },
  { path: `gitrepository/default/../${SHA}.tar.gz`, want: false },
  { path: `gitrepository/../../etc/${SHA}.tar.gz`, want: false },
  { path: `gitrepository/default/app/../../${SHA}.tar.gz`, want: false },
  { path: `gitrepository/default/app/${SHA}.tar.gz\u0000`, want: false },
  { path: `gitrepository/default/app/..${SHA}.tar.gz`, want: false },
  { path: '../../etc/passwd', want: false },
  { path: '', want: false },
];

for (const { path, want } of PATHS) {
  test(`${JSON.stringify(path)} is ${want ? 'the' : 'not the'} path of an artifact`, () => {
    assert.equal(isArtifactPath(path), want);
  });
}

const NAMES = [
  { namespace: '..', name: 'app', sha: SHA },
  { namespace: 'default', name: '..', sha: SHA },
  { namespace: 'default', name: 'a/b', sha: SHA },
  { namespace: 'default', name: 'App', sha: SHA },
  { namespace: '', name: 'app', sha: SHA },
  { namespace: 'default', name: 'app', sha: '../x' },
];

for (const given of NAMES) {
  test(`${JSON.stringify(given)} has no artifact path`, () => {
    assert.throws(() => toArtifactPath(given), { code: 'ARTIFACT_PATH_INVALID' });
  });
}

test('an artifact lies where Flux would put it', () => {
  assert.equal(toArtifactPath({ namespace: 'default', name: 'app', sha: SHA }), GOOD);
});
