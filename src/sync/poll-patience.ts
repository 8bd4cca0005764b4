import type { GitRepository } from '../model/git-repository.ts';
import type { Revision } from '../model/revision.ts';
import type { Cause } from '../queue/pending-request.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SourceMemory } from './source-memory.ts';
import { intervalOf } from './timing.ts';

/** Polls of one repository are due at the same moment; and a push that comes while its source waits has to wait as well. */
const LONGEST_PATIENCE_MS = 100;
const PART_OF_INTERVAL = 0.02;
const PART_OF_TIMEOUT = 0.1;

const POLLS: ReadonlySet<Cause> = new Set(['interval', 'restore']);

interface Asking {
  readonly source: GitRepository;
  readonly run: { readonly pending: Pick<SyncRun['pending'], 'causes' | 'hints'> };
  readonly memory: Pick<SourceMemory, 'failures'>;
  readonly current: Revision | undefined;
}

/**
 * How long a sync's ask may wait for those of other sources, in milliseconds: only where nobody waits for it, that is
 * for polls, and for another try after a failure. Undefined: it is urgent. Pure.
 */
export function patienceOf({ source, run, memory, current }: Asking, timeoutMs: number): number | undefined {
  const { causes, hints } = run.pending;
  const isPoll = (cause: Cause) => POLLS.has(cause) || (cause === 'retry' && memory.failures > 0);
  const isAwaited = hints.length > 0 && memory.failures === 0;
  if (current === undefined || isAwaited || causes.length === 0 || !causes.every(isPoll)) return undefined;
  return Math.min(LONGEST_PATIENCE_MS, PART_OF_INTERVAL * intervalOf(source), PART_OF_TIMEOUT * timeoutMs);
}
