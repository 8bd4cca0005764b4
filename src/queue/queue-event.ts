/** What goes on in queues and workers, for the log and the metrics; nothing here ends a worker. */
export type QueueEvent =
  /** A connection or BullMQ itself: it goes on by itself. */
  | { readonly kind: 'worker-error'; readonly queue: string; readonly error: Error }
  /** A run threw instead of ending; it is asked for again after a pause. */
  | { readonly kind: 'run-failed'; readonly member: string; readonly error: Error }
  | { readonly kind: 'lease-lost'; readonly member: string; readonly error: Error }
  /** A delivery's job failed; it is tried again with growing pauses. */
  | { readonly kind: 'delivery-failed'; readonly id: string; readonly attempt: number; readonly error: Error }
  | { readonly kind: 'commit-status-failed'; readonly job: string; readonly error: Error }
  | { readonly kind: 'wake-loop-failed'; readonly error: Error }
  /** Whoever listens to `onReconnect` is told, to restore what was lost. */
  | { readonly kind: 'redis-emptied' }
  /** A job that BullMQ no longer held back its key; it was added again. */
  | { readonly kind: 'lost-job-replaced'; readonly member: string };

export type ObserveQueue = (event: QueueEvent) => void;

export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
