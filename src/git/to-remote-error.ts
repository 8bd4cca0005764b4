import { HawserError } from '../errors/hawser-error.ts';

const LONGEST_TEXT = 300;

/** Translates what a Git server says in its own words (an `ERR` line, side-band 3): the only place that reads them. */
export function toRemoteError(text: string): HawserError {
  const said = text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_TEXT);
  const notOurs = /not our ref ([0-9a-f]{40})/.exec(said)?.[1];
  if (notOurs !== undefined) {
    const message = `unable to resolve commit object for '${notOurs}': object not found`;
    return new HawserError('GIT_COMMIT_NOT_FOUND', message, { data: { sha: notOurs } });
  }
  if (/repository .*not found|not found|does not exist|does not appear to be a git repository/i.test(said)) {
    return new HawserError('GIT_REPOSITORY_NOT_FOUND', `repository not found: ${said}`);
  }
  if (/access denied|not allowed|unauthori[sz]ed|authentication/i.test(said)) {
    return new HawserError('GIT_AUTHENTICATION_FAILED', `authorization failed: ${said}`);
  }
  return new HawserError('GIT_RESPONSE_INVALID', `the server says: ${said}`);
}
