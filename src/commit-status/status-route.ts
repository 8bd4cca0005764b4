import type { CommitStatusReporter, StatusCredential, StatusProvider } from './commit-status.ts';
import type { StatusObject } from './match-alerts.ts';
import type { StatusText } from './to-commit-status.ts';

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
