import { formatKey, type ObjectKey, parseKey } from '../model/object-key.ts';
import type { Hint, Provider, TriggerNote } from '../model/push.ts';
import { isZeroSha } from '../model/revision.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { PushRecord } from '../push-record/push-record.ts';
import type { SyncRequest } from '../queue/pending-request.ts';
import { matchPush, type PushMatch, type PushSource } from '../webhook/match-push.ts';
import type { Caller } from './authenticate.ts';
import { toRight } from './trigger-route.ts';

/** What replaying needs of the rest of Hawser. */
export interface ReplayOptions {
  readonly pushRecords: Pick<PushRecords, 'read' | 'reset' | 'setMatches' | 'setPin' | 'addStep'>;
  requestSyncs(requests: readonly SyncRequest[]): Promise<void>;
  /** The GitRepositories as they are now; throws while they are not known yet. */
  listSources(): readonly PushSource[];
  readonly now: () => Date;
}

interface Replay {
  readonly record: PushRecord;
  readonly caller: Caller;
}

/**
 * Asks again for every source that a push concerns now. Its hint explains nothing any more: what is deployed is what
 * the remote's ref names. Throws ACCESS_FORBIDDEN unless the caller may patch every one of them.
 */
export async function replayPush(
  options: ReplayOptions,
  { record, caller }: Replay,
): Promise<{ readonly id: string; readonly matched: readonly string[]; readonly reason?: string | undefined }> {
  const { id } = record;
  const { pushRecords } = options;
  const match = matchAnew(record, options.listSources());
  const matched = match.matched.map(formatKey);
  await Promise.all(match.matched.map((key) => caller.require(toRight(key))));
  const at = options.now();
  await pushRecords.reset(id);
  await pushRecords.setMatches(id, {
    matched,
    unmatched: match.unmatched.map(({ key, reason }) => ({ key: formatKey(key), reason })),
    reason: match.reason,
  });
  const detail = `asked again: ${matched.length === 0 ? match.reason : matched.join(', ')}`;
  await pushRecords.addStep(id, { at: at.toISOString(), step: 'replayed', detail, by: caller.name });
  for (const key of match.matched.filter(({ kind }) => kind === 'Kustomization')) {
    await pushRecords.setPin(id, formatKey(key), { isNew: true, asked: [formatKey(key)] });
  }
  await options.requestSyncs(match.matched.map((key) => toRequest(record, key, at)));
  return { id, matched, ...(match.reason === undefined ? {} : { reason: match.reason }) };
}

/** A delivery is matched as when it came; what polls and triggers found is looked for where it was. */
function matchAnew(record: PushRecord, sources: readonly PushSource[]): PushMatch {
  const push = toPush(record);
  if (push) return matchPush(push, sources);
  const known = new Map(sources.map((source) => [formatKey(source.key), source]));
  const matched: ObjectKey[] = [];
  const unmatched: { key: ObjectKey; reason: string }[] = [];
  for (const key of record.matched.map(parseKey)) {
    const source = known.get(formatKey(key));
    if (key.kind === 'Kustomization' || (source && !source.suspended)) matched.push(key);
    else unmatched.push({ key, reason: source ? 'suspended' : 'deleted' });
  }
  if (matched.length > 0) return { matched, unmatched };
  const reasons = unmatched.map(({ key, reason }) => `${formatKey(key)}: ${reason}`);
  return { matched, unmatched, reason: reasons.join('; ') || 'it concerned no source' };
}

/** What a webhook has told; undefined for what was heard otherwise. */
function toPush({ provider, repositoryUrls, repository = '', ref, before = '', after = '' }: PushRecord) {
  if (repositoryUrls === undefined || ref === undefined) return undefined;
  return { provider: provider as Provider, repositoryUrls, repository, ref, before, after };
}

function toRequest(record: PushRecord, key: ObjectKey, at: Date): SyncRequest {
  const hint = key.kind === 'GitRepository' ? toHint(record, at) : undefined;
  return { key, cause: 'trigger', trigger: toNote(record), ...(hint ? { hint } : {}) };
}

function toHint({ id, ref, before, after }: PushRecord, at: Date): Hint | undefined {
  if (ref === undefined || before === undefined || after === undefined) return undefined;
  return { ref, before, after, deliveryId: `replay-${id}`, firstSeen: false, heardAt: at.getTime(), pushId: id };
}

function toNote({ id, target, expectedSha, after }: PushRecord): TriggerNote {
  const kustomization = target?.startsWith('Kustomization/') ? { kustomization: target } : {};
  if (expectedSha !== undefined) {
    return { pushId: id, ...kustomization, expected: { sha: expectedSha, otherwise: 'mismatch' } };
  }
  if (after === undefined || isZeroSha(after)) return { pushId: id, ...kustomization };
  return { pushId: id, ...kustomization, expected: { sha: after, otherwise: 'superseded' } };
}
