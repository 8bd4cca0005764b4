import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GitReference, GitRepository } from '../../../src/model/git-repository.ts';
import type { Push } from '../../../src/model/push.ts';
import { matchPush } from '../../../src/webhook/match-push.ts';
import { toPushSource } from '../../../src/webhook/to-push-source.ts';

function makeSource(name: string, url: string, more: { ref?: GitReference; suspend?: boolean } = {}): GitRepository {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { namespace: 'default', name },
    spec: { url, interval: '1m', ref: { branch: 'main' }, ...more },
  };
}

const URL_OF_APP = 'https://github.com/acme/app';
const PUSH: Push = {
  provider: 'github',
  repositoryUrls: [`${URL_OF_APP}.git`, URL_OF_APP, 'git@github.com:acme/app.git', 'not a url'],
  repository: 'acme/app',
  ref: 'refs/heads/main',
  before: 'a'.repeat(40),
  after: 'b'.repeat(40),
};

const CASES: readonly { name: string; source: GitRepository; want: string }[] = [
  { name: 'the same URL', source: makeSource('app', `${URL_OF_APP}.git`), want: 'matched' },
  { name: 'another spelling of it', source: makeSource('app', 'HTTPS://GitHub.com:443/Acme/App/'), want: 'matched' },
  { name: 'the ssh form', source: makeSource('app', 'ssh://git@github.com/acme/app'), want: 'matched' },
  { name: 'a user in the URL', source: makeSource('app', 'https://bot@github.com/acme/app'), want: 'matched' },
  {
    name: 'another host',
    source: makeSource('app', 'https://evil.example/acme/app'),
    want: `no GitRepository has the URL ${URL_OF_APP}.git`,
  },
  {
    name: 'another port',
    source: makeSource('app', 'https://github.com:8443/acme/app'),
    want: `no GitRepository has the URL ${URL_OF_APP}.git`,
  },
  {
    name: 'a longer path',
    source: makeSource('app', `${URL_OF_APP}/x`),
    want: `no GitRepository has the URL ${URL_OF_APP}.git`,
  },
  {
    name: 'something that is no URL',
    source: makeSource('app', 'not a url'),
    want: `no GitRepository has the URL ${URL_OF_APP}.git`,
  },
  {
    name: 'another branch',
    source: makeSource('app', URL_OF_APP, { ref: { branch: 'dev' } }),
    want: 'GitRepository/default/app: follows refs/heads/dev, the push moved refs/heads/main',
  },
  {
    name: 'no ref, which means master',
    source: makeSource('app', URL_OF_APP, { ref: {} }),
    want: 'GitRepository/default/app: follows refs/heads/master, the push moved refs/heads/main',
  },
  {
    name: 'a tag, which wins over the branch',
    source: makeSource('app', URL_OF_APP, { ref: { branch: 'main', tag: 'v1' } }),
    want: 'GitRepository/default/app: follows refs/tags/v1, the push moved refs/heads/main',
  },
  {
    name: 'versions, which win over tag and branch',
    source: makeSource('app', URL_OF_APP, { ref: { branch: 'main', semver: '1.x' } }),
    want: 'GitRepository/default/app: follows tags within 1.x, the push moved refs/heads/main',
  },
  {
    name: 'a full name, which wins over a tag',
    source: makeSource('app', URL_OF_APP, { ref: { tag: 'v1', name: 'refs/heads/main' } }),
    want: 'matched',
  },
  {
    name: 'a commit, which wins over all',
    source: makeSource('app', URL_OF_APP, { ref: { branch: 'main', commit: 'c'.repeat(40) } }),
    want: `GitRepository/default/app: follows only the commit ${'c'.repeat(40)}, the push moved refs/heads/main`,
  },
  {
    name: 'a suspended source',
    source: makeSource('app', URL_OF_APP, { suspend: true }),
    want: 'GitRepository/default/app: suspended',
  },
];

for (const { name, source, want } of CASES) {
  test(`matching a push with ${name}`, () => {
    const match = matchPush(PUSH, [toPushSource(source)]);

    assert.equal(match.reason ?? 'matched', want);
    assert.equal(match.matched.length, want === 'matched' ? 1 : 0);
  });
}

test('every source of the repository is matched or told why not, and others are not mentioned', () => {
  const sources = [
    makeSource('one', URL_OF_APP),
    makeSource('two', URL_OF_APP, { ref: { branch: 'dev' } }),
    makeSource('three', `${URL_OF_APP}.git`),
    makeSource('other', 'https://github.com/acme/other'),
  ];

  const match = matchPush(PUSH, sources.map(toPushSource));

  assert.deepEqual(match, {
    matched: [
      { kind: 'GitRepository', namespace: 'default', name: 'one' },
      { kind: 'GitRepository', namespace: 'default', name: 'three' },
    ],
    unmatched: [
      {
        key: { kind: 'GitRepository', namespace: 'default', name: 'two' },
        reason: 'follows refs/heads/dev, the push moved refs/heads/main',
      },
    ],
  });
});

test('the reason stays readable however many sources follow something else', () => {
  const sources = Array.from({ length: 50 }, (_, index) => makeSource(`s${index}`, URL_OF_APP, { suspend: true }));

  const match = matchPush(PUSH, sources.map(toPushSource));

  assert.match(match.reason ?? '', /s4: suspended; and 45 more$/);
});
