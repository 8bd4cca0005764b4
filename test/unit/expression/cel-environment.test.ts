import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileExpression } from '../../../src/expression/cel-environment.ts';

const VALUES = { status: { items: Array.from({ length: 2000 }, (_, index) => index), text: `${'a'.repeat(60)}b` } };

const RESULTS = [
  { name: 'ints become numbers', given: 'status.items[3] + 1', want: 4 },
  { name: 'an int that no number holds stays a bigint', given: '9223372036854775807', want: 9223372036854775807n },
  { name: 'lists and maps become plain data', given: "[{'a': [1, 2.5]}]", want: [{ a: [1, 2.5] }] },
  {
    name: 'the first and last of a list are optional',
    given: "['a:b/c:1'.split('/').last().value().split(':').first().value(), [].first().orValue('none')]",
    want: ['c', 'none'],
  },
  { name: 'maps of the object become plain objects', given: 'spec', want: { on: true, none: null } },
];

for (const { name, given, want } of RESULTS) {
  test(`in results, ${name}`, () => {
    const result = compileExpression(given).evaluate({ ...VALUES, spec: { on: true, none: null } });

    assert.deepEqual(result, want);
  });
}

test('the same expression over the same variables is compiled once', () => {
  const first = compileExpression("status.once == 'a'");

  assert.equal(compileExpression("status.once == 'a'"), first);
  assert.notEqual(compileExpression("status.once == 'a'", ['status']), first);
});

test('what was compiled long ago is forgotten and compiled again', () => {
  const first = compileExpression('status.forgotten');

  for (let index = 0; index < 600; index += 1) compileExpression(`status.other == ${index}`);

  assert.notEqual(compileExpression('status.forgotten'), first);
});

const ENDLESS = [
  { name: 'loops in loops', given: 'status.items.all(a, status.items.all(b, status.items.all(c, a + b + c >= 0)))' },
  { name: 'a pattern that backtracks', given: "status.text.matches('^(a+)+$')" },
  { name: 'lists that double', given: `[status.items]${'.map(x, x + x)'.repeat(60)}.size() == 1` },
  { name: 'sets that are compared one by one', given: `[${'sets.equivalent(status.many, status.many), '.repeat(50)}]` },
];

for (const { name, given } of ENDLESS) {
  test(`${name} end by the clock`, () => {
    const many = Array.from({ length: 5000 }, (_, index) => 5000 - index);

    assert.throws(() => compileExpression(given).evaluate({ status: { ...VALUES.status, many } }), {
      code: 'CEL_FAILED',
      message: /: took longer than 250 ms$/,
    });
  });
}

test('an expression that took too long is skipped once, then twice, and forgiven when it is quick', () => {
  const { evaluate } = compileExpression("status.text.matches('^(a+)+$') || true");
  const slow = () => assert.throws(() => evaluate(VALUES), { message: /took longer than 250 ms$/ });
  const skipped = () => assert.throws(() => evaluate(VALUES), { message: /took longer than 250 ms the last time$/ });

  slow();
  skipped();
  slow();
  skipped();
  skipped();

  assert.equal(evaluate({ status: { text: 'aaa' } }), true);
  slow();
  skipped();
  assert.equal(evaluate({ status: { text: 'aaa' } }), true);
});

const TOO_LONG = [
  `status.long.replace('a', status.long).size() > 0`,
  `status.long.split('').join(status.long).size() > 0`,
];

for (const given of TOO_LONG) {
  test(`${given} fails instead of building a huge text`, () => {
    const long = 'a'.repeat(100_000);

    assert.throws(() => compileExpression(given).evaluate({ status: { long } }), {
      code: 'CEL_FAILED',
      message: /text of more than 4194304 characters$/,
    });
  });
}

test('a value that is nested too deep fails the evaluation, not the process', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level += 1) deep = [deep];

  assert.throws(() => compileExpression('status.deep == 1').evaluate({ status: { deep } }), { code: 'CEL_FAILED' });
});

test('the values are left as they were', () => {
  const values = { status: { list: [1, { a: 2 }] } };

  compileExpression('status.list + [3]').evaluate(values);

  assert.deepEqual(values, { status: { list: [1, { a: 2 }] } });
});
