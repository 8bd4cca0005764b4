import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf, toCanonicalJson } from '../../../src/manifest/canonical-json.ts';

const CASES: readonly { name: string; given: unknown; want: string }[] = [
  { name: 'keys are sorted at every depth', given: { b: 1, a: { d: [], c: {} } }, want: '{"a":{"c":{},"d":[]},"b":1}' },
  { name: 'big integers are digits', given: { a: 9007199254740993n }, want: '{"a":9007199254740993}' },
  {
    name: 'undefined fields are left out, undefined items are null',
    given: { a: undefined, b: [undefined] },
    want: '{"b":[null]}',
  },
  { name: 'text is escaped as JSON', given: { 'a"': 'ä\n' }, want: '{"a\\"":"ä\\n"}' },
  { name: 'null and false stay', given: [null, false, 0, ''], want: '[null,false,0,""]' },
];

for (const { name, given, want } of CASES) {
  test(name, () => {
    assert.equal(toCanonicalJson(given), want);
  });
}

test('any JSON survives writing and reading', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(toCanonicalJson(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('the digest ignores the order of keys and nothing else', () => {
  assert.equal(digestOf({ a: 1, b: [1, 2] }), digestOf({ b: [1, 2], a: 1 }));
  assert.notEqual(digestOf({ a: 1, b: [1, 2] }), digestOf({ a: 1, b: [2, 1] }));
  assert.match(digestOf({}), /^[0-9a-f]{64}$/);
});
