import { HawserError } from '../errors/hawser-error.ts';
import type { RemoteRef } from './git-remote.ts';

/** Which refs of a list are kept, and how many at most. */
export interface WantedRefs {
  /** What their names begin with; all refs if there are none. */
  readonly prefixes: readonly string[];
  readonly mostRefs: number;
}

/** For whoever wants to know only what a server says of itself: no name begins so. */
export const NO_REFS: WantedRefs = { prefixes: [' '], mostRefs: 0 };

/** Refs as they are read, one by one: those that nobody asked for are never kept. */
export interface RefList {
  /** Throws GIT_LIMIT_EXCEEDED beyond the bound. */
  add(ref: RemoteRef): void;
  /** Adds what an annotated tag of this list names; others are passed over. */
  peel(name: string, sha: string): void;
  readonly refs: readonly RemoteRef[];
}

/** Makes an empty list. */
export function createRefList({ prefixes, mostRefs }: WantedRefs): RefList {
  const refs = new Map<string, RemoteRef>();
  return {
    add(ref) {
      if (!isBelow(ref.name, prefixes)) return;
      refs.set(ref.name, ref);
      if (refs.size <= mostRefs) return;
      throw new HawserError(
        'GIT_LIMIT_EXCEEDED',
        `the server lists more than ${mostRefs} refs: remove some, or move what is deployed to a repository of its own`,
      );
    },
    peel(name, sha) {
      const tag = refs.get(name);
      if (tag) refs.set(name, { ...tag, peeled: sha });
    },
    get refs() {
      return [...refs.values()];
    },
  };
}

/** The refs whose names begin with one of the prefixes; all of them if there are none. */
export function belowPrefixes(refs: readonly RemoteRef[], prefixes: readonly string[]): RemoteRef[] {
  return refs.filter(({ name }) => isBelow(name, prefixes));
}

function isBelow(name: string, prefixes: readonly string[]): boolean {
  return prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
}
