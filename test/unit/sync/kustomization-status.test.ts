import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HawserError } from '../../../src/errors/hawser-error.ts';
import type { Condition } from '../../../src/model/conditions.ts';
import type { Kustomization } from '../../../src/model/kustomization.ts';
import { concludeHealth } from '../../../src/sync/conclude-health.ts';
import { isSameStatus, toBeginning, toConclusion } from '../../../src/sync/kustomization-status.ts';
import type { Attempt, StepName, SyncOutcome } from '../../../src/sync/outcome.ts';

const NOW = new Date('2026-01-01T00:01:00Z');
const SHA = 'f'.repeat(40);
const REVISION = `main@sha1:${SHA}`;

const cases: readonly { name: string; outcome: SyncOutcome; step?: StepName; want: Record<string, unknown> }[] = [
  {
    name: 'success says which revision is applied',
    outcome: { kind: 'done', revision: REVISION, changes: [] },
    want: {
      conditions: [['Ready', 'True', 'ReconciliationSucceeded', `Applied revision: ${REVISION}`]],
      observedGeneration: 2,
      lastAppliedRevision: REVISION,
    },
  },
  {
    name: 'a failure that only a person can mend is Stalled, so that waiting for it ends at once',
    outcome: {
      kind: 'failed',
      error: new HawserError('RENDER_FAILED', 'kustomize build failed: no'),
      revision: REVISION,
    },
    want: {
      conditions: [
        ['Ready', 'False', 'BuildFailed', 'kustomize build failed: no'],
        ['Stalled', 'True', 'BuildFailed', 'kustomize build failed: no'],
      ],
      observedGeneration: 2,
      lastAppliedRevision: undefined,
    },
  },
  {
    name: 'a failure that may pass keeps reconciling',
    step: 'apply',
    outcome: {
      kind: 'failed',
      error: new HawserError('APPLY_FAILED', 'no', { disposition: 'retry' }),
      revision: REVISION,
    },
    want: {
      conditions: [
        ['Ready', 'False', 'ReconciliationFailed', 'no'],
        [
          'Reconciling',
          'True',
          'ProgressingWithRetry',
          `Detecting drift for revision ${REVISION} with a timeout of 30s`,
        ],
      ],
      observedGeneration: -1,
    },
  },
  {
    name: 'several failed objects are all named',
    outcome: {
      kind: 'failed',
      error: new AggregateError([new HawserError('APPLY_FAILED', 'one'), new HawserError('APPLY_FAILED', 'two')]),
      revision: REVISION,
    },
    want: {
      conditions: [
        ['Ready', 'False', 'ReconciliationFailed', 'one\ntwo'],
        ['Stalled', 'True', 'ReconciliationFailed', 'one\ntwo'],
      ],
    },
  },
  {
    name: 'waiting says what for',
    step: 'health',
    outcome: {
      kind: 'waiting',
      revision: REVISION,
      deadline: NOW,
      unhealthy: ["Deployment/app/web status: 'InProgress'"],
    },
    want: {
      conditions: [
        [
          'Ready',
          'Unknown',
          'Progressing',
          "Reconciliation in progress, waiting for: [Deployment/app/web status: 'InProgress']",
        ],
        ['Reconciling', 'True', 'Progressing', `Running health checks for revision ${REVISION} with a timeout of 30s`],
        ['Healthy', 'Unknown', 'Progressing', `Running health checks for revision ${REVISION} with a timeout of 30s`],
      ],
      lastHandledReconcileAt: undefined,
    },
  },
  {
    name: 'a missing source is said in plain words',
    outcome: { kind: 'blocked', reason: 'ArtifactFailed', message: 'Source is not ready, artifact not found' },
    want: { conditions: [['Ready', 'False', 'ArtifactFailed', 'Source is not ready, artifact not found']] },
  },
];

