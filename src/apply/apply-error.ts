import { HawserError, messageOf } from '../errors/hawser-error.ts';
import { KubeError } from '../kube/to-kube-error.ts';
import { formatSubject, type ObjectRef } from '../model/kube-object.ts';
import { isTerminating } from './wait-gone.ts';

/** Names the object, the step and the API server's reason; a lost lease, and a wait that names it already, stay as they are. */
export function toApplyError(ref: ObjectRef, step: 'dry-run' | 'apply', error: unknown): HawserError {
  if (error instanceof HawserError && error.code === 'SYNC_LEASE_LOST') return error;
  if (isTerminating(error)) return error;
  const reason = error instanceof KubeError ? error.kubeReason : '';
  const text = `${formatSubject(ref)} ${step} failed${reason === '' ? '' : ` (${reason})`}: ${messageOf(error)}`;
  const disposition = error instanceof HawserError ? error.disposition : 'retry';
  return new HawserError('APPLY_FAILED', text, { cause: error, disposition });
}

/** Throws the signal's reason once it is aborted, unless the errors say more than that. */
export function throwIfStopped(signal: AbortSignal, ...errors: readonly unknown[]): void {
  if (!errors.some(isTerminating)) signal.throwIfAborted();
}
