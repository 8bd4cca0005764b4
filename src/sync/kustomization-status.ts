/** What a Kustomization's status says, in Flux's words. Pure: writing it is conclude-kustomization's task. */
import type { Fight } from '../apply/fights.ts';
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { type Condition, findCondition, type NewCondition, toConditions } from '../model/conditions.ts';
import { formatDuration } from '../model/duration.ts';
import type { InventoryEntry } from '../model/inventory.ts';
import { formatSubject } from '../model/kube-object.ts';
import type { HistoryEntry, Kustomization, KustomizationStatus } from '../model/kustomization.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';
import { type Attempt, currentStep, type SyncOutcome } from './outcome.ts';
import { timeoutOf } from './timing.ts';

const LONGEST_HISTORY = 5;

/** `Detecting drift for revision main@sha1:… with a timeout of 30s`: what a running sync is at. */
export function describeProgress(attempt: Attempt, kustomization: Kustomization): string {
  return `${currentStep(attempt)} for revision ${attempt.revision} with a timeout of ${formatDuration(timeoutOf(kustomization))}`;
}

/** The status while objects are being written: the inventory names all that may be written before anything is. */
export function toBeginning(
  kustomization: Kustomization,
  attempt: Attempt,
  { inventory, now }: { inventory: readonly InventoryEntry[]; now: Date },
): Partial<KustomizationStatus> {
  const observedGeneration = kustomization.metadata.generation;
  const message = describeProgress(attempt, kustomization);
  const conditions: NewCondition[] = [
    { type: 'Reconciling', status: 'True', reason: 'Progressing', message, observedGeneration },
    {
      type: 'Ready',
      status: 'Unknown',
      reason: 'Progressing',
      message: 'Reconciliation in progress',
      observedGeneration,
    },
  ];
  return {
    conditions: toConditions(kustomization.status?.conditions, conditions, now),
    lastAttemptedRevision: attempt.revision,
    inventory: { entries: [...inventory] },
  };
}

interface ConclusionContext {
  readonly attempt: Attempt;
  readonly inventory: readonly InventoryEntry[] | undefined;
  /** Objects that somebody else changes again and again. */
  readonly fights: readonly Fight[];
  readonly now: Date;
}

/** The status that an outcome leaves; equal to the present one, but for times, if nothing is to be written. */
export function toConclusion(
  kustomization: Kustomization,
  outcome: SyncOutcome,
  context: ConclusionContext,
): KustomizationStatus {
  const { attempt, now } = context;
  const previous = kustomization.status ?? {};
  const generation = kustomization.metadata.generation;
  const { conditions, isFinal } = toKustomizationConditions(kustomization, outcome, attempt);
  const stored = [...conditions, ...contestedConditions(context.fights)].map((condition) => ({
    ...condition,
    observedGeneration: generation,
  }));
  const requestedAt = kustomization.metadata.annotations?.[REQUESTED_AT];
  return {
    ...previous,
    conditions: toConditions(previous.conditions, stored, now),
    ...(isFinal ? { observedGeneration: generation } : {}),
    ...(attempt.revision === undefined ? {} : { lastAttemptedRevision: attempt.revision }),
    ...(outcome.kind === 'done' ? appliedRevisions(outcome.revision, attempt) : {}),
    ...(outcome.kind !== 'waiting' && requestedAt !== undefined ? { lastHandledReconcileAt: requestedAt } : {}),
    ...(context.inventory ? { inventory: { entries: [...context.inventory] } } : {}),
    ...toHistory(previous.history, conditions, context),
  };
}

function appliedRevisions(revision: string, { originRevision }: Attempt) {
  return { lastAppliedRevision: revision, lastAppliedOriginRevision: originRevision };
}

/** Not one of Flux's: two writers of a field are slowed down, and somebody must hear of it. */
function contestedConditions(fights: readonly Fight[]): BareCondition[] {
  if (fights.length === 0) return [];
  const objects = fights.map(({ ref, what }) => `${formatSubject(ref)} (${what})`).sort();
  const message = `changed again and again by somebody else, and put back at most once in 10s: ${objects.join(', ')}: stop the other writer, or take the field out of Git or into spec.ignore`;
  return [{ type: 'Contested', status: 'True', reason: 'FieldsContested', message }];
}

type BareCondition = Omit<NewCondition, 'observedGeneration'>;

function toKustomizationConditions(
  kustomization: Kustomization,
  outcome: SyncOutcome,
  attempt: Attempt,
): { conditions: BareCondition[]; isFinal: boolean } {
  const progress = describeProgress(attempt, kustomization);
  switch (outcome.kind) {
    case 'done':
      return { conditions: successConditions(kustomization, outcome), isFinal: true };
    case 'waiting':
      return { conditions: waitingConditions(outcome.unhealthy, progress), isFinal: false };
    case 'blocked':
      return {
        conditions: [{ type: 'Ready', status: 'False', reason: outcome.reason, message: outcome.message }],
        isFinal: false,
      };
    case 'failed':
      return failureConditions(outcome.error, attempt.revision === undefined ? undefined : progress);
    case 'superseded':
    case 'suspended':
    case 'unsettled':
    case 'gone':
      return { conditions: [...(kustomization.status?.conditions ?? [])], isFinal: false };
  }
}

