import { messageOf } from '../errors/hawser-error.ts';
import { findCondition } from '../model/conditions.ts';
import type { GitRepository } from '../model/git-repository.ts';
import { formatKey } from '../model/object-key.ts';
import type { SyncDeps } from './deps.ts';
import { expectsHooks } from './expects-hooks.ts';
import { areHooksMissing, describeMissing, HOOKS_MISSING, withHooksCondition } from './hooks-condition.ts';
import { type HookNotice, type NotedHooks, noteHooks } from './note-hooks.ts';
import type { SyncOutcome } from './outcome.ts';
import { inBackground } from './record-push.ts';
import { memoryOf, uidOf } from './source-memory.ts';
import type { SourceSync } from './sync-context.ts';
import { toHookNotice } from './to-hook-notice.ts';
import { writeStatus } from './write-status.ts';

/**
 * After a sync of a source: compares what it found with what hooks told, counts and records the hooks that did not
 * come, and says so in a condition and an event where they should have. A failure costs a warning, never the sync.
 */
export async function followHooks(deps: SyncDeps, sync: SourceSync, outcome: SyncOutcome): Promise<void> {
  if (outcome.kind === 'gone' || outcome.kind === 'suspended') return;
  try {
    await compareHooks(deps, sync, outcome);
  } catch (error) {
    sync.run.signal.throwIfAborted();
    deps.logger.warn({ error: messageOf(error) }, 'hooks could not be compared with what was polled');
  }
}

async function compareHooks(deps: SyncDeps, { source: given, run }: SourceSync, outcome: SyncOutcome): Promise<void> {
  const source = deps.resources.gitRepository(run.key) ?? given;
  const before = await deps.pushRecords.readHooks(uidOf(source));
  const noted = noteHooks(before, toNotice(deps, { source, run }, outcome));
  const { history } = noted;
  if (JSON.stringify(history) !== JSON.stringify(before)) await deps.pushRecords.writeHooks(uidOf(source), history);
  const isExpected = expectsHooks(source, {
    taken: deps.policy.webhooksFrom ?? [],
    wasHeard: history.heardAt !== undefined,
  });
  tell(deps, source, { ...noted, missed: isExpected ? noted.missed : [] });
  const isMissing = areHooksMissing(source, { ...history, isExpected });
  await show(deps, { source, run }, isMissing ? describeMissing(history.heardAt) : undefined);
}

/** Takes note of a sync; what it has found without a hook is compared once. */
function toNotice(deps: SyncDeps, { source, run }: SourceSync, outcome: SyncOutcome): HookNotice {
  const memory = memoryOf(deps.memories, uidOf(source));
  const notice = toHookNotice({ pending: run.pending, memory, outcome, now: deps.now().getTime() });
  memory.polled = undefined;
  return notice;
}

/** Counts what was missed, and adds to the record of each push what became of its hook. */
function tell(
  deps: SyncDeps,
  { metadata }: GitRepository,
  { missed, told }: Pick<NotedHooks, 'missed' | 'told'>,
): void {
  const { name, namespace = '' } = metadata;
  const key = { kind: 'GitRepository', namespace, name } as const;
  if (missed.length > 0) deps.metrics.missedHooksTotal.inc(key, missed.length);
  const add = (pushId: string, step: string, detail: string) => {
    const at = deps.now().toISOString();
    inBackground(deps, deps.pushRecords.addStep(pushId, { at, object: formatKey(key), step, detail }));
  };
  for (const { pushId } of missed) add(pushId, 'hook missed', 'no webhook told of this push in time');
  for (const { move, heardAt } of told) {
    const seconds = Math.max(0, heardAt - move.at) / 1000;
    add(move.pushId, 'hook heard', `its webhook came ${seconds.toFixed(1)} s after polling had found the push`);
  }
}

/** Writes the condition where it is not what it should be, with an event when it comes. */
async function show(deps: SyncDeps, { source, run }: SourceSync, message: string | undefined): Promise<void> {
  const standing = findCondition(source.status?.conditions, HOOKS_MISSING);
  if (standing?.message === message) return;
  const toStatus = (resource: GitRepository) => withHooksCondition(resource, message, deps.now());
  const written = await writeStatus(deps, { resource: source, toStatus }, run);
  if (standing || message === undefined) return;
  // What is polled is deployed all the same: no Alert for errors shall wake anybody.
  const severity = 'info';
  deps.sourceEvents.record({ regarding: written, type: 'Warning', severity, reason: HOOKS_MISSING, message });
}
