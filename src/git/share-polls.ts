import type { RemoteGit } from './create-remote-git.ts';
import { type GitRemote, type RemoteRef, remoteIdentity } from './git-remote.ts';
import { belowPrefixes } from './ref-list.ts';
import { createSingleFlight } from './single-flight.ts';

/** Those who wait for one answer: open until the least patient of them has waited long enough. */
interface Group {
  readonly prefixes: string[];
  wantsAll: boolean;
  readonly closed: Promise<void>;
  close(): void;
}

/**
 * Lets patient asks for the refs of one remote wait for each other and answers them by one request, with the prefixes
 * of all. Only remotes that are reached in the very same way, credentials included, share one, and a group is closed
 * before its request begins: nobody gets an answer that is older than the ask. Without patience nothing is shared.
 */
export function sharePolls(git: RemoteGit): RemoteGit {
  const groups = new Map<string, Group>();
  const flights = createSingleFlight<Group>();

  const openGroup = (identity: string): Group => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const close = () => {
      if (groups.get(identity) === group) groups.delete(identity);
      resolve();
    };
    const group: Group = { prefixes: [], wantsAll: false, closed, close };
    groups.set(identity, group);
    return group;
  };

  const ask = async (group: Group, remote: GitRemote, signal: AbortSignal): Promise<readonly RemoteRef[]> => {
    signal.addEventListener('abort', group.close, { once: true });
    await group.closed;
    signal.throwIfAborted();
    return await git.listRefs(remote, group.wantsAll ? [] : [...new Set(group.prefixes)], signal);
  };

  return {
    fetchPack: git.fetchPack,
    listRefs: async (remote, prefixes, signal) => {
      if (remote.patienceMs === undefined) return await git.listRefs(remote, prefixes, signal);
      const identity = remoteIdentity(remote);
      const group = groups.get(identity) ?? openGroup(identity);
      group.prefixes.push(...prefixes);
      group.wantsAll ||= prefixes.length === 0;
      const timer = setTimeout(group.close, remote.patienceMs);
      try {
        const refs = await flights.run(group, (shared) => ask(group, remote, shared), signal);
        return belowPrefixes(refs, prefixes);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
