import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toDeliveryId } from '../../../src/webhook/delivery-id.ts';

const ORIGIN = { provider: 'github', route: '/webhooks/github', hookId: '1', deliveryId: 'd1' } as const;

const CASES = [
  { name: 'a redelivery has the same id', other: { ...ORIGIN }, same: true },
  { name: 'another delivery has another id', other: { ...ORIGIN, deliveryId: 'd2' }, same: false },
  { name: 'another webhook has another id', other: { ...ORIGIN, hookId: '2' }, same: false },
  { name: 'another route has another id', other: { ...ORIGIN, route: '/hook/abc' }, same: false },
  { name: 'another provider has another id', other: { ...ORIGIN, provider: 'gitlab' as const }, same: false },
  {
    name: 'one of several refs of a delivery has another id',
    other: { ...ORIGIN, ref: 'refs/heads/main' },
    same: false,
  },
  { name: 'parts do not run into each other', other: { ...ORIGIN, hookId: '', deliveryId: '1d1' }, same: false },
];

for (const { name, other, same } of CASES) {
  test(`delivery ids: ${name}, and are of a form that BullMQ takes`, () => {
    const id = toDeliveryId(other);

    assert.equal(id === toDeliveryId(ORIGIN), same);
    assert.match(id, /^(github|gitlab)-[0-9a-f]{64}$/);
  });
}

test('a delivery id is safe in keys and URLs whatever the header held', () => {
  assert.match(toDeliveryId({ ...ORIGIN, deliveryId: 'a:b}{/../\u0000' }), /^github-[0-9a-f]{64}$/);
});
