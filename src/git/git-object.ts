import { createHash } from 'node:crypto';

export const OBJECT_TYPES = ['commit', 'tree', 'blob', 'tag'] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];

/** One object as git hashes it: its content without the header, under the id computed from both. */
export interface GitObject {
  readonly id: string;
  readonly type: ObjectType;
  readonly data: Buffer;
}

/** The id that git gives to this content (40 hex digits). */
export function computeObjectId(type: ObjectType, data: Buffer): string {
  return createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex');
}
