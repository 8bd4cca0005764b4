/** What a Receiver's status says, in Flux's words. Pure. */
import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { findCondition, type NewCondition, toConditions } from '../model/conditions.ts';
import type { Receiver, ReceiverStatus } from '../model/receiver.ts';
import { REQUESTED_AT } from '../model/request-annotation.ts';

/** What is known of a Receiver: its path, or why it has none or must not be called. */
export type ReceiverReading =
  | { readonly kind: 'ready'; readonly path: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Told of what is known of a Receiver, each time that it was read. */
export type ReadingListener = (receiver: Receiver, reading: ReceiverReading) => void;

/** The status that a reading leaves; undefined where it is not ours to say. */
export function toReceiverStatus(receiver: Receiver, reading: ReceiverReading, now: Date): ReceiverStatus | undefined {
  const previous = receiver.status ?? {};
  const requestedAt = receiver.metadata.annotations?.[REQUESTED_AT];
  const answered = requestedAt === undefined ? {} : { lastHandledReconcileAt: requestedAt };
  if (receiver.spec.suspend) return { ...previous, ...answered };
  if (isServedByOthers(receiver, reading)) return undefined;
  const generation = receiver.metadata.generation;
  const { conditions, isFinal, ...paths } = reading.kind === 'ready' ? ready(reading.path) : failed(reading.error);
  return {
    ...previous,
    ...paths,
    ...answered,
    conditions: toConditions(
      previous.conditions,
      conditions.map((condition) => ({ ...condition, observedGeneration: generation })),
      now,
    ),
    ...(isFinal ? { observedGeneration: generation } : {}),
  };
}

/** A type that we refuse may be in the hands of Flux's own controller, beside us: it is not told otherwise. */
function isServedByOthers({ metadata, status }: Receiver, reading: ReceiverReading): boolean {
  const isRefused =
    reading.kind === 'failed' && reading.error instanceof HawserError && reading.error.code === 'RECEIVER_INVALID';
  const isReady = findCondition(status?.conditions, 'Ready')?.status === 'True';
  return isRefused && isReady && status?.observedGeneration === metadata.generation;
}

interface Verdict {
  readonly conditions: readonly Omit<NewCondition, 'observedGeneration'>[];
  readonly isFinal: boolean;
  /** Present, if undefined, where an older path goes. */
  readonly webhookPath?: string | undefined;
}

function ready(path: string): Verdict {
  const message = `Receiver initialized for path: ${path}`;
  return {
    conditions: [{ type: 'Ready', status: 'True', reason: 'Succeeded', message }],
    isFinal: true,
    webhookPath: path,
  };
}

/** Whether only another spec mends a Receiver. */
export function isStalledBy(error: unknown): error is HawserError {
  return error instanceof HawserError && error.disposition === 'stalled';
}

function failed(error: unknown): Verdict {
  const message = messageOf(error);
  const reason = error instanceof HawserError ? error.reason : 'TokenNotFound';
  const notReady = { type: 'Ready', status: 'False', reason, message } as const;
  if (isStalledBy(error)) {
    return { conditions: [notReady, { type: 'Stalled', status: 'True', reason, message }], isFinal: true };
  }
  const reconciling = {
    type: 'Reconciling',
    status: 'True',
    reason: 'ProgressingWithRetry',
    message: 'Reconciliation in progress',
  } as const;
  return { conditions: [notReady, reconciling], isFinal: false, webhookPath: undefined };
}
