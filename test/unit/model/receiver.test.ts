import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../../src/errors/secret.ts';
import { type Receiver, receiverIntervalOf, toWebhookPath } from '../../../src/model/receiver.ts';

// The digest is `printf 'abc''app''default' | sha256sum`.
const PATHS = [
  {
    name: 'the token, the name and the namespace',
    given: { token: 'abc', name: 'app', namespace: 'default' },
    want: '/hook/97abfd30b3732644631f507acea63c8b1155f2b172ecbb3da4ec329c427fb9c1',
  },
];

for (const { name, given, want } of PATHS) {
  test(`the path of a Receiver is the SHA-256 of ${name}, one after the other`, () => {
    assert.equal(toWebhookPath(new Secret(given.token), given), want);
  });
}

const INTERVALS = [
  { given: undefined, want: 600_000 },
  { given: '1h', want: 3_600_000 },
];

for (const { given, want } of INTERVALS) {
  test(`a Receiver with the interval ${given} is read every ${want} ms`, () => {
    assert.equal(receiverIntervalOf({ spec: { interval: given } } as Receiver), want);
  });
}
