import { messageOf } from '../errors/hawser-error.ts';
import { findCondition } from '../model/conditions.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { sourceOf } from '../model/kustomization-source.ts';
import { formatKey, keyOf, parseKey } from '../model/object-key.ts';
import type { TriggerNote } from '../model/push.ts';
import { formatRevision } from '../model/revision.ts';
import type { SyncRequest } from '../queue/pending-request.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import { askAgainAfter } from './ask-again-after.ts';
import { REPLICA_LAG_MS } from './decide-tip.ts';
import type { SyncDeps } from './deps.ts';
import { type Attempt, type SyncOutcome, stepDurations } from './outcome.ts';
import { inBackground } from './record-push.ts';
import { uidOf } from './source-memory.ts';
import type { Tip } from './tip.ts';

interface Found {
  readonly source: GitRepository;
  readonly tip: Tip;
}

/** Which triggers are answered by the tip; those that expected another commit are told so, and no more is done for them. */
export function admitTriggers(deps: SyncDeps, { source, tip }: Found, triggers: readonly TriggerNote[]): TriggerNote[] {
  const revision = formatRevision(tip);
  const object = formatKey(keyOf('GitRepository', source));
  return triggers.filter(({ pushId, expected }) => {
    if (expected === undefined || expected.sha === tip.sha || expected.sha === tip.object) return true;
    const message = `the remote names ${revision}, not ${expected.sha}`;
    const at = deps.now().toISOString();
    inBackground(deps, deps.pushRecords.addStep(pushId, { at, object, step: expected.otherwise, detail: message }));
    inBackground(
      deps,
      deps.pushRecords.setOutcome(pushId, object, { kind: expected.otherwise, message, revision, at }),
    );
    return false;
  });
}

const DELAYS = { leastMs: 25, mostMs: 500 };

/**
 * How soon to ask again, in milliseconds, where a trigger expects a commit that this source has never been at: whoever has
 * just pushed it may be ahead of the replica that answered. Undefined: no later answer is waited for.
 */
export async function findPatience(
  deps: Pick<SyncDeps, 'git' | 'now'>,
  { source, tip }: Found,
  triggers: readonly TriggerNote[],
): Promise<number | undefined> {
  const now = deps.now().getTime();
  const waits = await Promise.all(
    triggers.map(async ({ expected }) => {
      if (expected?.saidAt === undefined || expected.sha === tip.sha || expected.sha === tip.object) return [];
      const ageMs = now - expected.saidAt;
      if (ageMs >= REPLICA_LAG_MS || (await deps.git.has(uidOf(source), expected.sha))) return [];
      return [askAgainAfter(ageMs, DELAYS)];
    }),
  );
  const known = waits.flat();
  return known.length === 0 ? undefined : Math.min(...known);
}

interface Asked extends Found {
  readonly triggers: readonly TriggerNote[];
  /** True where the source has just come to this tip. */
  readonly isMoved: boolean;
}

/** The requests that answer triggers, and in their records what the source was found at. */
export function requestsOfTriggers(deps: SyncDeps, { source, tip, triggers, isMoved }: Asked): SyncRequest[] {
  const revision = formatRevision(tip);
  const object = formatKey(keyOf('GitRepository', source));
  return triggers.flatMap((trigger) => {
    const { pushId } = trigger;
    const meant = findMeant(deps, source, trigger);
    const asked = meant.filter(({ spec }) => !spec.suspend);
    const keys = asked.map((kustomization) => keyOf('Kustomization', kustomization));
    const isNew = asked.length === 0 ? isMoved : asked.some((kustomization) => !standsAt(kustomization, revision));
    const at = deps.now().toISOString();
    const detail = `${revision}: asked ${asked.length} of ${meant.length} Kustomizations`;
    const { pushRecords } = deps;
    inBackground(deps, pushRecords.addStep(pushId, { at, object, step: isMoved ? 'fetched' : 'unchanged', detail }));
    inBackground(deps, pushRecords.setOutcome(pushId, object, { kind: 'done', revision, at }));
    inBackground(deps, pushRecords.setPin(pushId, object, { revision, isNew, asked: askedOf(trigger, keys) }));
    recordNotAsked(deps, trigger, meant);
    return keys.map((key) => ({ key, cause: 'trigger' as const, revision, trigger: { pushId } }));
  });
}

