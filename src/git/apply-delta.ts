import { HawserError } from '../errors/hawser-error.ts';

/** What a delta's header declares, and where its instructions start. */
export interface DeltaHeader {
  readonly baseBytes: number;
  readonly resultBytes: number;
  readonly start: number;
}

/** Reads a delta's two sizes, so that they can be checked before anything is allocated. */
export function readDeltaHeader(delta: Buffer): DeltaHeader {
  const base = readSize(delta, 0);
  const result = readSize(delta, base.end);
  return { baseBytes: base.size, resultBytes: result.size, start: result.end };
}

/** Applies a delta (copy and insert instructions, gitformat-pack) to its base; throws GIT_RESPONSE_INVALID if it lies. */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const header = readDeltaHeader(delta);
  if (header.baseBytes !== base.length) throw malformed('base has another size');
  const result = Buffer.allocUnsafe(header.resultBytes);
  let written = 0;
  let offset = header.start;
  while (offset < delta.length) {
    const step = readInstruction(delta, offset);
    const from = step.kind === 'copy' ? base : delta;
    if (step.from + step.size > from.length) throw malformed(`${step.kind} beyond its end`);
    if (written + step.size > result.length) throw malformed('longer than declared');
    from.copy(result, written, step.from, step.from + step.size);
    written += step.size;
    offset = step.end;
  }
  if (written !== result.length) throw malformed('shorter than declared');
  return result;
}

interface Instruction {
  readonly kind: 'copy' | 'insert';
  readonly from: number;
  readonly size: number;
  readonly end: number;
}

function readInstruction(delta: Buffer, offset: number): Instruction {
  const opcode = byteAt(delta, offset);
  if (opcode === 0) throw malformed('reserved instruction');
  if (opcode < 0x80) return { kind: 'insert', from: offset + 1, size: opcode, end: offset + 1 + opcode };
  let end = offset + 1;
  let from = 0;
  let size = 0;
  for (let bit = 0; bit < 7; bit++) {
    if ((opcode & (1 << bit)) === 0) continue;
    const value = byteAt(delta, end++);
    if (bit < 4) from += value * 2 ** (8 * bit);
    else size += value * 2 ** (8 * (bit - 4));
  }
  return { kind: 'copy', from, size: size === 0 ? 0x10000 : size, end };
}

function readSize(delta: Buffer, start: number): { size: number; end: number } {
  let size = 0;
  let factor = 1;
  for (let offset = start; offset < start + 7; offset++) {
    const byte = byteAt(delta, offset);
    size += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) return { size, end: offset + 1 };
  }
  throw malformed('size without end');
}

function byteAt(delta: Buffer, offset: number): number {
  const byte = delta[offset];
  if (byte === undefined) throw malformed('cut short');
  return byte;
}

function malformed(cause: string): HawserError {
  return new HawserError('GIT_RESPONSE_INVALID', `malformed delta: ${cause}`);
}
