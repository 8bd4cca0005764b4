import type { Change } from '../apply/change.ts';
import type { GitRepository } from '../model/git-repository.ts';

/** How a sync ended. What happens next (when to wake, what to count) is the worker's decision. */
export type SyncOutcome =
  | { readonly kind: 'done'; readonly revision: string; readonly changes: readonly Change[] }
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

/** What a running sync has got to so far: an outcome, and a status, tell it also when the sync fails half-way. */
export interface Attempt {
  readonly startedAt: Date;
  /** Flux's words for the step, without the revision: `Building manifests`. */
  step: string;
  revision?: string;
  source?: GitRepository;
  /** Digest of the rendered manifests. */
  digest?: string;
  changes: readonly Change[];
  /** What the renderer noticed, such as a field that kustomize does not know. */
  warnings?: readonly string[];
}

export function startAttempt(now: Date): Attempt {
  return { startedAt: now, step: 'Fetching manifests', changes: [] };
}
