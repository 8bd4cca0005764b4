import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyDelta, readDeltaHeader } from '../../../src/git/apply-delta.ts';
import { makeDelta } from '../../support/make-pack.ts';

const base = Buffer.from('0123456789');

const CASES = [
  { name: 'an insert', delta: makeDelta(10, ['abc']), want: 'abc' },
  { name: 'a copy', delta: makeDelta(10, [{ from: 3, size: 4 }]), want: '3456' },
  {
    name: 'both, out of order',
    delta: makeDelta(10, [{ from: 8, size: 2 }, '-', { from: 0, size: 2 }]),
    want: '89-01',
  },
  { name: 'nothing', delta: makeDelta(10, []), want: '' },
  { name: 'an insert of the longest length', delta: makeDelta(10, ['x'.repeat(127)]), want: 'x'.repeat(127) },
];

const BROKEN = [
  { name: 'a base of another size', delta: makeDelta(11, ['abc']) },
  { name: 'a copy beyond the base', delta: makeDelta(10, [{ from: 8, size: 3 }]) },
  { name: 'a copy from far beyond the base', delta: makeDelta(10, [{ from: 0xffffffff, size: 1 }]) },
  { name: 'a result longer than declared', delta: makeDelta(10, ['abc'], 2) },
  { name: 'a result shorter than declared', delta: makeDelta(10, ['abc'], 4) },
  { name: 'an insert cut short', delta: Buffer.from([10, 5, 5, 0x61]) },
  { name: 'a copy cut short', delta: Buffer.from([10, 5, 0xff, 0x01]) },
  { name: 'the reserved instruction', delta: Buffer.from([10, 1, 0]) },
  { name: 'a size without end', delta: Buffer.alloc(20, 0xff) },
  { name: 'nothing at all', delta: Buffer.alloc(0) },
];

for (const { name, delta, want } of CASES) {
  test(`a delta is applied: ${name}`, () => {
    assert.equal(applyDelta(base, delta).toString(), want);
  });
}

for (const { name, delta } of BROKEN) {
  test(`a delta is refused: ${name}`, () => {
    assert.throws(() => applyDelta(base, delta), { code: 'GIT_RESPONSE_INVALID' });
  });
}

test('a copy of size zero copies 65,536 bytes', () => {
  const large = Buffer.alloc(70_000, 'a');

  const result = applyDelta(large, Buffer.from([0xf0, 0xa2, 0x04, 0x80, 0x80, 0x04, 0x80]));

  assert.equal(result.length, 65_536);
});

test("a delta's sizes are known before anything is allocated", () => {
  const header = readDeltaHeader(makeDelta(10, ['abc'], 2 ** 40));

  assert.deepEqual([header.baseBytes, header.resultBytes], [10, 2 ** 40]);
});
