import { parseRevision } from '../model/revision.ts';
import type { PushOutcome, PushPin, PushRecord } from './push-record.ts';

/** How a push ended, in one word. */
export const VERDICTS = [
  'deployed',
  'unchanged',
  'failed',
  'mismatch',
  'superseded',
  'unconfirmed',
  'suspended',
  'gone',
  'ignored',
] as const;
export type VerdictKind = (typeof VERDICTS)[number];

/** What became of a push: for a trigger, of the revision that the remote named when it was asked. */
export interface Verdict {
  readonly verdict: VerdictKind;
  /** True if what was asked for stands in the cluster. */
  readonly ok: boolean;
  readonly revision?: string | undefined;
  readonly message: string;
}

type Judged = Pick<PushRecord, 'matched' | 'outcomes' | 'pins' | 'reason'>;

/** What ends a push for one object, and by which word; everything else is on its way. */
const ENDS: Readonly<Record<string, VerdictKind>> = {
  done: 'deployed',
  unchanged: 'unchanged',
  failed: 'failed',
  mismatch: 'mismatch',
  superseded: 'superseded',
  stale: 'superseded',
  unconfirmed: 'unconfirmed',
  suspended: 'suspended',
  gone: 'gone',
  ignored: 'ignored',
};

/** Of several, the one that most needs somebody's attention counts. */
const GRAVEST_FIRST: readonly VerdictKind[] = [
  'failed',
  'mismatch',
  'superseded',
  'unconfirmed',
  'gone',
  'suspended',
  'deployed',
  'unchanged',
  'ignored',
];

interface Part {
  readonly kind: VerdictKind;
  readonly object: string;
  readonly revision?: string | undefined;
  readonly message?: string | undefined;
}

/** The verdict on a push; undefined while any of its objects is on its way. Pure. */
export function judgePush(record: Judged): Verdict | undefined {
  if (record.matched.length === 0) {
    return record.reason === undefined ? undefined : { verdict: 'ignored', ok: false, message: record.reason };
  }
  const parts: Part[] = [];
  for (const source of record.matched) {
    const found = judgeSource(source, record);
    if (!found) return undefined;
    parts.push(...found);
  }
  const verdict = GRAVEST_FIRST.find((kind) => parts.some((part) => part.kind === kind)) ?? 'unchanged';
  const telling = parts.filter(({ kind }) => kind === verdict);
  const revision = revisionOf(record);
  return {
    verdict,
    ok: verdict === 'deployed' || verdict === 'unchanged',
    ...(revision === undefined ? {} : { revision }),
    message: describe(verdict, telling),
  };
}

function revisionOf({ pins, matched }: Judged): string | undefined {
  return matched.map((source) => pins[source]?.revision).find((revision) => revision !== undefined);
}

function judgeSource(source: string, { outcomes, pins }: Judged): Part[] | undefined {
  const pin = pins[source];
  const own = outcomes[source];
  const end = own && ENDS[own.kind];
  // One that was found has a pin, also if a later hook only repeated what was known.
  const isFound = end === undefined || end === 'deployed' || (end === 'unchanged' && pin !== undefined);
  if (own && !isFound) return [toPart(source, own, end)];
  if (!pin) return undefined;
  if (pin.asked.length === 0)
    return [{ kind: pin.isNew ? 'deployed' : 'unchanged', object: source, message: 'nothing to deploy' }];
  const parts = pin.asked.map((object) => judgeAsked(object, outcomes[object], pin));
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function judgeAsked(object: string, outcome: PushOutcome | undefined, pin: PushPin): Part | undefined {
  if (!outcome) return undefined;
  if (isOther(outcome.revision, pin.revision)) {
    return { kind: 'superseded', object, message: `superseded by ${outcome.revision}` };
  }
  const kind = ENDS[outcome.kind];
  if (!kind) return undefined;
  return toPart(object, outcome, kind === 'deployed' && !pin.isNew ? 'unchanged' : kind);
}

/** A sync that served a newer revision says nothing about the one that was asked for. */
function isOther(served: string | undefined, pinned: string | undefined): boolean {
  if (!served || pinned === undefined || served === pinned) return false;
  return (parseRevision(served)?.sha ?? served) !== (parseRevision(pinned)?.sha ?? pinned);
}

function toPart(object: string, { message, revision }: PushOutcome, kind: VerdictKind = 'failed'): Part {
  return { kind, object, message, revision };
}

const MOST_TOLD = 5;

function describe(verdict: VerdictKind, parts: readonly Part[]): string {
  const told = parts
    .slice(0, MOST_TOLD)
    .map(({ object, message }) => (message ? `${object}: ${message}` : `${object}: ${verdict}`));
  const more = parts.length - told.length;
  return more > 0 ? `${told.join('; ')}; and ${more} more` : told.join('; ');
}
