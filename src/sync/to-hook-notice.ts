import { parseRevision } from '../model/revision.ts';
import type { Cause } from '../queue/pending-request.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { HookNotice } from './note-hooks.ts';
import type { SyncOutcome } from './outcome.ts';
import type { SourceMemory } from './source-memory.ts';

/** Someone who does not rely on hooks asked: that a move was found so tells nothing about them. */
const OTHER_WAYS: ReadonlySet<Cause> = new Set(['spec', 'trigger']);

interface EndedSync {
  readonly pending: Pick<SyncRun['pending'], 'hints' | 'causes'>;
  readonly memory: Pick<SourceMemory, 'peeled' | 'polled'>;
  readonly outcome: SyncOutcome;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a sync of a source has met, as far as hooks are concerned. Pure. */
export function toHookNotice({ pending, memory, outcome, now }: EndedSync): HookNotice {
  const { causes } = pending;
  const isHooked = causes.includes('webhook');
  const hints = isHooked ? pending.hints : []; // the hint of a replay proves no webhook
  const wasFoundElse = causes.some((cause) => OTHER_WAYS.has(cause)) || (isHooked && hints.length === 0);
  return {
    now,
    hints,
    askedAt: isHooked ? now : undefined,
    tip: outcome.kind === 'done' ? namesOf(memory, outcome.revision) : [],
    polled: wasFoundElse ? undefined : memory.polled,
  };
}

function namesOf({ peeled }: Pick<SourceMemory, 'peeled'>, revision: string): string[] {
  const sha = parseRevision(revision)?.sha;
  if (sha === undefined) return [];
  return [sha, ...[...peeled].filter(([, commit]) => commit === sha).map(([object]) => object)];
}
