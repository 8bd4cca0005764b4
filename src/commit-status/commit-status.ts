import type { Secret } from '../errors/secret.ts';

/** GitHub's words; another provider's own words are mapped in its reporter. */
export type CommitState = 'pending' | 'success' | 'failure' | 'error';

/** What to say about a commit, and where. */
export interface CommitStatus {
  /** The source's own URL, which names the repository. */
  readonly repositoryUrl: string;
  readonly sha: string;
  readonly state: CommitState;
  /** `hawser/<namespace>/<name>`; tells one status from another. */
  readonly context: string;
  readonly description: string;
  readonly targetUrl?: string | undefined;
}

/** How posting ended; whoever posts decides what follows. */
export type PostResult =
  | { readonly kind: 'posted' }
  /** The credential must rest; `told` is false if the provider did not say how long (then a caller doubles it). */
  | { readonly kind: 'rateLimited'; readonly retryAfterMs: number; readonly told: boolean }
  /** Trying again cannot help before a person has changed something; the message says what. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The provider is away or in trouble. */
  | { readonly kind: 'retry'; readonly message: string };

/** Tells a provider how a commit went: one attempt per call, never throws but for an aborted signal. */
export interface CommitStatusReporter {
  post(status: CommitStatus, credential: Secret, signal?: AbortSignal): Promise<PostResult>;
}