describe("a Kustomization's status", () => {
  for (const { name, outcome, step = 'build', want } of cases) {
    test(name, () => {
      const kustomization = makeResource({ requestedAt: 'now' });

      const status = toConclusion(kustomization, outcome, {
        attempt: attempt(step),
        inventory: undefined,
        fights: [],
        now: NOW,
      });

      for (const [field, value] of Object.entries(want)) {
        const got = field === 'conditions' ? status.conditions?.map(brief) : status[field as keyof typeof status];
        assert.deepEqual(got, value, field);
      }
    });
  }

  test('answers the request annotation with the result, not before', () => {
    const kustomization = makeResource({ requestedAt: 'now' });
    const begun = toBeginning(kustomization, attempt('apply'), { inventory: [], now: NOW });
    const outcome: SyncOutcome = { kind: 'done', revision: REVISION, changes: [] };

    const done = toConclusion(kustomization, outcome, {
      attempt: attempt('build'),
      inventory: [],
      fights: [],
      now: NOW,
    });

    assert.equal('lastHandledReconcileAt' in begun, false);
    assert.equal(done.lastHandledReconcileAt, 'now');
  });

  test('a sync that changes nothing writes nothing: counters and times alone are no news', () => {
    const kustomization = makeResource({});
    const outcome: SyncOutcome = { kind: 'done', revision: REVISION, changes: [] };
    const first = toConclusion(kustomization, outcome, {
      attempt: attempt('build'),
      inventory: [],
      fights: [],
      now: NOW,
    });

    const again = toConclusion({ ...kustomization, status: first }, outcome, {
      attempt: attempt('build'),
      inventory: [],
      fights: [],
      now: new Date(NOW.getTime() + 60_000),
    });

    assert.equal(isSameStatus(first, again), true);
    assert.equal(again.conditions?.[0]?.lastTransitionTime, first.conditions?.[0]?.lastTransitionTime);
  });

  test('a fight over a field is a condition that names object, field and other writer, and goes when the fight is over', () => {
    const kustomization = makeResource({});
    const outcome: SyncOutcome = { kind: 'done', revision: REVISION, changes: [] };
    const ref = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'app', name: 'web' };
    const fights = [{ ref, what: 'spec.replicas was changed by scaler' }];

    const fighting = toConclusion(kustomization, outcome, {
      attempt: attempt('apply'),
      inventory: [],
      fights,
      now: NOW,
    });
    const peaceful = toConclusion(kustomization, outcome, {
      attempt: attempt('apply'),
      inventory: [],
      fights: [],
      now: NOW,
    });

    const contested = fighting.conditions?.find(({ type }) => type === 'Contested');
    assert.match(contested?.message ?? '', /Deployment\/app\/web \(spec\.replicas was changed by scaler\)/);
    assert.deepEqual(
      peaceful.conditions?.map(({ type }) => type),
      ['Ready'],
    );
  });

  test('the history counts syncs of the same manifests that ended alike, newest first, at most five', () => {
    let kustomization = makeResource({});
    for (const digest of ['a', 'b', 'c', 'd', 'e', 'f', 'b']) {
      const outcome: SyncOutcome = { kind: 'done', revision: REVISION, changes: [] };
      const context = { attempt: { ...attempt('build'), digest }, inventory: [], fights: [], now: NOW };
      kustomization = { ...kustomization, status: toConclusion(kustomization, outcome, context) };
    }

    const counted = kustomization.status?.history?.map((entry) => [entry.digest, entry.totalReconciliations]);

    assert.deepEqual(counted, [
      ['b', 2],
      ['f', 1],
      ['e', 1],
      ['d', 1],
      ['c', 1],
    ]);
  });
});

describe('waiting for health', () => {
  const unhealthy = ["Deployment/app/web status: 'InProgress'"];
  const started = (ageS: number) => {
    const kustomization = makeResource({});
    const outcome: SyncOutcome = { kind: 'waiting', revision: REVISION, deadline: NOW, unhealthy };
    const now = new Date(NOW.getTime() - ageS * 1000);
    const status = toConclusion(kustomization, outcome, {
      attempt: attempt('health'),
      inventory: [],
      fights: [],
      now,
    });
    return { kustomization: { ...kustomization, status }, attempt: attempt('health'), now: NOW };
  };

  test('the deadline counts from the start of the wait, also after a restart', () => {
    const outcome = concludeHealth({ ...started(10), verdict: { kind: 'waiting', unhealthy } });

    assert.equal(outcome.kind === 'waiting' && outcome.deadline.getTime() - NOW.getTime(), 20_000);
  });

  test('past the deadline it fails and names what was not healthy', () => {
    assert.throws(
      () => concludeHealth({ ...started(30), verdict: { kind: 'waiting', unhealthy } }),
      /health check failed after 30s: timeout waiting for: \[Deployment\/app\/web status: 'InProgress'\]/,
    );
  });

  test('a failed object ends the wait at once', () => {
    assert.throws(
      () =>
        concludeHealth({ ...started(1), verdict: { kind: 'failed', unhealthy: ["Job/app/lint status: 'Failed'"] } }),
      /failed early due to stalled resources: \[Job\/app\/lint status: 'Failed'\]/,
    );
  });
});

function attempt(name: StepName): Attempt {
  return {
    startedAt: NOW,
    steps: [{ name, at: 0 }],
    revision: REVISION,
    digest: 'sha256:x',
    changes: [],
    corrections: [],
  };
}

function brief({ type, status, reason, message }: Condition): string[] {
  return [type, status, reason, message];
}

function makeResource({ requestedAt }: { requestedAt?: string }): Kustomization {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: {
      name: 'app',
      namespace: 'app',
      generation: 2,
      ...(requestedAt ? { annotations: { 'reconcile.fluxcd.io/requestedAt': requestedAt } } : {}),
    },
    spec: { interval: '5s', prune: true, sourceRef: { kind: 'GitRepository', name: 'app' } },
    status: { observedGeneration: -1 },
  };
}
