import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emitJson } from '../../../src/decryption/emit-json.ts';
import { parseOrderedJson } from '../../../src/decryption/parse-ordered-json.ts';

test('keys keep their order, integers their digits', () => {
  const text =
    '{\n\t"b": 1,\n\t"10": 9007199254740993,\n\t"a": [],\n\t"2": {},\n\t"c": [\n\t\tnull,\n\t\t-1.5\n\t]\n}\n';

  assert.equal(emitJson(parseOrderedJson(text)), text);
});

const INVALID = [
  '',
  '{',
  '[1,]',
  '{"a" 1}',
  '{"a":1}}',
  '{1:2}',
  '{"a":01}',
  '"\\x"',
  '"\n"',
  'nul',
  '1 2',
  '}',
  '[}',
  '{"a":}',
];

for (const text of INVALID) {
  test(`refuses what is not JSON: ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseOrderedJson(text), { message: 'it is not valid JSON' });
  });
}

test('refuses what is nested too deeply', () => {
  assert.throws(() => parseOrderedJson('['.repeat(100_000)), { message: /nested more than 100 levels/ });
});
