import type { Push } from '../model/push.ts';
import { isSha } from '../model/revision.ts';
import { MOST_REFS } from './payload-fields.ts';
import type { DeliveryIds, ParsedDelivery } from './webhook-provider.ts';

/** One ref that moved, as a provider tells it. */
export interface MovedRef {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

/** Makes one push of every ref that moved; of a ref that is named twice the last word counts. */
export function toParsedDelivery(
  ids: DeliveryIds,
  repository: Pick<Push, 'provider' | 'repository' | 'repositoryUrls'>,
  moved: readonly MovedRef[],
): ParsedDelivery {
  if (repository.repositoryUrls.length === 0) {
    return { ...ids, kind: 'ignored', reason: 'the payload names no URL of the repository; polling finds the push' };
  }
  if (moved.length === 0) return { ...ids, kind: 'ignored', reason: 'no branch and no tag moved' };
  const byRef = new Map(moved.slice(0, MOST_REFS).map((move) => [move.ref, move]));
  const usable = [...byRef.values()].filter(({ before, after }) => isSha(before) && isSha(after));
  if (usable.length === 0) {
    return { ...ids, kind: 'ignored', reason: 'the repository uses SHA-256, which is not supported' };
  }
  const pushes = usable.map((move): Push => ({ ...repository, ...move }));
  if (moved.length <= MOST_REFS) return { ...ids, kind: 'pushes', pushes };
  const reason = `more than ${MOST_REFS} refs moved; the others are found by polling`;
  return { ...ids, kind: 'pushes', pushes, reason };
}
