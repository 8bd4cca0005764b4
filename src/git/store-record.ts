import { crc32 } from 'node:zlib';
import { OBJECT_TYPES, type ObjectType } from './git-object.ts';

/** What stands before each record's content in an object file; a mark has no content. */
export interface RecordHeader {
  readonly id: string;
  readonly type: ObjectType | 'mark';
  /** Bytes of the content. */
  readonly size: number;
}

/** First bytes of an object file; another first line means another format, and the file is started over. */
export const SIGNATURE = Buffer.from('hawser objects 1\n');

/** Type (1), size (4), id (20), CRC-32 of these (4). */
export const HEADER_BYTES = 29;

const TYPES = [...OBJECT_TYPES, 'mark'] as const;
const CRC_AT = 25;

/** The bytes of one record: header and content. */
export function encodeRecord(record: Omit<RecordHeader, 'size'> & { readonly data: Buffer }): [Buffer, Buffer] {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(TYPES.indexOf(record.type), 0);
  header.writeUInt32BE(record.data.length, 1);
  header.write(record.id, 5, 'hex');
  header.writeUInt32BE(crc32(header.subarray(0, CRC_AT)), CRC_AT);
  return [header, record.data];
}

/** Reads the header at this offset; undefined if none stands there whole and unharmed. */
export function decodeRecordHeader(bytes: Buffer, offset: number): RecordHeader | undefined {
  if (offset + HEADER_BYTES > bytes.length) return undefined;
  const type = TYPES[bytes.readUInt8(offset)];
  const crc = bytes.readUInt32BE(offset + CRC_AT);
  if (!type || crc32(bytes.subarray(offset, offset + CRC_AT)) !== crc) return undefined;
  return { type, size: bytes.readUInt32BE(offset + 1), id: bytes.toString('hex', offset + 5, offset + CRC_AT) };
}
