import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBodyBudget } from '../../../src/http/body-budget.ts';

/** Bodies that get bytes in this order; what is evicted is given back. */
function play(maxBytes: number, steps: readonly (readonly [body: string, bytes: number | 'close'])[]): string[] {
  const budget = createBodyBudget(maxBytes);
  const evicted: string[] = [];
  const leases = new Map<string, ReturnType<typeof budget.open>>();
  for (const [body, bytes] of steps) {
    const lease = leases.get(body) ?? budget.open(() => evicted.push(body));
    leases.set(body, lease);
    if (bytes === 'close') lease.close();
    else lease.add(bytes);
  }
  return evicted;
}

const CASES: readonly { name: string; steps: Parameters<typeof play>[1]; want: string[] }[] = [
  {
    name: 'nothing goes while there is room',
    steps: [
      ['a', 5],
      ['b', 5],
    ],
    want: [],
  },
  {
    name: 'the oldest goes first, whoever asked last',
    steps: [
      ['a', 5],
      ['b', 5],
      ['c', 1],
    ],
    want: ['a'],
  },
  {
    name: 'as many go as are needed',
    steps: [
      ['a', 3],
      ['b', 5],
      ['c', 8],
    ],
    want: ['a', 'b'],
  },
  {
    name: 'a body that holds nothing is spared',
    steps: [
      ['a', 0],
      ['b', 8],
      ['c', 8],
    ],
    want: ['b'],
  },
  {
    name: 'a finished body makes room',
    steps: [
      ['a', 8],
      ['a', 'close'],
      ['b', 8],
    ],
    want: [],
  },
  {
    name: 'closing twice makes room once',
    steps: [
      ['a', 4],
      ['b', 6],
      ['a', 'close'],
      ['a', 'close'],
      ['c', 6],
    ],
    want: ['b'],
  },
  {
    name: 'an evicted body counts no more',
    steps: [
      ['a', 8],
      ['b', 8],
      ['a', 8],
      ['b', 2],
    ],
    want: ['a'],
  },
  { name: 'a body that is too large alone goes itself', steps: [['a', 11]], want: ['a'] },
];

for (const { name, steps, want } of CASES) {
  test(`unfinished bodies: ${name}`, () => {
    assert.deepEqual(play(10, steps), want);
  });
}
