import { type Blame, ERROR_CODES, type ErrorCode } from './codes.ts';
import { HawserError } from './hawser-error.ts';

/**
 * Whom a failure is put down to. A failure is ours if anything in its chain of causes is; several failures are ours only
 * if each of them is. What no code was given to is a surprise, and so ours.
 */
export function blameOf(error: unknown): Blame {
  return isOurs(error) ? 'us' : 'manifests';
}

function isOurs(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isOurs);
  if (!(error instanceof HawserError)) return true;
  if (blameFor(error.code) === 'us') return true;
  return error.cause instanceof HawserError && isOurs(error.cause);
}

function blameFor(code: ErrorCode): Blame {
  const { blame, disposition }: { blame?: Blame; disposition: string } = ERROR_CODES[code];
  return blame ?? (disposition === 'stalled' ? 'manifests' : 'us');
}
