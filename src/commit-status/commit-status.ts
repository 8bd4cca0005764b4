import type { Connection } from '../credentials/connection.ts';
import type { Secret } from '../errors/secret.ts';

/** GitHub's words; another provider's own words are mapped in its reporter. */
export type CommitState = 'pending' | 'success' | 'failure' | 'error';

/** The hosts that can be told how a commit went. */
export const STATUS_PROVIDERS = ['github', 'gitlab', 'gitea', 'bitbucket', 'azure-devops'] as const;
export type StatusProvider = (typeof STATUS_PROVIDERS)[number];

/** What to say about a commit, and where. */
export interface CommitStatus {
  /** The source's own URL, which names the repository. */
  readonly repositoryUrl: string;
  readonly sha: string;
  /** Branch or tag that the source follows, by its short name; tells hosts with pipelines which one is meant. */
  readonly ref?: string | undefined;
  readonly state: CommitState;
  /** `hawser/<namespace>/<name>`; tells one status from another. */
  readonly context: string;
  readonly description: string;
  readonly targetUrl?: string | undefined;
}

/** What proves to a provider who is writing. */
export interface StatusCredential {
  /** Names the credential without telling it: its rate limit is counted under this. */
  readonly id: string;
  readonly token: Secret;
  /** With a user the token is a password, and both go as HTTP basic authentication. */
  readonly username?: string | undefined;
  /** How its owner wants the provider to be reached; another credential is never sent that way. */
  readonly via?: Connection | undefined;
}

/** How posting ended; whoever posts decides what follows. */
export type PostResult =
  | { readonly kind: 'posted' }
  /** The credential must rest; `told` is false if the provider did not say how long (then a caller doubles it). */
  | { readonly kind: 'rateLimited'; readonly retryAfterMs: number; readonly told: boolean }
  /**
   * Trying again cannot help before a person has changed something; the message says what. `byCredential` is true where
   * another credential might be let in.
   */
  | { readonly kind: 'failed'; readonly message: string; readonly byCredential: boolean }
  /** The provider is away or in trouble. */
  | { readonly kind: 'retry'; readonly message: string };

/** Tells a provider how a commit went: one attempt per call, never throws but for an aborted signal. */
export interface CommitStatusReporter {
  post(status: CommitStatus, credential: StatusCredential, signal?: AbortSignal): Promise<PostResult>;
}
