import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlushFinder, DELIMITER, encodePacket, FLUSH, readPackets, textOf } from '../../../src/git/pkt-line.ts';

const CASES = [
  { name: 'nothing', given: '', want: [] },
  { name: 'a line and a flush', given: '0006a\n0000', want: ['a', 'flush'] },
  { name: 'a line without line feed', given: '0005a', want: ['a'] },
  { name: 'an empty line', given: '0004', want: [''] },
  { name: 'the three marks', given: '000000010002', want: ['flush', 'delimiter', 'end'] },
  { name: 'upper-case lengths', given: '000Ahello\n', want: ['hello'] },
];

const BROKEN = [
  { name: 'a length that is no number', given: 'zzzz' },
  { name: 'a length that is too short to be one', given: '0003' },
  { name: 'a line cut short', given: '000ahel' },
  { name: 'a length cut short', given: '00' },
  { name: 'a page instead of an answer', given: '<html></html>' },
];

for (const { name, given, want } of CASES) {
  test(`pkt-lines are read: ${name}`, () => {
    const packets = [...readPackets(Buffer.from(given))];

    assert.deepEqual(
      packets.map((packet) => (packet.kind === 'data' ? textOf(packet.data) : packet.kind)),
      want,
    );
  });
}

for (const { name, given } of BROKEN) {
  test(`pkt-lines are refused: ${name}`, () => {
    assert.throws(() => [...readPackets(Buffer.from(given))], { code: 'GIT_RESPONSE_INVALID' });
  });
}

test('a line is encoded with its length in bytes, not characters', () => {
  assert.equal(encodePacket('ref-prefix refs/heads/ä'), '001dref-prefix refs/heads/ä\n');
});

test('a line too long for a pkt-line is refused', () => {
  assert.throws(() => encodePacket('x'.repeat(65_516)), RangeError);
});

test('the first flush is found however the bytes are cut, and no byte is looked at twice', () => {
  const bytes = Buffer.from(`${encodePacket('version 2')}${DELIMITER}${encodePacket('x'.repeat(100))}${FLUSH}rest`);

  for (let size = 1; size <= bytes.length; size++) {
    const find = createFlushFinder();
    let found: number | undefined;
    for (let at = 0; at < bytes.length && found === undefined; at += size) found = find(bytes.subarray(at, at + size));
    assert.equal(found, bytes.length - 4, `in chunks of ${size}`);
  }
});

test('an introduction that never ends is read once, whatever its length', () => {
  const find = createFlushFinder();
  const chunk = Buffer.from(encodePacket('x'.repeat(995)));
  const reads = Array.from({ length: 100_000 }, () => find(chunk));

  assert.ok(reads.every((found) => found === undefined));
  assert.throws(() => find(Buffer.from('none')), { code: 'GIT_RESPONSE_INVALID' });
});

test('an answer cut into more than a million pkt-lines is refused', () => {
  const million = Buffer.from('0004'.repeat(1_000_000));
  let count = 0;

  for (const _ of readPackets(million)) count++;

  assert.equal(count, 1_000_000);
  const readAll = () => {
    for (const _ of readPackets(Buffer.concat([million, Buffer.from('0004')]))) count++;
  };
  assert.throws(readAll, { code: 'GIT_LIMIT_EXCEEDED', message: /more than 1000000 pkt-lines/ });
});
