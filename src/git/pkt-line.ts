import { HawserError } from '../errors/hawser-error.ts';

/** One pkt-line: content, or one of protocol v2's three marks. */
export type Packet =
  | { readonly kind: 'data'; readonly data: Buffer }
  | { readonly kind: 'flush' | 'delimiter' | 'end' };

const MARKS = ['flush', 'delimiter', 'end'] as const;
const MAX_CONTENT_BYTES = 65_516;
/** Of one answer. They are read in one go, and servers fill theirs: a pack of the largest size has 4,000. */
const MOST_PACKETS = 1_000_000;

export const FLUSH = '0000';
export const DELIMITER = '0001';

/** Encodes a line as a pkt-line, the line feed that git expects included. */
export function encodePacket(line: string): string {
  const length = Buffer.byteLength(line) + 1;
  if (length > MAX_CONTENT_BYTES) throw new RangeError(`a pkt-line holds at most ${MAX_CONTENT_BYTES} bytes`);
  return `${(length + 4).toString(16).padStart(4, '0')}${line}\n`;
}

/**
 * Reads the pkt-lines of a buffer one by one. Throws GIT_RESPONSE_INVALID where it is cut or malformed, and
 * GIT_LIMIT_EXCEEDED for more than a million.
 */
export function* readPackets(buffer: Buffer, start = 0): Generator<Packet & { readonly end: number }> {
  let offset = start;
  for (let count = 0; offset < buffer.length; count++) {
    if (count === MOST_PACKETS)
      throw new HawserError('GIT_LIMIT_EXCEEDED', `an answer of more than ${count} pkt-lines`);
    const length = readLength(buffer, offset);
    const mark = MARKS[length];
    const end = mark ? offset + 4 : offset + length;
    if (length === 3 || end > buffer.length) throw malformed(`pkt-line cut short at byte ${offset}`);
    yield mark ? { kind: mark, end } : { kind: 'data', data: buffer.subarray(offset + 4, end), end };
    offset = end;
  }
}

/** A packet's text without its line feed. */
export function textOf(data: Buffer): string {
  const end = data.at(-1) === 0x0a ? data.length - 1 : data.length;
  return data.toString('utf8', 0, end);
}

/**
 * Finds where the first flush ends in bytes that come chunk by chunk, without looking at any byte twice: told a chunk, it
 * answers the offset from the very start, or undefined while it did not come. Throws GIT_RESPONSE_INVALID for what are
 * no pkt-lines.
 */
export function createFlushFinder(): (chunk: Buffer) => number | undefined {
  let received = 0;
  let at = 0;
  let digits = '';
  return (chunk) => {
    const start = received;
    received += chunk.length;
    while (at < received) {
      const piece = chunk.toString('latin1', at - start, at - start + 4 - digits.length);
      digits += piece;
      at += piece.length;
      if (digits.length < 4) return undefined;
      const length = toLength(digits, at - 4);
      digits = '';
      if (length === 0) return at;
      at += Math.max(length, 4) - 4;
    }
    return undefined;
  };
}

function readLength(buffer: Buffer, offset: number): number {
  return toLength(buffer.toString('latin1', offset, offset + 4), offset);
}

function toLength(digits: string, offset: number): number {
  if (!/^[0-9a-f]{4}$/i.test(digits)) throw malformed(`no pkt-line at byte ${offset}`);
  return Number.parseInt(digits, 16);
}

function malformed(cause: string): HawserError {
  return new HawserError('GIT_RESPONSE_INVALID', `malformed answer: ${cause}`);
}
