import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import { toSourceFailure } from '../../../src/sync/conclude-source.ts';
import type { SyncDeps } from '../../../src/sync/deps.ts';
import type { SourceSync } from '../../../src/sync/sync-context.ts';

const NOW = 1_000_000;
const ZEROS = '0'.repeat(40);

const cases = [
  { name: 'waits for a retry while it is fresh', code: 'GIT_UNREACHABLE', ageMs: 100, want: undefined },
  { name: 'is given up after 30 s', code: 'GIT_UNREACHABLE', ageMs: 30_000, want: /^failed: / },
  { name: 'is given up at once where only a person can help', code: 'GIT_REF_INVALID', ageMs: 0, want: /^failed: / },
  { name: 'tells of a deletion that is seen', code: 'GIT_REF_NOT_FOUND', ageMs: 0, after: ZEROS, want: /^deleted: / },
  { name: 'waits for the ref that it created', code: 'GIT_REF_NOT_FOUND', ageMs: 0, want: undefined },
] as const;

describe('a hook whose sync has failed', () => {
  for (const { name, code, ageMs, want, ...rest } of cases) {
    test(name, () => {
      const after = 'after' in rest ? rest.after : 'a'.repeat(40);
      const hint = { ref: 'refs/heads/main', before: ZEROS, after, deliveryId: 'd', pushId: 'p', firstSeen: true };
      const reasons: string[] = [];
      const deps = {
        memories: new Map(),
        now: () => new Date(NOW),
        pushRecords: { setReason: async (_id: string, reason: string) => void reasons.push(reason) },
      } as unknown as SyncDeps;
      const sync = {
        source: { metadata: { uid: 'uid' }, spec: {} },
        run: { pending: { hints: [{ ...hint, heardAt: NOW - ageMs }] } },
      } as unknown as SourceSync;

      const { hintsSeen } = toSourceFailure(deps, sync, new HawserError(code, 'no'));

      assert.deepEqual(hintsSeen, want ? ['d'] : []);
      if (want) assert.match(reasons[0] ?? '', want);
      else assert.deepEqual(reasons, []);
    });
  }
});
