import type { CommitState } from './commit-status.ts';
import type { StatusText } from './to-commit-status.ts';

/** What was last said of one Kustomization that a push reaches; undefined before the first word. */
export interface Word {
  /** `namespace/name`. */
  readonly name: string;
  /** `suspended`: it was told not to deploy after the push had asked it to. */
  readonly state: CommitState | 'suspended' | undefined;
  readonly description: string;
}

/** Where the Kustomizations of a source stand, for one push. */
export interface PushSummary {
  /** One per Kustomization that the push changed. */
  readonly words: readonly Word[];
  readonly suspended: number;
  readonly unaffected: number;
}

/** How a Kustomization of each state is counted; the worst come first. */
const COUNTED = [
  ['failure', 'failed'],
  ['error', 'not deployed'],
  ['pending', 'pending'],
  ['success', 'deployed'],
] as const satisfies readonly (readonly [CommitState, string])[];

/**
 * One status for the whole push, fit for branch protection: `3 deployed, 117 unaffected`. Where something is wrong it
 * says of the first one what. Pending wins: a result must not change afterwards.
 */
export function toSummaryStatus({ words, suspended, unaffected }: PushSummary): StatusText {
  const listed = words.map((word) => ({ ...word, state: word.state ?? ('pending' as const) }));
  const tally = (state: Word['state']) => listed.filter((word) => word.state === state).length;
  const counts = [
    ...COUNTED.map(([state, counted]) => [tally(state), counted] as const),
    [suspended + tally('suspended'), 'suspended'] as const,
    [unaffected, 'unaffected'] as const,
  ];
  const text = counts
    .filter(([count]) => count > 0)
    .map(([count, counted]) => `${count} ${counted}`)
    .join(', ');
  const state = tally('pending') > 0 ? 'pending' : (COUNTED.find(([each]) => tally(each) > 0)?.[0] ?? 'success');
  return { state, description: describe(listed, text) };
}

/** The only one speaks for itself, of several the worst one is named; success needs no words but the counts. */
function describe(words: readonly (Word & { state: NonNullable<Word['state']> })[], counts: string): string {
  const worst = COUNTED.map(([state]) => words.find((word) => word.state === state)).find((word) => word);
  if (!worst || worst.state === 'success' || worst.description === '') return counts || 'nothing to deploy';
  return words.length === 1 ? worst.description : `${counts}: ${worst.name}: ${worst.description}`;
}
