import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Hint } from '../../../src/model/push.ts';
import { type HookHistory, NO_HISTORY } from '../../../src/push-record/hook-history.ts';
import { HOOK_GRACE_MS, type HookNotice, type NotedHooks, noteHooks } from '../../../src/sync/note-hooks.ts';

const ZEROS = '0'.repeat(40);
const MINUTE = 60_000;

const poll = (now: number, sha?: string, object = sha): HookNotice => ({
  now,
  hints: [],
  tip: sha === undefined ? [] : [sha, object ?? sha],
  polled: sha === undefined || object === undefined ? undefined : { sha, object, pushId: `push-${sha}` },
});
const hint = (after: string, heardAt: number): Hint => ({
  ref: 'refs/heads/main',
  before: 'x',
  after,
  deliveryId: after,
  firstSeen: true,
  heardAt,
});
/** A sync that a hook asked for, at once; what it names is what the ref names. */
const hook = (now: number, after: string, rest: Partial<HookNotice> = {}): HookNotice => ({
  now,
  hints: [hint(after, now)],
  tip: [after],
  ...rest,
});

interface Case {
  readonly name: string;
  readonly given: readonly HookNotice[];
  /** The moves missed and told in all, and how many were missed in a row at the end. */
  readonly want: { readonly missed: readonly string[]; readonly told: readonly string[]; readonly row: number };
}

const CASES: readonly Case[] = [
  {
    name: 'a move found by polling waits for its hook',
    given: [poll(0, 'a'), poll(HOOK_GRACE_MS)],
    want: { missed: [], told: [], row: 0 },
  },
  {
    name: 'a move without a hook is missed after the grace, once',
    given: [poll(0, 'a'), poll(MINUTE), poll(2 * MINUTE)],
    want: { missed: ['a'], told: [], row: 1 },
  },
  {
    name: 'each move counts, also those that were found within one grace',
    given: [poll(0, 'a'), poll(5_000, 'b'), poll(MINUTE)],
    want: { missed: ['a', 'b'], told: [], row: 2 },
  },
  {
    name: 'a hook that comes within the grace tells of its move',
    given: [poll(0, 'a'), hook(5_000, 'a'), poll(MINUTE)],
    want: { missed: [], told: ['a'], row: 0 },
  },
  {
    name: 'a hook that was heard in time and handled late is in time',
    given: [poll(0, 'a'), { ...hook(MINUTE, 'a'), hints: [hint('a', 5_000)] }],
    want: { missed: [], told: ['a'], row: 0 },
  },
  {
    name: 'a hook that comes after the grace is missed and told',
    given: [poll(0, 'a'), hook(MINUTE, 'a')],
    want: { missed: ['a'], told: ['a'], row: 0 },
  },
  {
    name: 'a hook of a push that was missed long ago is told',
    given: [poll(0, 'a'), poll(MINUTE), hook(10 * MINUTE, 'a')],
    want: { missed: ['a'], told: ['a'], row: 0 },
  },
  {
    name: 'any hook ends the row',
    given: [poll(0, 'a'), poll(MINUTE, 'b'), poll(2 * MINUTE), hook(3 * MINUTE, 'c')],
    want: { missed: ['a', 'b'], told: [], row: 0 },
  },
  {
    name: 'a hook without a hint ends the row',
    given: [poll(0, 'a'), poll(MINUTE), { ...poll(MINUTE), askedAt: MINUTE }],
    want: { missed: ['a'], told: [], row: 0 },
  },
  {
    name: 'a hook that was heard before its push was found is no missed one',
    given: [hook(0, 'a', { tip: ['z'] }), poll(40_000, 'a'), poll(5 * MINUTE)],
    want: { missed: [], told: [], row: 0 },
  },
  {
    name: 'a hook heard before a failure is no missed one',
    given: [hook(0, 'a', { tip: [] }), poll(40_000, 'a'), poll(5 * MINUTE)],
    want: { missed: [], told: [], row: 0 },
  },
  {
    name: 'a rollback is not explained by the hook that once told of its commit',
    given: [hook(0, 'a'), hook(1_000, 'b'), poll(MINUTE, 'a'), poll(2 * MINUTE)],
    want: { missed: ['a'], told: [], row: 1 },
  },
  {
    name: 'a hook that names an annotated tag tells of its commit',
    given: [poll(0, 'a', 'tag'), hook(5_000, 'tag', { tip: ['a', 'tag'] }), poll(MINUTE)],
    want: { missed: [], told: ['a'], row: 0 },
  },
  {
    name: 'a hook of a deletion tells of what took the place of the deleted tag',
    given: [poll(0, 'a'), hook(5_000, ZEROS, { tip: ['a'] }), poll(MINUTE)],
    want: { missed: [], told: ['a'], row: 0 },
  },
  {
    name: 'a hook of another push tells nothing of a move',
    given: [poll(0, 'a'), hook(5_000, 'b'), poll(MINUTE)],
    want: { missed: ['a'], told: [], row: 1 },
  },
];

describe('hooks, compared with what polling found:', () => {
  for (const { name, given, want } of CASES) {
    test(name, () => {
      const { all, history } = follow(given);

      assert.deepEqual(
        {
          missed: all.flatMap(({ missed }) => missed.map(({ sha }) => sha)),
          told: all.flatMap(({ told }) => told.map(({ move }) => move.sha)),
          row: history.missed,
        },
        want,
      );
    });
  }

  test('the time of the last hook is kept', () => {
    assert.equal(follow([hook(1_000, 'a'), poll(2_000), hook(3_000, 'b'), poll(MINUTE, 'c')]).history.heardAt, 3_000);
  });

  test('what is kept is bounded', () => {
    const many = Array.from({ length: 100 }, (_, index) => [
      poll(index, `p${index}`),
      hook(index, `h${index}`, { tip: [] }),
    ]);

    const { history } = follow(many.flat());

    assert.ok(history.moves.length <= 20 && Object.keys(history.named).length <= 20);
  });
});

function follow(notices: readonly HookNotice[]): { all: NotedHooks[]; history: HookHistory } {
  const all: NotedHooks[] = [];
  for (const notice of notices) all.push(noteHooks(all.at(-1)?.history ?? NO_HISTORY, notice));
  return { all, history: all.at(-1)?.history ?? NO_HISTORY };
}
