import type { Change } from '../apply/change.ts';
import type { Correction } from '../apply/correction.ts';
import type { GitRepository } from '../model/git-repository.ts';

/** How a sync ended. What happens next (when to wake, what to count) is the worker's decision. */
export type SyncOutcome =
  | {
      readonly kind: 'done';
      readonly revision: string;
      readonly changes: readonly Change[];
      /** How long the objects took to become healthy, such as `1.2s`; absent where nothing waits for health. */
      readonly healthyAfter?: string;
    }
  /** Applied, not healthy yet: the health watch or the deadline brings the next sync. */
  | {
      readonly kind: 'waiting';
      readonly revision: string;
      readonly deadline: Date;
      readonly unhealthy: readonly string[];
    }
  /** The remote contradicts itself or its own hook: ask again soon. */
  | { readonly kind: 'unsettled'; readonly afterMs: number; readonly why: string }
  /** Something that this object needs is not there yet; its arrival brings the next sync. */
  | { readonly kind: 'blocked'; readonly reason: string; readonly message: string }
  | { readonly kind: 'failed'; readonly error: unknown; readonly revision: string | undefined }
  | { readonly kind: 'superseded'; readonly revision: string; readonly by: string }
  | { readonly kind: 'suspended' }
  | { readonly kind: 'gone' };

/** The steps of a Kustomization's sync, and Flux's words for what it is at. */
const STEPS = {
  fetch: 'Fetching manifests',
  build: 'Building manifests',
  apply: 'Detecting drift',
  health: 'Running health checks',
} as const;

export type StepName = keyof typeof STEPS;

/** What a running sync has got to so far: an outcome, and a status, tell it also when the sync fails half-way. */
export interface Attempt {
  readonly startedAt: Date;
  /** The steps that were begun, in order; times are those of the monotonic clock, in milliseconds. */
  readonly steps: { readonly name: StepName; readonly at: number }[];
  revision?: string;
  /** Where the source is a Git repository. */
  source?: GitRepository | undefined;
  originRevision?: string | undefined;
  /** Digest of the rendered manifests. */
  digest?: string;
  changes: readonly Change[];
  /** What somebody else had changed and this sync has put back. */
  corrections: readonly Correction[];
  /** What the renderer noticed, such as a field that kustomize does not know. */
  warnings?: readonly string[];
}

export function startAttempt(now: Date): Attempt {
  return { startedAt: now, steps: [{ name: 'fetch', at: performance.now() }], changes: [], corrections: [] };
}

/** Notes that the next step begins. */
export function beginStep(attempt: Attempt, name: StepName): void {
  attempt.steps.push({ name, at: performance.now() });
}

/** What a sync is at, in Flux's words: `Building manifests`. */
export function currentStep({ steps }: Attempt): string {
  return STEPS[steps.at(-1)?.name ?? 'fetch'];
}

/** How long each step took, in milliseconds, the last one until now. */
export function stepDurations({ steps }: Attempt): { name: StepName; ms: number }[] {
  const end = performance.now();
  return steps.map(({ name, at }, index) => ({ name, ms: (steps[index + 1]?.at ?? end) - at }));
}
