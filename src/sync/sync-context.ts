import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { SyncRun } from '../queue/sync-run.ts';
import type { KustomizationStatusWriter } from './kustomization-status-writer.ts';
import type { Attempt, SyncOutcome } from './outcome.ts';

/** What a sync of a source works with. */
export interface SourceSync {
  readonly source: GitRepository;
  readonly run: SyncRun;
}

/** What a sync of a source adds to its outcome: the hints that it has dealt with. */
export interface SourceOutcome {
  readonly outcome: SyncOutcome;
  readonly hintsSeen: readonly string[];
  /** Triggers are not answered yet: nothing is known that could be said. */
  readonly keepAskers?: boolean;
}

/** What a sync of a Kustomization works with. */
export interface KustomizationSync {
  readonly kustomization: Kustomization;
  readonly run: SyncRun;
  readonly attempt: Attempt;
  readonly status: KustomizationStatusWriter;
  /** False once two syncs in a row gave way to a newer revision: this one runs to its end. */
  readonly mayBeSuperseded: boolean;
}
