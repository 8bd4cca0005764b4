import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SyncReport, toCommitStatus } from '../../../src/commit-status/to-commit-status.ts';

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
    name: 'failed by the manifests',
    given: { kind: 'failed', blame: 'manifests', message: 'no such file' },
    want: 'failure: no such file',
  },
  {
    name: 'failed by our trouble',
    given: { kind: 'failed', blame: 'us', message: 'no answer' },
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
