import { z } from 'zod';
import type { ObjectKey } from '../model/object-key.ts';
import type { Hint, TriggerNote } from '../model/push.ts';

/** Why a sync was asked for; a closed set, for records and metrics. */
export type Cause =
  | 'webhook'
  | 'poll'
  | 'interval'
  | 'retry'
  | 'spec'
  | 'annotation'
  | 'source'
  | 'drift'
  | 'health'
  | 'dependency'
  | 'restore'
  | 'trigger';

/** Someone wants an object synced: "look at your own remote again", with what may help to look. */
export interface SyncRequest {
  readonly key: ObjectKey;
  readonly cause: Cause;
  readonly hint?: Hint;
  /** A revision heard of, in Flux's form; a hint as well, never a want. */
  readonly revision?: string;
  readonly pushId?: string;
  readonly trigger?: TriggerNote;
}

/** All that was asked of one key since it was last done. */
export interface PendingRequest {
  /** Rises with every request; microseconds of Redis' clock. */
  readonly wanted: number;
  /** The number that the last ended run began with; a run is due while `wanted` is ahead. */
  readonly done: number;
  /** Newest last. */
  readonly hints: readonly Hint[];
  /** The newest one heard, kept until a newer one is heard. */
  readonly revision: string | undefined;
  /** What the last run noted with `moveCursor`; undefined before the first, and after Redis was emptied. */
  readonly cursor: string | undefined;
  readonly causes: readonly Cause[];
  readonly pushIds: readonly string[];
  /** Oldest first. */
  readonly triggers: readonly TriggerNote[];
}

export const MOST_HINTS = 20;
export const MOST_PUSH_IDS = 50;

const HintSchema = z.object({
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  pushId: z.string().optional(),
  deliveryId: z.string(),
  firstSeen: z.boolean(),
  heardAt: z.number(),
}) satisfies z.ZodType<Hint>;

const TriggerSchema = z.object({
  pushId: z.string(),
  kustomization: z.string().optional(),
  expected: z
    .object({ sha: z.string(), otherwise: z.enum(['mismatch', 'superseded']), saidAt: z.number().optional() })
    .optional(),
}) satisfies z.ZodType<TriggerNote>;

/** Reads the hash of a key in Redis; unreadable hints and triggers are dropped. Pure. */
export function parsePendingRequest(fields: Readonly<Record<string, string>>): PendingRequest {
  return {
    wanted: Number(fields.wanted ?? 0),
    done: Number(fields.done ?? 0),
    hints: itemsOf(fields, 'hint:').flatMap(({ value }) => parseNote(HintSchema, value)),
    revision: fields.revision,
    cursor: fields.cursor,
    causes: itemsOf(fields, 'cause:').map(({ name }) => name as Cause),
    pushIds: itemsOf(fields, 'push:').map(({ name }) => name),
    triggers: itemsOf(fields, 'trigger:').flatMap(({ value }) => parseNote(TriggerSchema, value)),
  };
}

/** The fields of one kind, oldest first: each value starts with the number under which it was asked. */
function itemsOf(fields: Readonly<Record<string, string>>, start: string): { name: string; value: string }[] {
  return Object.entries(fields)
    .filter(([field]) => field.startsWith(start))
    .map(([field, value]) => ({ name: field.slice(start.length), value }))
    .sort((a, b) => Number.parseInt(a.value, 10) - Number.parseInt(b.value, 10));
}

function parseNote<T>(schema: z.ZodType<T>, value: string): T[] {
  try {
    return [schema.parse(JSON.parse(value.slice(value.indexOf('|') + 1)))];
  } catch {
    // Only a note: without it the remote is asked all the same.
    return [];
  }
}
