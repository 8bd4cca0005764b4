import assert from 'node:assert/strict';
import { test } from 'node:test';
import { computeDeliveryId } from '../../../src/queue/delivery.ts';

const GIVEN = { provider: 'github', route: '/webhooks/github', hookId: '7', deliveryId: 'e1b0' } as const;

const CASES = [
  { name: 'the same delivery again', given: { ...GIVEN }, isSame: true },
  { name: 'another delivery', given: { ...GIVEN, deliveryId: 'e1b1' }, isSame: false },
  { name: 'another hook', given: { ...GIVEN, hookId: '8' }, isSame: false },
  { name: 'another route', given: { ...GIVEN, route: '/hook/abc' }, isSame: false },
  { name: 'another provider', given: { ...GIVEN, provider: 'gitlab' }, isSame: false },
  {
    name: 'parts that only together read the same',
    given: { ...GIVEN, hookId: '', deliveryId: '7e1b0' },
    isSame: false,
  },
] as const;

for (const { name, given, isSame } of CASES) {
  test(`The id of ${name} is ${isSame ? 'the same' : 'another'}, and one that BullMQ takes`, () => {
    const id = computeDeliveryId(given);

    assert.equal(id === computeDeliveryId(GIVEN), isSame);
    assert.match(id, /^(github|gitlab)-[0-9a-f]{64}$/);
  });
}
