import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { GitRepository } from '../../../src/model/git-repository.ts';
import type { Cause } from '../../../src/queue/pending-request.ts';
import { patienceOf } from '../../../src/sync/poll-patience.ts';

const HINT = { ref: 'refs/heads/main', before: 'a', after: 'b', deliveryId: 'd', firstSeen: true, heardAt: 0 };

interface Given {
  readonly causes: readonly Cause[];
  readonly interval?: string;
  readonly timeoutMs?: number;
  readonly failures?: number;
  readonly isFirst?: boolean;
  readonly hasHint?: boolean;
}

const CASES: readonly { name: string; given: Given; want: number | undefined }[] = [
  { name: 'a poll waits a tenth of a second', given: { causes: ['interval'] }, want: 100 },
  { name: 'a poll of a short interval waits 2 % of it', given: { causes: ['interval'], interval: '2s' }, want: 40 },
  {
    name: 'a poll waits no more than a tenth of its timeout',
    given: { causes: ['interval'], timeoutMs: 500 },
    want: 50,
  },
  { name: 'a poll that was restored waits', given: { causes: ['restore', 'interval'] }, want: 100 },
  { name: 'another try after a failure waits', given: { causes: ['retry'], failures: 1 }, want: 100 },
  {
    name: 'asking again a remote that contradicted itself does not wait',
    given: { causes: ['retry'] },
    want: undefined,
  },
  { name: 'a first sync does not wait', given: { causes: ['interval'], isFirst: true }, want: undefined },
  { name: 'a hook does not wait', given: { causes: ['webhook'] }, want: undefined },
  { name: 'a hook beside a poll does not wait', given: { causes: ['interval', 'webhook'] }, want: undefined },
  {
    name: 'a hint that is left from before does not wait',
    given: { causes: ['interval'], hasHint: true },
    want: undefined,
  },
  { name: 'a trigger does not wait', given: { causes: ['trigger'] }, want: undefined },
  { name: 'a request by annotation does not wait', given: { causes: ['annotation', 'interval'] }, want: undefined },
  { name: 'what has no cause does not wait', given: { causes: [] }, want: undefined },
];

describe('how long an ask waits for others', () => {
  for (const { name, given, want } of CASES) {
    test(name, () => {
      const { causes, interval = '10m', timeoutMs = 60_000, failures = 0 } = given;
      const patience = patienceOf(
        {
          source: { spec: { interval } } as GitRepository,
          run: { pending: { causes, hints: given.hasHint ? [HINT] : [] } },
          memory: { failures },
          current: given.isFirst ? undefined : { ref: 'main', sha: 'a' },
        },
        timeoutMs,
      );

      assert.equal(patience, want);
    });
  }
});
