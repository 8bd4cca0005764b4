import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { HawserError } from '../errors/hawser-error.ts';
import type { ObjectType } from './git-object.ts';
import type { GitLimits } from './limits.ts';

/** One entry of a pack, inflated: an object, or a delta and what it is based on. */
export type PackEntry =
  | { readonly kind: 'object'; readonly offset: number; readonly type: ObjectType; readonly data: Buffer }
  | { readonly kind: 'delta'; readonly offset: number; readonly base: number | string; readonly data: Buffer };

const TYPES: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };
const OFS_DELTA = 6;
const REF_DELTA = 7;
const HEADER_BYTES = 12;
const CHECKSUM_BYTES = 20;
const SMALLEST_CHUNK = 64;

/** Inflates every entry of a pack once, within the limits; throws GIT_RESPONSE_INVALID or GIT_LIMIT_EXCEEDED. */
export function scanPack(pack: Buffer, limits: GitLimits): PackEntry[] {
  const count = readHeader(pack, limits);
  const end = pack.length - CHECKSUM_BYTES;
  const entries: PackEntry[] = [];
  let offset = HEADER_BYTES;
  let inflated = 0;
  for (let n = 0; n < count; n++) {
    const { entry, next } = readEntry(pack.subarray(0, end), { offset, inflated }, limits);
    inflated += entry.data.length;
    entries.push(entry);
    offset = next;
  }
  if (offset !== end) throw malformed('bytes after its last object');
  return entries;
}

function readHeader(pack: Buffer, limits: GitLimits): number {
  if (pack.length < HEADER_BYTES + CHECKSUM_BYTES || pack.toString('latin1', 0, 4) !== 'PACK')
    throw malformed('no pack');
  if (pack.readUInt32BE(4) !== 2) throw malformed(`version ${pack.readUInt32BE(4)}`);
  const count = pack.readUInt32BE(8);
  if (count > limits.objectsPerPack)
    throw tooLarge(`pack holds ${count} objects, at most ${limits.objectsPerPack} are read`);
  const body = pack.subarray(0, pack.length - CHECKSUM_BYTES);
  const sum = createHash('sha1').update(body).digest();
  if (!sum.equals(pack.subarray(-CHECKSUM_BYTES))) throw malformed('checksum differs');
  return count;
}

function readEntry(
  body: Buffer,
  { offset, inflated }: { offset: number; inflated: number },
  limits: GitLimits,
): { entry: PackEntry; next: number } {
  const { code, size, end } = readEntryHeader(body, offset);
  if (size > limits.objectBytes) throw tooLarge(`object of ${size} bytes, at most ${limits.objectBytes} are read`);
  if (inflated + size > limits.packBytes) throw tooLarge(`pack inflates to more than ${limits.packBytes} bytes`);
  const type = TYPES[code];
  if (type) {
    const { data, next } = inflate(body, end, size);
    return { entry: { kind: 'object', offset, type, data }, next };
  }
  const { base, start } = readBase(body, { code, offset, end });
  const { data, next } = inflate(body, start, size);
  return { entry: { kind: 'delta', offset, base, data }, next };
}

function readEntryHeader(body: Buffer, offset: number): { code: number; size: number; end: number } {
  const first = byteAt(body, offset);
  let size = first & 0x0f;
  let factor = 16;
  let end = offset + 1;
  for (let byte = first; byte >= 0x80; end++) {
    byte = byteAt(body, end);
    size += (byte & 0x7f) * factor;
    factor *= 128;
    if (!Number.isSafeInteger(size)) throw malformed('size of an object');
  }
  return { code: (first >> 4) & 7, size, end };
}

function readBase(
  body: Buffer,
  at: { code: number; offset: number; end: number },
): { base: number | string; start: number } {
  if (at.code === REF_DELTA) {
    if (at.end + 20 > body.length) throw malformed('cut short');
    return { base: body.toString('hex', at.end, at.end + 20), start: at.end + 20 };
  }
  if (at.code !== OFS_DELTA) throw malformed(`object of type ${at.code}`);
  let start = at.end;
  let byte = byteAt(body, start++);
  let distance = byte & 0x7f;
  while (byte >= 0x80) {
    byte = byteAt(body, start++);
    distance = (distance + 1) * 128 + (byte & 0x7f);
    if (distance > at.offset) break;
  }
  if (distance <= 0 || distance > at.offset) throw malformed('delta based on nothing');
  return { base: at.offset - distance, start };
}

/** Inflates to the declared size only: what grows beyond it, or ends before it, is refused. */
function inflate(body: Buffer, start: number, size: number): { data: Buffer; next: number } {
  try {
    const { buffer, engine } = inflateSync(body.subarray(start), {
      info: true,
      maxOutputLength: Math.max(size, 1),
      chunkSize: Math.max(size, SMALLEST_CHUNK),
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    if (buffer.length !== size) throw new RangeError('other size than declared');
    return { data: buffer, next: start + engine.bytesWritten };
  } catch (error) {
    throw malformed('object cannot be inflated to its declared size', error);
  }
}

function byteAt(body: Buffer, offset: number): number {
  const byte = body[offset];
  if (byte === undefined) throw malformed('cut short');
  return byte;
}

function malformed(problem: string, cause?: unknown): HawserError {
  return new HawserError('GIT_RESPONSE_INVALID', `malformed pack: ${problem}`, { cause });
}

function tooLarge(cause: string): HawserError {
  return new HawserError('GIT_LIMIT_EXCEEDED', cause);
}
