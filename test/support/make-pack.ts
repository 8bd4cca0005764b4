import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** An entry as it is to stand in a pack; `declaredBytes` is the lie, if there is one. */
export type PackEntrySpec = { readonly declaredBytes?: number } & (
  | { readonly type: 'commit' | 'tree' | 'blob' | 'tag'; readonly data: Buffer | string }
  | { readonly baseIndex: number; readonly delta: Buffer }
  | { readonly baseId: string; readonly delta: Buffer }
);

const CODES = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;

/** Writes a pack byte by byte, honest or not; the checksum is always right. */
export function makePack(entries: readonly PackEntrySpec[], declaredCount = entries.length): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(declaredCount, 8);
  const parts: Buffer[] = [header];
  const offsets: number[] = [];
  let offset = header.length;
  for (const entry of entries) {
    offsets.push(offset);
    const encoded = encodeEntry(entry, offset, offsets);
    parts.push(encoded);
    offset += encoded.length;
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** A delta of inserts and copies. */
export function makeDelta(
  baseBytes: number,
  steps: readonly (string | { readonly from: number; readonly size: number })[],
  declaredBytes?: number,
): Buffer {
  const resultBytes = steps.reduce((sum, step) => sum + (typeof step === 'string' ? step.length : step.size), 0);
  const body = steps.map((step) =>
    typeof step === 'string' ? Buffer.from([step.length, ...Buffer.from(step)]) : encodeCopy(step.from, step.size),
  );
  return Buffer.concat([varint(baseBytes), varint(declaredBytes ?? resultBytes), ...body]);
}

function encodeEntry(entry: PackEntrySpec, offset: number, offsets: readonly number[]): Buffer {
  if ('type' in entry) {
    const data = Buffer.from(entry.data);
    return Buffer.concat([entryHeader(CODES[entry.type], entry.declaredBytes ?? data.length), deflateSync(data)]);
  }
  const size = entry.declaredBytes ?? entry.delta.length;
  const base =
    'baseId' in entry ? Buffer.from(entry.baseId, 'hex') : distance(offset - (offsets[entry.baseIndex] ?? 0));
  return Buffer.concat([entryHeader('baseId' in entry ? 7 : 6, size), base, deflateSync(entry.delta)]);
}

function entryHeader(code: number, size: number): Buffer {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  bytes.push((code << 4) | (size % 16) | (rest > 0 ? 0x80 : 0));
  while (rest > 0) {
    const next = Math.floor(rest / 128);
    bytes.push((rest % 128) | (next > 0 ? 0x80 : 0));
    rest = next;
  }
  return Buffer.from(bytes);
}

function distance(value: number): Buffer {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--;
    bytes.unshift(0x80 | (rest % 128));
  }
  return Buffer.from(bytes);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const next = Math.floor(rest / 128);
    bytes.push((rest % 128) | (next > 0 ? 0x80 : 0));
    rest = next;
  } while (rest > 0);
  return Buffer.from(bytes);
}

function encodeCopy(from: number, size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = 0xff;
  bytes.writeUInt32LE(from, 1);
  bytes.writeUIntLE(size, 5, 3);
  return bytes;
}
