import { HawserError } from '../errors/hawser-error.ts';

/** A build that only a change of the repository can mend, worded as Flux words it. */
export function renderFailed(message: string, cause?: unknown): HawserError {
  return new HawserError('RENDER_FAILED', `kustomize build failed: ${message}`, { cause });
}
