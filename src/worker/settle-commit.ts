import { toCommitStatus } from '../commit-status/to-commit-status.ts';
import type { Kustomization } from '../model/kustomization.ts';
import { parseKey } from '../model/object-key.ts';
import type { CommitKey, PushReach, ReachedWord } from '../push-record/push-reach.ts';
import type { ResourceName } from '../sync/resources.ts';
import { isAnswered } from './summarize-push.ts';
import { type StatusDeps, wantOwnStatus, wantSummary } from './want-statuses.ts';

interface SettleDeps extends StatusDeps {
  readonly kustomization: (name: ResourceName) => Kustomization | undefined;
}

/** Why a Kustomization will answer no push. */
type Silence = 'gone' | 'suspended';

/**
 * Answers for those Kustomizations of a commit that will not answer themselves, because they were deleted or suspended
 * before they had their result: neither their own status nor the summary may stay pending for ever.
 */
export async function settleCommit(deps: SettleDeps, commit: CommitKey): Promise<void> {
  const { reach, words } = await deps.pushRecords.readReach(commit);
  if (!reach) return;
  const at = deps.now().getTime();
  for (const [object, silence] of findSilent(reach, words, deps.kustomization)) {
    const text =
      silence === 'gone'
        ? toCommitStatus({ kind: 'gone' })
        : { state: 'error' as const, description: 'not deployed: the Kustomization is suspended' };
    const word = silence === 'gone' ? text : { state: 'suspended' as const, description: '' };
    await deps.pushRecords.setWord(commit, object, { ...word, at });
    if (words[object]) await wantOwnStatus(deps, commit, { object, pushId: reach.pushId, text, at });
  }
  await wantSummary(deps, commit);
}

/** Those that a push reaches, that have no result, and that nobody will sync. Pure. */
function findSilent(
  reach: PushReach,
  words: Readonly<Record<string, ReachedWord>>,
  find: SettleDeps['kustomization'],
): [object: string, silence: Silence][] {
  return reach.affected
    .filter((object) => !isAnswered(words[object], reach))
    .flatMap((object): [string, Silence][] => {
      const kustomization = find(parseKey(object));
      if (!kustomization) return [[object, 'gone']];
      return kustomization.spec.suspend ? [[object, 'suspended']] : [];
    });
}
