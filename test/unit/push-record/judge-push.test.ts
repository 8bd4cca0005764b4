import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgePush } from '../../../src/push-record/judge-push.ts';
import type { PushOutcome, PushPin } from '../../../src/push-record/push-record.ts';

const SOURCE = 'GitRepository/a/app';
const [API, WEB] = ['Kustomization/a/api', 'Kustomization/a/web'] as const;
const R1 = `main@sha1:${'1'.repeat(40)}`;
const R2 = `main@sha1:${'2'.repeat(40)}`;

const pinned = (asked: readonly string[], isNew = true): PushPin => ({ revision: R1, isNew, asked });
const ended = (kind: string, revision: string | undefined = R1, message?: string): PushOutcome => ({
  kind,
  revision,
  message,
  at: '2026-01-01T00:00:00Z',
});
const pending = undefined;

interface Case {
  readonly name: string;
  readonly pin?: PushPin;
  readonly outcomes?: Readonly<Record<string, PushOutcome>>;
  readonly matched?: readonly string[];
  readonly reason?: string;
  readonly want: string | undefined;
}

const CASES: readonly Case[] = [
  { name: 'one that was only heard of', want: pending },
  { name: 'one whose source was found, and nobody has answered yet', pin: pinned([API]), want: pending },
  {
    name: 'one of whose two Kustomizations is on its way',
    pin: pinned([API, WEB]),
    outcomes: { [API]: ended('done'), [WEB]: ended('waiting') },
    want: pending,
  },
  {
    name: 'one that waits for a dependency',
    pin: pinned([API]),
    outcomes: { [API]: ended('blocked', undefined) },
    want: pending,
  },
  {
    name: 'one that was deployed by all',
    pin: pinned([API, WEB]),
    outcomes: { [SOURCE]: ended('done'), [API]: ended('done'), [WEB]: ended('done') },
    want: `deployed ok ${R1}`,
  },
  {
    name: 'one at which everything stood',
    pin: pinned([API], false),
    outcomes: { [API]: ended('done') },
    want: `unchanged ok ${R1}`,
  },
  { name: 'one that nobody needs', pin: pinned([]), want: `deployed ok ${R1}` },
  {
    name: 'one that failed for one of two',
    pin: pinned([API, WEB]),
    outcomes: { [API]: ended('done'), [WEB]: ended('failed') },
    want: `failed ${R1}`,
  },
  {
    name: 'one that failed before anybody knew its revision',
    pin: pinned([API]),
    outcomes: { [API]: { kind: 'failed', at: '' } },
    want: `failed ${R1}`,
  },
  {
    name: 'one in whose place a newer revision was deployed',
    pin: pinned([API]),
    outcomes: { [API]: ended('done', R2) },
    want: `superseded ${R1}`,
  },
  {
    name: 'one in whose place a newer revision waits for health',
    pin: pinned([API]),
    outcomes: { [API]: ended('waiting', R2) },
    want: `superseded ${R1}`,
  },
  {
    name: 'one in whose place a newer revision failed',
    pin: pinned([API]),
    outcomes: { [API]: ended('failed', R2) },
    want: `superseded ${R1}`,
  },
  { name: 'one whose source failed', outcomes: { [SOURCE]: ended('failed', undefined) }, want: 'failed' },
  {
    name: 'one whose source was told to keep still',
    outcomes: { [SOURCE]: ended('suspended', undefined) },
    want: 'suspended',
  },
  { name: 'one that expected another commit', outcomes: { [SOURCE]: ended('mismatch', R2) }, want: 'mismatch' },
  { name: 'one whose hook came late', outcomes: { [SOURCE]: ended('stale', undefined) }, want: 'superseded' },
  {
    name: 'one that was found before its hook',
    outcomes: { [SOURCE]: ended('unchanged', undefined) },
    want: 'unchanged ok',
  },
  {
    name: 'one whose hook came again while it is deployed',
    pin: pinned([API]),
    outcomes: { [SOURCE]: ended('unchanged') },
    want: pending,
  },
  { name: 'one that concerns nobody', matched: [], reason: 'no GitRepository has the URL', want: 'ignored' },
  { name: 'one that is still being matched', matched: [], want: pending },
  {
    name: 'one of whose two sources has not been looked at',
    matched: [SOURCE, 'GitRepository/b/app'],
    pin: pinned([API]),
    outcomes: { [API]: ended('done') },
    want: pending,
  },
];

describe('the verdict on a push', () => {
  for (const { name, pin, outcomes = {}, matched = [SOURCE], reason, want } of CASES) {
    test(`of ${name}`, () => {
      const judged = judgePush({ matched, outcomes, reason, pins: pin ? { [SOURCE]: pin } : {} });

      const told = judged && [judged.verdict, judged.ok ? 'ok' : '', judged.revision].filter(Boolean).join(' ');
      assert.equal(told, want);
    });
  }

  test('names what is to blame, and no more than five objects', () => {
    const asked = Array.from({ length: 7 }, (_, n) => `Kustomization/a/${n}`);
    const outcomes = Object.fromEntries(asked.map((key) => [key, ended('failed', R1, 'broken')]));

    const verdict = judgePush({ matched: [SOURCE], outcomes, pins: { [SOURCE]: pinned(asked) } });

    assert.match(verdict?.message ?? '', /^Kustomization\/a\/0: broken; .*Kustomization\/a\/4: broken; and 2 more$/);
  });
});
