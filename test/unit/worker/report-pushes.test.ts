import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toCommitStatus } from '../../../src/commit-status/to-commit-status.ts';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import type { PushRecords } from '../../../src/push-record/create-push-records.ts';
import type { PushProgress } from '../../../src/sync/deps.ts';
import type { SyncOutcome } from '../../../src/sync/outcome.ts';
import { createLogger } from '../../../src/telemetry/create-logger.ts';
import { createPushReports } from '../../../src/worker/report-pushes.ts';
import { toReport } from '../../../src/worker/to-report.ts';

const sha = 'a'.repeat(40);
const revision = `main@sha1:${sha}`;
const ref = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'app', name: 'web' };
const changes = [
  { ref, action: 'configured' as const },
  { ref, action: 'unchanged' as const },
];
const progress = {
  pushIds: ['push'],
  kustomization: { status: { inventory: { entries: [1, 2, 3].map((id) => ({ id: `${id}`, v: 'v1' })) } } },
} as unknown as PushProgress;

const cases: readonly { name: string; outcome: SyncOutcome; want: string | undefined }[] = [
  {
    name: 'success counts what changed',
    outcome: { kind: 'done', revision, changes },
    want: 'success deployed: 3 objects, 1 changed',
  },
  {
    name: 'waiting is pending and says what for',
    outcome: { kind: 'waiting', revision, deadline: new Date(0), unhealthy: ['Deployment/app/web'] },
    want: 'pending applied, waiting: Deployment/app/web',
  },
  {
    name: 'a fault of the manifests is a failure',
    outcome: { kind: 'failed', revision, error: new HawserError('RENDER_FAILED', 'no') },
    want: 'failure no',
  },
  {
    name: 'an API server that is away is no fault of the manifests',
    outcome: {
      kind: 'failed',
      revision,
      error: new HawserError('APPLY_FAILED', 'no', { cause: new HawserError('KUBE_UNAVAILABLE', 'away') }),
    },
    want: 'error no',
  },
  {
    name: 'an object that the API server refuses is one, also beside trouble of ours',
    outcome: {
      kind: 'failed',
      revision,
      error: new AggregateError([
        new HawserError('APPLY_FAILED', 'one', { cause: new HawserError('KUBE_UNAVAILABLE', 'away') }),
        new HawserError('APPLY_FAILED', 'two', { cause: new HawserError('KUBE_REJECTED', 'refused') }),
      ]),
    },
    want: 'failure one\ntwo',
  },
  {
    name: 'trouble of ours is an error',
    outcome: { kind: 'failed', revision, error: new HawserError('INTERNAL', 'no') },
    want: 'error no',
  },
  {
    name: 'a newer revision is named',
    outcome: { kind: 'superseded', revision, by: `main@sha1:${'b'.repeat(40)}` },
    want: 'error superseded by bbbbbbb',
  },
  {
    name: 'blocked is pending and says by what',
    outcome: { kind: 'blocked', reason: 'DependencyNotReady', message: 'db is not ready' },
    want: 'pending blocked: db is not ready',
  },
  {
    name: 'gone is told to whoever pushed',
    outcome: { kind: 'gone' },
    want: 'error not deployed: the Kustomization was deleted',
  },
  { name: 'suspended says nothing', outcome: { kind: 'suspended' }, want: undefined },
];

test('a sync that serves several pushes is recorded for each of them', async () => {
  const told: string[] = [];
  const pushRecords = {
    addStep: async () => {},
    setOutcome: async (id: string, _key: string, { kind }: { kind: string }) => void told.push(`${id} ${kind}`),
  } as unknown as PushRecords;
  const reports = createPushReports({
    pushRecords,
    queues: { requestCommitStatus: async () => {} },
    logger: createLogger({ level: 'error' }),
    now: () => new Date(0),
    reportsTo: () => false,
    hasSource: () => false,
    kustomization: () => undefined,
    currentSha: () => undefined,
    pushUrl: () => undefined,
  });
  const kustomization = { metadata: { name: 'app', namespace: 'default' } };
  const source = { spec: { url: 'https://git.example/acme/app' } };
  const served = { kustomization, source, sha, pushIds: ['overtaken', 'newest'] } as unknown as PushProgress;

  reports.ended(
    served,
    { kind: 'done', revision, changes },
    { startedAt: new Date(0), steps: [], changes, corrections: [] },
  );
  await reports.flush();

  assert.deepEqual(told, ['overtaken done', 'newest done']);
});

describe('what a commit is told', () => {
  for (const { name, outcome, want } of cases) {
    test(name, () => {
      const report = toReport(outcome, progress, { startedAt: new Date(0), steps: [], changes, corrections: [] });

      const status = report && toCommitStatus(report);
      assert.equal(status && `${status.state} ${status.description}`, want);
    });
  }
});