/** The one Kustomization that was triggered counts even where it is not asked. */
function askedOf({ kustomization }: TriggerNote, keys: readonly Parameters<typeof formatKey>[0][]): string[] {
  return kustomization === undefined ? keys.map(formatKey) : [kustomization];
}

function findMeant(deps: SyncDeps, source: GitRepository, { kustomization }: TriggerNote): readonly Kustomization[] {
  const { name, namespace = '' } = source.metadata;
  if (kustomization === undefined) return deps.resources.kustomizationsOf({ namespace, name });
  const found = deps.resources.kustomization(parseKey(kustomization));
  if (!found) return [];
  const used = sourceOf(found);
  return used.kind === 'GitRepository' && used.namespace === namespace && used.name === name ? [found] : [];
}

function recordNotAsked(deps: SyncDeps, { pushId, kustomization }: TriggerNote, meant: readonly Kustomization[]): void {
  const at = deps.now().toISOString();
  const suspended = meant.filter(({ spec }) => spec.suspend).map((found) => formatKey(keyOf('Kustomization', found)));
  const outcome = { kind: 'suspended', message: 'suspended, so it was not asked', at };
  inBackground(deps, deps.pushRecords.setOutcomes(pushId, suspended, outcome));
  if (kustomization === undefined || meant.length > 0) return;
  const message = 'the Kustomization was deleted, or uses another source now';
  inBackground(deps, deps.pushRecords.setOutcome(pushId, kustomization, { kind: 'gone', message, at }));
}

/** Whether nothing need change for a Kustomization to be at a revision, as far as its status tells. */
function standsAt({ metadata, status }: Kustomization, revision: string): boolean {
  const ready = findCondition(status?.conditions, 'Ready');
  if (status?.lastAppliedRevision !== revision || ready?.status !== 'True') return false;
  return ready.observedGeneration === undefined || ready.observedGeneration === metadata.generation;
}

/** Tells those who triggered a Kustomization that its sync began. Does not wait. */
export function recordTriggeredStart(deps: SyncDeps, { key, pending }: SyncRun): void {
  if (pending.triggers.length === 0) return;
  const step = { at: deps.now().toISOString(), object: formatKey(key), step: 'started' };
  inBackground(deps, deps.pushRecords.addStep(idsOf(pending.triggers), step));
}

/** Tells those who triggered a Kustomization how its sync ended. Does not wait. */
export function recordTriggeredEnd(
  deps: SyncDeps,
  { key, pending }: SyncRun,
  { outcome, attempt }: { outcome: SyncOutcome; attempt: Attempt | undefined },
): void {
  if (pending.triggers.length === 0) return;
  const at = deps.now().toISOString();
  const object = formatKey(key);
  const { kind } = outcome;
  const message = describeOutcome(outcome, attempt);
  const revision = attempt?.revision === undefined ? {} : { revision: attempt.revision };
  const durationMs = Math.round(attempt ? stepDurations(attempt).reduce((sum, { ms }) => sum + ms, 0) : 0);
  const ids = idsOf(pending.triggers);
  inBackground(deps, deps.pushRecords.addStep(ids, { at, object, step: kind, detail: message, durationMs }));
  for (const id of ids) {
    inBackground(deps, deps.pushRecords.setOutcome(id, object, { kind, message, at, ...revision }));
  }
}

function idsOf(triggers: readonly TriggerNote[]): string[] {
  return triggers.map(({ pushId }) => pushId);
}

function describeOutcome(outcome: SyncOutcome, attempt: Attempt | undefined): string {
  switch (outcome.kind) {
    case 'done': {
      const changed = (attempt?.changes ?? []).filter(({ action }) => action !== 'unchanged' && action !== 'skipped');
      return changed.length === 0 ? 'nothing to change' : `${changed.length} objects changed`;
    }
    case 'waiting':
      return `applied, waiting: ${outcome.unhealthy.join(', ')}`;
    case 'failed':
      return messageOf(outcome.error);
    case 'blocked':
      return outcome.message;
    case 'superseded':
      return `superseded by ${outcome.by}`;
    case 'unsettled':
      return outcome.why;
    case 'suspended':
      return 'suspended, so nothing was done';
    case 'gone':
      return 'the Kustomization was deleted';
  }
}