function successConditions(
  kustomization: Kustomization,
  { revision, healthyAfter }: Extract<SyncOutcome, { kind: 'done' }>,
): BareCondition[] {
  const ready: BareCondition = {
    type: 'Ready',
    status: 'True',
    reason: 'ReconciliationSucceeded',
    message: `Applied revision: ${revision}`,
  };
  if (healthyAfter === undefined) return [ready];
  const previous = findCondition(kustomization.status?.conditions, 'Healthy');
  const message = previous?.status === 'True' ? previous.message : describeHealth(healthyAfter);
  return [ready, { type: 'Healthy', status: 'True', reason: 'Succeeded', message }];
}

/** Flux's words for health that was found. */
export function describeHealth(healthyAfter: string): string {
  return `Health check passed in ${healthyAfter}`;
}

/** Unlike Flux, says what it waits for; the Reconciling condition keeps Flux's words, and its time is the start. */
function waitingConditions(unhealthy: readonly string[], progress: string): BareCondition[] {
  const message = `Reconciliation in progress, waiting for: [${unhealthy.join(', ')}]`;
  return [
    { type: 'Reconciling', status: 'True', reason: 'Progressing', message: progress },
    { type: 'Ready', status: 'Unknown', reason: 'Progressing', message },
    { type: 'Healthy', status: 'Unknown', reason: 'Progressing', message: progress },
  ];
}

/** A failure that only a person can mend is Stalled and final: only that shape lets `flux reconcile` return at once. */
function failureConditions(error: unknown, progress: string | undefined) {
  const { reason, disposition } = describeFailure(error);
  const message = messageOf(error);
  const ready: BareCondition = { type: 'Ready', status: 'False', reason, message };
  const health: BareCondition[] =
    reason === 'HealthCheckFailed'
      ? [
          {
            type: 'Healthy',
            status: 'False',
            reason,
            message: message.replace(/^health check failed after [^:]+: /, ''),
          },
        ]
      : [];
  if (disposition === 'stalled') {
    const stalled: BareCondition = { type: 'Stalled', status: 'True', reason, message };
    return { conditions: [ready, stalled, ...health], isFinal: true };
  }
  const retrying: BareCondition[] =
    progress === undefined
      ? []
      : [{ type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry', message: progress }];
  return { conditions: [ready, ...retrying, ...health], isFinal: false };
}

/** Reason and disposition of anything thrown; of several failures the first that may pass decides, else the first. */
export function describeFailure(error: unknown): Pick<HawserError, 'reason' | 'disposition'> {
  if (error instanceof AggregateError) {
    const parts = error.errors.map(describeFailure);
    return parts.find((part) => part.disposition !== 'stalled') ?? parts[0] ?? describeFailure(undefined);
  }
  return error instanceof HawserError ? error : { reason: 'ReconciliationFailed', disposition: 'retry' };
}

function toHistory(
  history: readonly HistoryEntry[] | undefined,
  conditions: readonly BareCondition[],
  { attempt, now }: Pick<ConclusionContext, 'attempt' | 'now'>,
): { history?: HistoryEntry[] } {
  const ready = conditions.find((condition) => condition.type === 'Ready');
  if (attempt.digest === undefined || !ready || ready.reason === 'Progressing') return {};
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const isSame = (entry: HistoryEntry) =>
    entry.digest === attempt.digest && entry.lastReconciledStatus === ready.reason;
  const known = history?.find(isSame);
  const entry: HistoryEntry = {
    digest: attempt.digest,
    firstReconciled: known?.firstReconciled ?? time,
    lastReconciled: time,
    lastReconciledDuration: formatDuration(now.getTime() - attempt.startedAt.getTime()),
    lastReconciledStatus: ready.reason,
    totalReconciliations: (known?.totalReconciliations ?? 0) + 1,
    metadata: {
      revision: attempt.revision ?? '',
      ...(attempt.originRevision === undefined ? {} : { originRevision: attempt.originRevision }),
    },
  };
  return { history: [entry, ...(history ?? []).filter((other) => !isSame(other))].slice(0, LONGEST_HISTORY) };
}

/** True if two statuses say the same: the history's counters and times alone are no reason to write. Pure. */
export function isSameStatus(a: KustomizationStatus | undefined, b: KustomizationStatus): boolean {
  const comparable = (status: KustomizationStatus | undefined) =>
    JSON.stringify([
      status?.observedGeneration,
      comparableConditions(status?.conditions),
      status?.lastAppliedRevision,
      status?.lastAttemptedRevision,
      status?.lastHandledReconcileAt,
      status?.inventory?.entries,
      status?.history?.[0]?.digest,
    ]);
  return comparable(a) === comparable(b);
}

function comparableConditions(conditions: readonly Condition[] | undefined) {
  return conditions?.map(({ type, status, reason, message, observedGeneration }) => [
    type,
    status,
    reason,
    message,
    observedGeneration,
  ]);
}
