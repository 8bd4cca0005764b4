import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Condition } from '../../../src/model/conditions.ts';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import { expectsHooks } from '../../../src/sync/expects-hooks.ts';
import { areHooksMissing, describeMissing, withHooksCondition } from '../../../src/sync/hooks-condition.ts';
import { toSourceStatus } from '../../../src/sync/source-status.ts';

const SINCE = '2026-01-01T00:00:00Z';
const NOW = new Date('2026-01-01T00:01:00Z');
const MISSING: Condition = {
  type: 'HooksMissing',
  status: 'True',
  reason: 'HooksMissing',
  message: 'm',
  lastTransitionTime: SINCE,
};
const READY: Condition = { ...MISSING, type: 'Ready', reason: 'Succeeded' };

const makeSource = (conditions: Condition[], spec: object = {}, annotations: Record<string, string> = {}) =>
  ({
    metadata: { name: 'app', generation: 2, annotations },
    spec: { url: 'https://git.example.com/a/b', interval: '1m', ...spec },
    status: { conditions },
  }) as unknown as GitRepository;

const VERDICTS: readonly {
  name: string;
  standing?: boolean;
  given: { missed: number; heardAt?: number; isExpected?: boolean };
  want: boolean;
}[] = [
  { name: 'one missed hook is none to warn of', given: { missed: 1 }, want: false },
  { name: 'two in a row are', given: { missed: 2 }, want: true },
  { name: 'two in a row where none are expected are not', given: { missed: 2, isExpected: false }, want: false },
  { name: 'a warning stays until a hook is heard', standing: true, given: { missed: 0 }, want: true },
  {
    name: 'a warning stays for a hook from before',
    standing: true,
    given: { missed: 0, heardAt: Date.parse(SINCE) - 1 },
    want: true,
  },
  {
    name: 'a warning goes with a hook',
    standing: true,
    given: { missed: 0, heardAt: Date.parse(SINCE) + 500 },
    want: false,
  },
  {
    name: 'a warning goes when none are expected any more',
    standing: true,
    given: { missed: 5, isExpected: false },
    want: false,
  },
];

describe('hooks are missing:', () => {
  for (const { name, standing, given, want } of VERDICTS) {
    test(name, () => {
      const source = makeSource(standing ? [READY, MISSING] : [READY]);

      assert.equal(areHooksMissing(source, { isExpected: true, ...given }), want);
    });
  }

  test('the condition stands beside the others, and leaves them alone when it goes', () => {
    const shown = withHooksCondition(makeSource([READY]), 'why', NOW);
    const gone = withHooksCondition(makeSource([READY, MISSING]), undefined, NOW);

    assert.deepEqual(
      shown.conditions?.map(({ type }) => type),
      ['Ready', 'HooksMissing'],
    );
    assert.deepEqual(shown.conditions?.[0], READY);
    assert.deepEqual(gone.conditions, [READY]);
  });

  test('the condition outlives a sync, whether that fails or not', () => {
    const status = toSourceStatus(makeSource([READY, MISSING]), { kind: 'failed', error: new Error('x') }, NOW);

    assert.equal(status.conditions?.find(({ type }) => type === 'HooksMissing')?.lastTransitionTime, SINCE);
    assert.equal(status.conditions?.find(({ type }) => type === 'Ready')?.status, 'False');
  });

  test('the message tells when the last one was heard', () => {
    assert.match(describeMissing(Date.parse(SINCE)), /the last one was heard at 2026-01-01T00:00:00Z/);
    assert.match(describeMissing(undefined), /none was heard so far/);
  });
});

const EXPECTED: readonly {
  name: string;
  source: GitRepository;
  hearing: Parameters<typeof expectsHooks>[1];
  want: boolean;
}[] = [
  { name: 'without any secret', source: makeSource([]), hearing: { taken: [], wasHeard: false }, want: false },
  {
    name: 'with any secret, from a host of one’s own',
    source: makeSource([]),
    hearing: { taken: ['gitea'], wasHeard: false },
    want: true,
  },
  {
    name: 'with GitHub’s secret, from GitHub',
    source: makeSource([], { url: 'ssh://git@github.com/a/b' }),
    hearing: { taken: ['github'], wasHeard: false },
    want: true,
  },
  {
    name: 'with GitHub’s secret, from GitLab',
    source: makeSource([], { url: 'https://gitlab.com/a/b' }),
    hearing: { taken: ['github'], wasHeard: false },
    want: false,
  },
  {
    name: 'with a generic secret, from GitLab',
    source: makeSource([], { url: 'https://gitlab.com/a/b' }),
    hearing: { taken: ['generic'], wasHeard: false },
    want: true,
  },
  {
    name: 'after one was heard, without any secret here',
    source: makeSource([]),
    hearing: { taken: [], wasHeard: true },
    want: true,
  },
  {
    name: 'of a source that stays at a commit',
    source: makeSource([], { ref: { commit: 'a' } }),
    hearing: { taken: ['github'], wasHeard: true },
    want: false,
  },
  {
    name: 'of a source that is said to have none',
    source: makeSource([], {}, { 'hawser/webhooks': 'none' }),
    hearing: { taken: ['github'], wasHeard: true },
    want: false,
  },
];

describe('hooks are to be expected', () => {
  for (const { name, source, hearing, want } of EXPECTED) {
    test(`${name}: ${want ? 'yes' : 'no'}`, () => {
      assert.equal(expectsHooks(source, hearing), want);
    });
  }
});
