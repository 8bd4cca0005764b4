import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecretKeeper } from '../../../src/decryption/secret-values.ts';
import { isWorthHiding, redact } from '../../../src/errors/redact.ts';
import { openWith, readRecipient } from '../../support/decryption-fixtures.ts';
import { makeSops } from '../../support/make-sops.ts';

const HIDDEN = [
  { text: 'Tr0ub4dor&3', want: true },
  { text: 'correct horse battery', want: true },
  { text: '3f9a0c77b1e24d', want: true },
  { text: 'cGFzc3dvcmQ=', want: true },
  { text: 'postgres://app:hunter22@db/app', want: true },
  { text: 'short', want: false },
  { text: 'postgres', want: false },
  { text: 'us-east-1', want: false },
  { text: 'db-0.prod.svc', want: false },
  { text: 'https://git.example.com/acme/app', want: false },
  { text: '10.96.0.1', want: false },
  { text: 'x'.repeat(5_000), want: false },
];

for (const { text, want } of HIDDEN) {
  test(`${text.slice(0, 40)} is ${want ? '' : 'not '}hidden from messages`, () => {
    assert.equal(isWorthHiding(text), want);
  });
}

test('decrypted values are redacted from then on', async () => {
  const head = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } };
  const value = 'aPassword-nobody-else-has';
  const secret = await makeSops({ stringData: { a: value } }, { age: [readRecipient('age.agekey')] });

  await openWith('age.agekey').decryptObject({ ...head, ...secret });

  assert.equal(redact(`value ${value} is wrong`), 'value [redacted] is wrong');
});

test('one keeper remembers a bounded number of values', () => {
  const keep = createSecretKeeper();
  for (let index = 0; index < 600; index += 1) {
    keep({ type: 'str', text: `Bounded ${index} value`, bytes: Buffer.alloc(0) });
  }

  assert.equal(redact('Bounded 499 value'), '[redacted]');
  assert.equal(redact('Bounded 500 value'), 'Bounded 500 value');
});
