import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogGate } from '../../../src/http/create-log-gate.ts';

const CASES = [
  { name: 'lets so many pass in a period', at: [0, 1, 2, 3], want: [0, 0, undefined, undefined] },
  {
    name: 'tells after it how many were held back',
    at: [0, 1, 2, 3, 10, 11],
    want: [0, 0, undefined, undefined, 2, 0],
  },
  { name: 'holds back nothing that comes rarely', at: [0, 10, 20, 30], want: [0, 0, 0, 0] },
];

for (const { name, at, want } of CASES) {
  test(`a log gate ${name}`, () => {
    let now = 0;
    const gate = createLogGate({ mostLines: 2, periodMs: 10, now: () => now });

    const passed = at.map((time) => {
      now = time;
      return gate.pass();
    });

    assert.deepEqual(passed, want);
  });
}
