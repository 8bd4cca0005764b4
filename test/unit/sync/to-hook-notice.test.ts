import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Cause } from '../../../src/queue/pending-request.ts';
import { toHookNotice } from '../../../src/sync/to-hook-notice.ts';

const SHA = 'a'.repeat(40);
const HINT = { ref: 'refs/heads/main', before: 'x', after: SHA, deliveryId: 'd', firstSeen: true, heardAt: 1 };
const POLLED = { object: SHA, sha: SHA, pushId: 'p' };
const done = { kind: 'done', revision: `main@sha1:${SHA}`, changes: [] } as const;

interface Case {
  readonly name: string;
  readonly causes: readonly Cause[];
  readonly hasHint?: boolean;
  /** Whether the move counts as polled, and whether a hook was heard. */
  readonly want: { readonly polled: boolean; readonly heard: boolean };
}

const CASES: readonly Case[] = [
  { name: 'an interval', causes: ['interval'], want: { polled: true, heard: false } },
  { name: 'a request by annotation', causes: ['annotation'], want: { polled: true, heard: false } },
  { name: 'a changed spec', causes: ['spec', 'interval'], want: { polled: false, heard: false } },
  { name: 'a trigger', causes: ['trigger'], want: { polled: false, heard: false } },
  { name: 'a replay', causes: ['trigger'], hasHint: true, want: { polled: false, heard: false } },
  { name: 'a hook of another push', causes: ['webhook'], hasHint: true, want: { polled: true, heard: true } },
  { name: 'a hook that names no commit', causes: ['webhook'], want: { polled: false, heard: true } },
];

describe('what a move tells of hooks that was found by', () => {
  for (const { name, causes, hasHint, want } of CASES) {
    test(name, () => {
      const pending = { causes, hints: hasHint ? [HINT] : [] };

      const notice = toHookNotice({ pending, memory: { peeled: new Map(), polled: POLLED }, outcome: done, now: 5 });

      const heard = notice.askedAt !== undefined || notice.hints.length > 0;
      assert.deepEqual({ polled: notice.polled !== undefined, heard }, want);
    });
  }

  test('a sync that came to an annotated tag names both, its commit and its object', () => {
    const memory = {
      peeled: new Map([
        ['tag', SHA],
        ['old', 'b'.repeat(40)],
      ]),
    };

    const { tip } = toHookNotice({ pending: { causes: [], hints: [] }, memory, outcome: done, now: 5 });

    assert.deepEqual(tip, [SHA, 'tag']);
  });
});
