import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileReadyExpression } from '../../../src/health/compile-ready-expression.ts';

const FIELD = 'spec.dependsOn[0].readyExpr';
const PREFIX = 'Reconciliation failed terminally due to configuration error: spec.dependsOn[0].readyExpr: ';

test('self is the Kustomization and dep is what it depends on', () => {
  const isReady = compileReadyExpression("self.metadata.name == 'apps' && dep.metadata.name == 'infra'", FIELD);

  assert.equal(isReady({ self: makeKustomization('apps'), dep: makeKustomization('infra') }), true);
  assert.equal(isReady({ self: makeKustomization('infra'), dep: makeKustomization('apps') }), false);
});

const REFUSED = [
  { given: 'dep.', want: "failed to parse the CEL expression 'dep.': 1:5: expected IDENTIFIER, got EOF" },
  { given: 'dep.spec.suspend', want: 'CEL expression output type mismatch: expected bool, got dyn' },
  {
    given: 'status.ready == true',
    want: "failed to parse the CEL expression 'status.ready == true': 1:1: undeclared reference to 'status'",
  },
];

for (const { given, want } of REFUSED) {
  test(`${given} is refused, and the field is named`, () => {
    assert.throws(() => compileReadyExpression(given, FIELD), {
      code: 'CEL_INVALID',
      disposition: 'stalled',
      message: `${PREFIX}${want}`,
    });
  });
}

test('a dependency that lacks the field is not ready yet, and that is retried', () => {
  const isReady = compileReadyExpression('dep.status.observedGeneration == dep.metadata.generation', FIELD);

  assert.throws(() => isReady({ self: makeKustomization('apps'), dep: makeKustomization('infra') }), {
    code: 'CEL_FAILED',
    disposition: 'retry',
    reason: 'DependencyNotReady',
    message: /no such key: status$/,
  });
});

function makeKustomization(name: string) {
  return { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name, generation: 1 } };
}
