import { HawserError } from '../errors/hawser-error.ts';

const LONGEST_SHOWN_NAME = 120;

/** An artifact whose content cannot be used; `cause` speaks of the artifact as "it". */
export function invalidArtifact(cause: string): HawserError {
  return new HawserError('ARTIFACT_INVALID', cause);
}

/** A name out of a hostile archive, fit for a message: quoted, control characters escaped, cut if it is long. */
export function quoteName(name: string): string {
  const quoted = JSON.stringify(name);
  return quoted.length > LONGEST_SHOWN_NAME ? `${quoted.slice(0, LONGEST_SHOWN_NAME)}…"` : quoted;
}
