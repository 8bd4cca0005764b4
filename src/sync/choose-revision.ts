import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { keyOf } from '../model/object-key.ts';
import { formatRevision, parseRevision } from '../model/revision.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { SyncDeps } from './deps.ts';
import type { SyncOutcome } from './outcome.ts';
import { parseCursor, publishedTip, type SourceCursor } from './source-cursor.ts';
import { uidOf } from './source-memory.ts';
import type { Tip } from './tip.ts';
import { demandsTag } from './verify-source.ts';

export type Unsettled = Extract<SyncOutcome, { readonly kind: 'unsettled' }>;

/** Which tip of its source a Kustomization is to have; without one there is none yet. */
export type Choice = { readonly kind: 'use'; readonly tip: Tip | undefined } | Unsettled;

type Asked = Pick<SyncRun, 'pending' | 'refresh'>;

/** A source that has looked asks for its Kustomizations itself; this is how long until one looks for itself. */
const SOURCE_FIRST_MS = 5_000;

/**
 * Chooses what the source's cursor says, whichever process has moved it (ADR 0019). Where Redis has none, what the source
 * has published is as good, unless the Kustomization has come to something else: then the source is asked to look first.
 */
export async function chooseRevision(
  deps: Pick<SyncDeps, 'queues'>,
  { kustomization, source }: { kustomization: Kustomization; source: GitRepository },
  run: Asked,
): Promise<Choice> {
  const key = keyOf('GitRepository', source);
  const cursor = parseCursor(await deps.queues.readCursor(key), uidOf(source));
  if (cursor) return (await isLeftToNextRun(cursor, run)) ? NEXT_RUN : { kind: 'use', tip: cursor.tip };
  const tip = publishedTip(source.status);
  const { lastAttemptedRevision, lastAppliedRevision } = kustomization.status ?? {};
  const attempted = parseRevision(lastAttemptedRevision ?? lastAppliedRevision);
  const isElsewhere = attempted !== undefined && attempted.ref === tip?.ref && attempted.sha !== tip.sha;
  // A tag's signature is that of an object which only the cursor names.
  const isUnclear = demandsTag(source) || (isElsewhere && !source.spec.suspend);
  return tip && isUnclear ? await leaveToSource(deps, source) : { kind: 'use', tip };
}

const NEXT_RUN: Unsettled = {
  kind: 'unsettled',
  afterMs: SOURCE_FIRST_MS,
  why: 'the source has just moved; the run that is asked for that deploys it',
};

/** A run that began before its source moved knows nothing of the push: the one that is asked for it is to tell of it. */
async function isLeftToNextRun({ tip, asked }: SourceCursor, { pending, refresh }: Asked): Promise<boolean> {
  const revision = formatRevision(tip);
  if (pending.revision === revision) return false;
  if (asked !== tip.sha) return true;
  const newest = await refresh();
  return newest.revision === revision && newest.wanted > pending.wanted;
}

/** Asks the source to look, because only its remote can tell what is to be used. */
async function leaveToSource(deps: Pick<SyncDeps, 'queues'>, source: GitRepository): Promise<Unsettled> {
  await deps.queues.requestSyncs([{ key: keyOf('GitRepository', source), cause: 'source' }]);
  const why = `waiting for GitRepository/${source.metadata.name}, which has yet to ask its remote`;
  return { kind: 'unsettled', afterMs: SOURCE_FIRST_MS, why };
}
