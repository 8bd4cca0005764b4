import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SyncReport, toCommitStatus, toSummaryStatus } from '../../../src/commit-status/to-commit-status.ts';

const CASES: readonly { name: string; given: SyncReport; want: string }[] = [
  { name: 'started', given: { kind: 'started' }, want: 'pending: deploying' },
  { name: 'done', given: { kind: 'done', changed: 2, total: 4 }, want: 'success: deployed: 4 objects, 2 changed' },
  {
    name: 'done without a change',
    given: { kind: 'done', changed: 0, total: 1 },
    want: 'success: deployed: 1 object, nothing to change',
  },
  {
    name: 'waiting for health',
    given: { kind: 'waiting', message: 'Deployment/default/api' },
    want: 'pending: applied, waiting: Deployment/default/api',
  },
  {
    name: 'blocked',
    given: { kind: 'blocked', message: 'dependency default/db is not ready' },
    want: 'pending: blocked: dependency default/db is not ready',
  },
  {
    name: 'failed to build',
    given: { kind: 'failed', reason: 'BuildFailed', disposition: 'stalled', message: 'no such file' },
    want: 'failure: no such file',
  },
  {
    name: 'failed health, which a later sync may mend',
    given: {
      kind: 'failed',
      reason: 'HealthCheckFailed',
      disposition: 'retry',
      message: 'Deployment/default/api failed',
    },
    want: 'failure: Deployment/default/api failed',
  },
  {
    name: 'failed for the cluster is away',
    given: { kind: 'failed', reason: 'ClusterUnreachable', disposition: 'retry', message: 'no answer' },
    want: 'error: no answer',
  },
  { name: 'superseded', given: { kind: 'superseded', bySha: 'abcdef0123' }, want: 'error: superseded by abcdef0' },
  { name: 'gone', given: { kind: 'gone' }, want: 'error: not deployed: the Kustomization was deleted' },
];

for (const { name, given, want } of CASES) {
  test(`the commit status of a sync that is ${name}`, () => {
    const { state, description } = toCommitStatus(given);

    assert.equal(`${state}: ${description}`, want);
  });
}

const NONE = { deployed: 0, failed: 0, errors: 0, pending: 0, unaffected: 0 };

const SUMMARIES = [
  {
    name: 'all deployed',
    given: { ...NONE, deployed: 3, unaffected: 117 },
    want: 'success: 3 deployed, 117 unaffected',
  },
  { name: 'one failed', given: { ...NONE, deployed: 2, failed: 1 }, want: 'failure: 1 failed, 2 deployed' },
  {
    name: 'one failed while another runs',
    given: { ...NONE, failed: 1, pending: 1 },
    want: 'pending: 1 failed, 1 pending',
  },
  { name: 'our trouble', given: { ...NONE, errors: 1, deployed: 1 }, want: 'error: 1 not deployed, 1 deployed' },
  { name: 'nothing there', given: NONE, want: 'success: nothing to deploy' },
];

for (const { name, given, want } of SUMMARIES) {
  test(`the summary of a push: ${name}`, () => {
    const { state, description } = toSummaryStatus(given);

    assert.equal(`${state}: ${description}`, want);
  });
}
