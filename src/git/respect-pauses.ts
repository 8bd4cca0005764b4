import { HawserError } from '../errors/hawser-error.ts';
import type { RemoteGit } from './create-remote-git.ts';
import { type GitRemote, remoteIdentity } from './git-remote.ts';

const MOST_PAUSES = 10_000;

/**
 * Leaves a remote alone until the time that it named: until then patient asks and fetches fail with what it said,
 * without a request. An ask without patience is tried once all the same; its answer ends the pause, or names a new end.
 */
export function respectPauses(git: RemoteGit, now = () => Date.now()): RemoteGit {
  const pauses = new Map<string, HawserError>();

  const attempt = async <T>(remote: GitRemote, isUrgent: boolean, ask: () => Promise<T>): Promise<T> => {
    const identity = remoteIdentity(remote);
    const pause = pauses.get(identity);
    if (pause && !isUrgent && isLasting(pause, now())) throw pause;
    try {
      const answer = await ask();
      if (pause && pauses.get(identity) === pause) pauses.delete(identity);
      return answer;
    } catch (error) {
      if (error instanceof HawserError && error.code === 'GIT_RATE_LIMITED') note(pauses, identity, error);
      throw error;
    }
  };

  return {
    listRefs: (remote, prefixes, signal) =>
      attempt(remote, remote.patienceMs === undefined, () => git.listRefs(remote, prefixes, signal)),
    fetchPack: (remote, wanted, signal) => attempt(remote, false, () => git.fetchPack(remote, wanted, signal)),
  };
}

function isLasting({ retryAt }: HawserError, now: number): boolean {
  return retryAt !== undefined && now < retryAt.getTime();
}

/** The newest one last; beyond a bound the oldest is forgotten, which costs one request. */
function note(pauses: Map<string, HawserError>, identity: string, pause: HawserError): void {
  pauses.delete(identity);
  pauses.set(identity, pause);
  const [oldest] = pauses.keys();
  if (pauses.size > MOST_PAUSES && oldest !== undefined) pauses.delete(oldest);
}
