import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitDescription } from '../../../src/commit-status/fit-description.ts';
import { Secret } from '../../../src/errors/secret.ts';

const CANARY = new Secret('canary-of-a-description');

const CASES = [
  { name: 'short text stays', given: 'deployed', want: 'deployed' },
  { name: '140 characters stay', given: 'x'.repeat(140), want: 'x'.repeat(140) },
  { name: '141 characters are cut', given: 'x'.repeat(141), want: `${'x'.repeat(139)}…` },
  { name: 'a character of two units is not split', given: '🚀'.repeat(141), want: `${'🚀'.repeat(139)}…` },
  { name: 'lines become one', given: 'a\n  b\tc\n', want: 'a b c' },
  { name: 'secrets are redacted', given: `failed: ${CANARY.reveal()}`, want: 'failed: [redacted]' },
  {
    name: 'secrets are redacted before the cut',
    given: `${'x'.repeat(130)} ${CANARY.reveal()}`,
    want: `${'x'.repeat(130)} [redacte…`,
  },
];

for (const { name, given, want } of CASES) {
  test(`descriptions: ${name}`, () => {
    assert.equal(fitDescription(given), want);
  });
}

test('no description is longer than GitHub takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      assert.ok([...fitDescription(text)].length <= 140);
    }),
  );
});
