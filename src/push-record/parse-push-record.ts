import type { PushOpening, PushOutcome, PushPin, PushRecord, PushStep, Unmatched } from './push-record.ts';

interface StoredRecord {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly steps: readonly string[];
}

interface Matches {
  readonly matched: readonly string[];
  readonly unmatched: readonly Unmatched[];
}

const OUTCOME = 'outcome:';
const PIN = 'pin:';

/** Reads a record from its hash and its list of steps; undefined if there is none, or it is no longer kept. Pure. */
export function parsePushRecord({ id, fields, steps }: StoredRecord): PushRecord | undefined {
  if (fields.opening === undefined) return undefined;
  const opening = JSON.parse(fields.opening) as PushOpening;
  const matches: Matches = fields.matches ? JSON.parse(fields.matches) : { matched: [], unmatched: [] };
  return {
    id,
    ...opening,
    deliveries: Number(fields.deliveries),
    stepsDropped: Math.max(Number(fields.stepCount ?? 0) - steps.length, 0),
    steps: steps.map((step) => JSON.parse(step) as PushStep),
    ...matches,
    pins: fieldsOf<PushPin>(fields, PIN),
    outcomes: fieldsOf<PushOutcome>(fields, OUTCOME),
    ...(fields.reason === undefined ? {} : { reason: fields.reason }),
  };
}

/** The fields of one kind, by the object they are about. */
function fieldsOf<T>(fields: StoredRecord['fields'], start: string): Record<string, T> {
  const found = Object.entries(fields).filter(([field]) => field.startsWith(start));
  return Object.fromEntries(found.map(([field, value]) => [field.slice(start.length), JSON.parse(value) as T]));
}
