import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compileBoolean } from '../../../src/expression/compile-boolean.ts';
import { compileReadyExpression } from '../../../src/health/compile-ready-expression.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

/** True or false, an error of the evaluation, or an expression that is refused. */
type Outcome = boolean | 'fails' | 'invalid';

interface Recorded {
  readonly expression: string;
  readonly want: Outcome;
}

/**
 * Where we differ from what fixtures/health/generator recorded from Flux' CEL, and why. All of it is loud: no expression
 * that Flux evaluates has another value here.
 */
const DIFFERENCES: Readonly<Record<string, Outcome>> = {
  // Refused at once, where Flux fails at each evaluation: functions that do not exist, results that are never bool.
  "status.conditions.existsOne(e, e.type == 'Ready')": 'invalid',
  'data.text.size()': 'invalid',
  "b'hello'.base64() == 'aGVsbG8='": 'invalid',
  "b'{}'.json() == {}": 'invalid',
  'cel.bind(x, 1, x == 1)': 'invalid',
  'math.greatest(1, 2) == 2': 'invalid',
  'unknownFunction(status)': 'invalid',
  'status.phase.unknownMethod()': 'invalid',
  'status.conditions.transformList(i, v, i) == [0, 1]': 'invalid',
  // Literals are converted when they are evaluated; Flux does that when it compiles.
  "int('x') == 3": 'fails',
  "int('') == 0": 'fails',
  'int(-1.9) == -1 && int(1e30) == 1': 'fails',
  "timestamp('yesterday') < timestamp(status.since)": 'fails',
  "double('1.5') == spec.ratio && double('x') == 1.0": 'fails',
  // Not supported.
  "'%s is %d'.format(['x', 3]) == 'x is 3'": 'invalid',
  "{'a': 1} == {'a': 1.0}": 'invalid',
  "(status.replicas == 3 ? 'a' : 1) == 'a'": 'invalid',
  "optional.of('Running') == status.?phase": 'invalid',
};

const RECORDED = JSON.parse(
  readFileSync(new URL('../../fixtures/health/cel-cases.json', import.meta.url), 'utf8'),
) as Readonly<{ object: KubeObject; health: Recorded[]; ready: Recorded[] }>;

for (const { expression, want } of RECORDED.health) {
  const wanted = DIFFERENCES[expression] ?? want;
  test(`over an object, ${JSON.stringify(expression)} ${describe(wanted)}`, () => {
    const outcome = outcomeOf(() => {
      const compiled = compileBoolean(expression, { field: 'spec.field', mayBeDynamic: true });
      return () => compiled.evaluate(RECORDED.object);
    });

    assert.equal(outcome, wanted);
  });
}

for (const { expression, want } of RECORDED.ready) {
  test(`over self and dep, ${JSON.stringify(expression)} ${describe(want)}`, () => {
    const outcome = outcomeOf(() => {
      const isReady = compileReadyExpression(expression, 'spec.field');
      return () => isReady({ self: RECORDED.object, dep: RECORDED.object });
    });

    assert.equal(outcome, want);
  });
}

test('every listed difference is one, and is about a recorded expression', () => {
  const recorded = new Map(RECORDED.health.map(({ expression, want }) => [expression, want]));

  for (const [expression, want] of Object.entries(DIFFERENCES)) {
    assert.ok(recorded.has(expression), expression);
    assert.notEqual(recorded.get(expression), want, expression);
  }
});

function outcomeOf(compile: () => () => boolean): Outcome {
  let evaluate: () => boolean;
  try {
    evaluate = compile();
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'CEL_INVALID');
    return 'invalid';
  }
  try {
    return evaluate();
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'CEL_FAILED');
    return 'fails';
  }
}

function describe(outcome: Outcome): string {
  if (outcome === 'invalid') return 'is refused';
  return outcome === 'fails' ? 'fails' : `is ${outcome}`;
}
