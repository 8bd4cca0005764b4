import type { PushOpening, PushOutcome, PushRecord, PushStep, Unmatched } from './push-record.ts';

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

/** Reads a record from its hash and its list of steps; undefined if there is none, or it is no longer kept. Pure. */
export function parsePushRecord({ id, fields, steps }: StoredRecord): PushRecord | undefined {
  if (fields.opening === undefined) return undefined;
  const opening = JSON.parse(fields.opening) as PushOpening;
  const matches: Matches = fields.matches ? JSON.parse(fields.matches) : { matched: [], unmatched: [] };
  const outcomes = Object.entries(fields)
    .filter(([field]) => field.startsWith(OUTCOME))
    .map(([field, value]) => [field.slice(OUTCOME.length), JSON.parse(value) as PushOutcome]);
  return {
    id,
    ...opening,
    deliveries: Number(fields.deliveries),
    steps: steps.map((step) => JSON.parse(step) as PushStep),
    ...matches,
    outcomes: Object.fromEntries(outcomes),
    ...(fields.reason === undefined ? {} : { reason: fields.reason }),
  };
}
