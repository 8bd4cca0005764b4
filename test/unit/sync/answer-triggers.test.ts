import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TriggerNote } from '../../../src/model/push.ts';
import { findPatience } from '../../../src/sync/answer-triggers.ts';
import { makeGitRepository } from '../../support/make-kustomization.ts';

const NOW = 1_000_000;
const TIP = 'a'.repeat(40);
const OBJECT = 'b'.repeat(40);
const OLD = 'c'.repeat(40);
const NEW = 'd'.repeat(40);

const cases = [
  { name: 'what it is told', expects: [], want: undefined },
  { name: 'the tip', expects: [{ sha: TIP, ageMs: 0 }], want: undefined },
  { name: 'the tag object of the tip', expects: [{ sha: OBJECT, ageMs: 0 }], want: undefined },
  { name: 'a commit that the source was at', expects: [{ sha: OLD, ageMs: 0 }], want: undefined },
  { name: 'one that nobody has seen', expects: [{ sha: NEW, ageMs: 0 }], want: 25 },
  { name: 'that for a while', expects: [{ sha: NEW, ageMs: 600 }], want: 300 },
  { name: 'that for longer', expects: [{ sha: NEW, ageMs: 2_900 }], want: 500 },
  { name: 'that for 3 s', expects: [{ sha: NEW, ageMs: 3_000 }], want: undefined },
  {
    name: 'with others, of whom one has just come',
    expects: [
      { sha: NEW, ageMs: 2_900 },
      { sha: NEW, ageMs: 10 },
    ],
    want: 25,
  },
  { name: 'what a replay asks about', expects: [{ sha: NEW }], want: undefined },
];

describe('the remote is asked again, so many milliseconds later, for a trigger that expects', () => {
  for (const { name, expects, want } of cases) {
    test(`${name}: ${want ?? 'not'}`, async () => {
      const triggers: TriggerNote[] = expects.map(({ sha, ...rest }) => {
        const saidAt = 'ageMs' in rest ? NOW - rest.ageMs : undefined;
        return { pushId: 'p', expected: { sha, otherwise: 'mismatch', saidAt } };
      });
      const git = { has: async (_uid: string, sha: string) => sha === OLD };
      const deps = { git, now: () => new Date(NOW) } as unknown as Parameters<typeof findPatience>[0];
      const source = makeGitRepository({ namespace: 'app' }, { url: 'https://git.example.com/app' });
      const tip = { ref: 'v1', sha: TIP, fullRef: 'refs/tags/v1', object: OBJECT };

      const found = { source, tip } as unknown as Parameters<typeof findPatience>[1];

      assert.equal(await findPatience(deps, found, triggers), want);
    });
  }
});
