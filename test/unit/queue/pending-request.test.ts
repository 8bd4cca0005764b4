import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PendingRequest, parsePendingRequest } from '../../../src/queue/pending-request.ts';

const HINT = { ref: 'refs/heads/main', before: 'a', after: 'b', deliveryId: 'd1', firstSeen: true, heardAt: 1 };
const NOTHING = {
  wanted: 0,
  done: 0,
  hints: [],
  revision: undefined,
  cursor: undefined,
  causes: [],
  pushIds: [],
  triggers: [],
};

interface Case {
  readonly name: string;
  readonly given: Readonly<Record<string, string>>;
  readonly want: PendingRequest;
}

const CASES: readonly Case[] = [
  { name: 'Nothing in Redis is nothing asked', given: {}, want: NOTHING },
  {
    name: 'Numbers of microseconds are read without loss',
    given: { wanted: '1788888888888889', done: '1788888888888888' },
    want: { ...NOTHING, wanted: 1_788_888_888_888_889, done: 1_788_888_888_888_888 },
  },
  {
    name: 'Causes, pushes and hints come in the order in which they were asked',
    given: {
      wanted: '12',
      'cause:webhook': '12',
      'cause:poll': '9',
      'push:b': '12',
      'push:a': '9',
      'hint:d2': `12|${JSON.stringify({ ...HINT, deliveryId: 'd2' })}`,
      'hint:d1': `9|${JSON.stringify(HINT)}`,
      revision: 'main@sha1:b',
      cursor: 'a cursor',
    },
    want: {
      wanted: 12,
      done: 0,
      hints: [HINT, { ...HINT, deliveryId: 'd2' }],
      revision: 'main@sha1:b',
      cursor: 'a cursor',
      causes: ['poll', 'webhook'],
      pushIds: ['a', 'b'],
      triggers: [],
    },
  },
  {
    name: 'A hint that cannot be read is dropped, the request stays',
    given: { wanted: '3', 'hint:d1': '3|{broken', 'hint:d2': '2' },
    want: { ...NOTHING, wanted: 3 },
  },
];

for (const { name, given, want } of CASES) {
  test(name, () => {
    assert.deepEqual(parsePendingRequest(given), want);
  });
}
