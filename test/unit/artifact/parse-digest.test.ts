import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDigest } from '../../../src/artifact/parse-digest.ts';

const SHA256 = 'ab'.repeat(32);

const READ = [
  { text: `sha256:${SHA256}`, want: { algorithm: 'sha256', hex: SHA256 } },
  { text: SHA256, want: { algorithm: 'sha256', hex: SHA256 } },
  { text: `sha384:${'0'.repeat(96)}`, want: { algorithm: 'sha384', hex: '0'.repeat(96) } },
  { text: `sha512:${'f'.repeat(128)}`, want: { algorithm: 'sha512', hex: 'f'.repeat(128) } },
];

for (const { text, want } of READ) {
  test(`${text.slice(0, 12)}… is a digest`, () => {
    assert.deepEqual(parseDigest(text), want);
  });
}

const REFUSED = [
  { text: '', want: /names no digest/ },
  { text: `blake3:${SHA256}`, want: /not supported; publish it with sha256, sha384, sha512/ },
  { text: `md5:${'0'.repeat(32)}`, want: /not supported/ },
  { text: `toString:${SHA256}`, want: /not supported/ },
  { text: `:${SHA256}`, want: /not supported/ },
  { text: `sha256:${SHA256.toUpperCase()}`, want: /malformed/ },
  { text: `sha256:${SHA256}0`, want: /malformed/ },
  { text: `sha256:${SHA256}:${SHA256}`, want: /malformed/ },
  { text: `sha512:${SHA256}`, want: /malformed/ },
  { text: 'sha256:', want: /malformed/ },
  { text: `sha256:${SHA256.slice(1)}\n`, want: /malformed/ },
];

for (const { text, want } of REFUSED) {
  test(`${JSON.stringify(text.slice(0, 20))} is no digest that can be verified`, () => {
    assert.throws(() => parseDigest(text), { code: 'ARTIFACT_INVALID', message: want });
  });
}
