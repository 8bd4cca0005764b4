import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileHealthChecks } from '../../../src/health/compile-health-checks.ts';
import { judgeHealth } from '../../../src/health/judge-health.ts';

const EXPRESSIONS = {
  inProgress: "status.phase == 'Working'",
  failed: "status.phase in ['Broken', 'Working', 'Odd']",
  current: "status.phase in ['Done', 'Broken'] && size(spec.parts) == 2",
};
const INVALID = 'Reconciliation failed terminally due to configuration error: ';

const VERDICTS = [
  {
    name: 'inProgress is asked before failed',
    given: { status: { phase: 'Working' } },
    want: { status: 'InProgress', message: 'The inProgress expression is true' },
  },
  {
    name: 'failed is asked before current',
    given: { spec: { parts: [1, 2] }, status: { phase: 'Broken' } },
    want: { status: 'Failed', message: 'The failed expression is true' },
  },
  {
    name: 'current is asked last',
    given: { spec: { parts: [1, 2] }, status: { phase: 'Done' } },
    want: { status: 'Current', message: 'The current expression is true' },
  },
  {
    name: 'no expression that is true means in progress',
    given: { status: { phase: 'New' } },
    want: { status: 'InProgress', message: 'No expression is true' },
  },
  {
    name: 'a generation that is not observed is in progress whatever the expressions say',
    given: { status: { phase: 'Broken', observedGeneration: 1 } },
    want: { status: 'InProgress', message: 'Widget generation is 2, but latest observed generation is 1' },
  },
  {
    name: 'an observed generation that is no number is left to the expressions',
    given: { status: { phase: 'Broken', observedGeneration: '1' } },
    want: { status: 'Failed', message: 'The failed expression is true' },
  },
  {
    name: 'an object that is being deleted is terminating whatever the expressions say',
    given: {
      metadata: { name: 'front', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { parts: [1, 2] },
      status: { phase: 'Done' },
    },
    want: { status: 'Terminating', message: 'Resource scheduled for deletion' },
  },
  {
    name: 'an expression that fails makes the health unknown, with its words, and those after it are not asked',
    given: { status: {} },
    want: {
      status: 'Unknown',
      message: "failed to evaluate the CEL expression 'status.phase == 'Working'': no such key: phase",
    },
  },
  {
    name: 'a field that the object does not have is named',
    given: {},
    want: {
      status: 'Unknown',
      message: "failed to evaluate the CEL expression 'status.phase == 'Working'': no such attribute(s): status",
    },
  },
] as const;

for (const { name, given, want } of VERDICTS) {
  test(name, () => {
    const checks = compileHealthChecks([{ apiVersion: 'example.com/v1', kind: 'Widget', ...EXPRESSIONS }]);

    assert.deepEqual(checks.judge(makeObject(given)), want);
  });
}

test('a result that is neither true nor false makes the health unknown', () => {
  const checks = compileHealthChecks([{ apiVersion: 'example.com/v1', kind: 'Widget', current: 'status.phase' }]);

  const health = checks.judge(makeObject({ status: { phase: 'Done' } }));

  assert.deepEqual(health, {
    status: 'Unknown',
    message: "failed to evaluate CEL expression as boolean: 'status.phase'",
  });
});

const COVERED = [
  { name: 'its own kind', group: 'example.com', kind: 'Widget', want: true },
  { name: 'no other kind of the group', group: 'example.com', kind: 'Gadget', want: false },
  { name: 'no kind of the same name elsewhere', group: 'example.org', kind: 'Widget', want: false },
  { name: 'every kind of a group, if none is given', group: 'batch', kind: 'CronJob', want: true },
  { name: 'no Job, if only its group is given', group: 'batch', kind: 'Job', want: false },
  { name: 'core kinds', group: '', kind: 'ConfigMap', want: true },
];

for (const { name, group, kind, want } of COVERED) {
  test(`an expression covers ${name}`, () => {
    const checks = compileHealthChecks([
      { apiVersion: 'example.com/v1alpha1', kind: 'Widget', current: 'true' },
      { apiVersion: 'batch/v1', current: 'true' },
      { apiVersion: 'v1', kind: 'ConfigMap', current: 'true' },
    ]);

    const verdict = checks.judge({ apiVersion: group ? `${group}/v1` : 'v1', kind, metadata: { name: 'front' } });

    assert.equal(checks.covers({ group, kind }), want);
    assert.equal(verdict !== undefined, want);
  });
}

test('an expression for a kind goes before one for its group', () => {
  const checks = compileHealthChecks([
    { apiVersion: 'example.com/v1', current: 'true' },
    { apiVersion: 'example.com/v1', kind: 'Widget', failed: 'true', current: 'false' },
  ]);

  assert.equal(checks.judge(makeObject({}))?.status, 'Failed');
});

test('an object without expression is judged by the built-in rules, one with an expression is not', () => {
  const checks = compileHealthChecks([
    { apiVersion: 'example.com/v1', kind: 'Widget', failed: 'true', current: 'true' },
  ]);
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' } };

  assert.equal(judgeHealth(makeObject({}), checks).status, 'Failed');
  assert.equal(judgeHealth(claim, checks).message, 'PVC is not Bound. phase: unknown');
  assert.equal(judgeHealth(makeObject({}), compileHealthChecks(undefined)).status, 'Current');
  assert.equal(judgeHealth(undefined, checks).status, 'NotFound');
});

const REFUSED = [
  {
    name: 'a mistake of syntax, with its place',
    given: [{ apiVersion: 'v1', kind: 'ConfigMap', inProgress: 'foo.', current: 'true' }],
    want: /spec\.healthCheckExprs\[0\]\.inProgress: failed to parse the CEL expression 'foo\.': 1:5: expected/,
  },
  {
    name: 'a mistake in the second line of the second item',
    given: [
      { apiVersion: 'v1', kind: 'ConfigMap', current: 'true' },
      { apiVersion: 'v1', kind: 'Secret', current: 'true', failed: 'true &&\n  nope(data)' },
    ],
    want: /spec\.healthCheckExprs\[1\]\.failed: .*2:3: found no matching overload for 'nope\(dyn\)'$/s,
  },
  {
    name: 'no current expression',
    given: [{ apiVersion: 'v1', kind: 'ConfigMap', current: '' }],
    want: /spec\.healthCheckExprs\[0\]\.current: expression not specified$/,
  },
  {
    name: 'a result that is never true or false',
    given: [{ apiVersion: 'v1', kind: 'ConfigMap', current: "'text'" }],
    want: /spec\.healthCheckExprs\[0\]\.current: CEL expression output type mismatch: expected bool, got string$/,
  },
  {
    name: 'a second expression for a kind, in whatever version',
    given: [
      { apiVersion: 'example.com/v1', kind: 'Widget', current: 'true' },
      { apiVersion: 'example.com/v2', kind: 'Widget', current: 'true' },
    ],
    want: /spec\.healthCheckExprs\[1\]: duplicate custom health check for Widget of example\.com\/v2$/,
  },
  {
    name: 'a text that is too long, without repeating it',
    given: [{ apiVersion: 'v1', kind: 'ConfigMap', current: `true${' '.repeat(16 * 1024)}` }],
    want: /'true {496}…': more than 16384 characters$/,
  },
  {
    name: 'too deep a nesting',
    given: [{ apiVersion: 'v1', kind: 'ConfigMap', current: `${'('.repeat(4000)}true${')'.repeat(4000)}` }],
    want: /maxDepth/,
  },
  {
    name: 'a name that only we use',
    given: [{ apiVersion: 'v1', kind: 'ConfigMap', current: "'a'.hawser_matches('a')" }],
    want: /undeclared reference to 'matches'$/,
  },
];

for (const { name, given, want } of REFUSED) {
  test(`health checks are refused for ${name}`, () => {
    assert.throws(() => compileHealthChecks(given), {
      code: 'CEL_INVALID',
      reason: 'InvalidCELExpression',
      disposition: 'stalled',
      message: new RegExp(`^${INVALID}.*${want.source}`, 's'),
    });
  });
}

function makeObject(fields: Readonly<Record<string, unknown>>) {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'front', generation: 2 }, ...fields };
}
