import type { Connection } from '../credentials/connection.ts';
import type { Secret } from '../errors/secret.ts';
import type { StatusObject } from './match-alerts.ts';
import type { StatusText } from './to-commit-status.ts';

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

/** One way to post: to which repository, through which API, as whom. */
export interface StatusRoute {
  readonly provider: StatusProvider;
  readonly repositoryUrl: string;
  readonly credential: StatusCredential;
  readonly reporter: CommitStatusReporter;
}

/** A status that wants a way, and what it speaks about. */
export interface StatusSubject {
  readonly repositoryUrl: string;
  readonly source: StatusSource;
  /** The Kustomization; of a summary the source and all that is deployed from it. */
  readonly about: readonly StatusObject[];
  readonly said: StatusText;
  /** Whether another status stands already under the same context: leaving that one would be a lie. */
  readonly corrects: boolean;
}

/** What is needed of a source to find out who may write about its commits. */
export interface StatusSource {
  readonly namespace: string;
  readonly secretRef?: { readonly name: string } | undefined;
  readonly proxySecretRef?: { readonly name: string } | undefined;
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
