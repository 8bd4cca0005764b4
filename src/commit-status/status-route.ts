import type { CommitStatusReporter, StatusCredential, StatusProvider } from './commit-status.ts';
import type { StatusObject } from './match-alerts.ts';
import type { StatusText } from './to-commit-status.ts';

/** One way to post: to which repository, through which API, as whom. */
export interface StatusRoute {
  readonly provider: StatusProvider;
  readonly repositoryUrl: string;
  readonly credential: StatusCredential;
  readonly reporter: CommitStatusReporter;
  /** The contexts to post under, where a Provider's expression names them: more than one if a summary speaks for two. */
  readonly contexts?: readonly string[] | undefined;
}

/** A status that wants a way, and what it speaks about. */
export interface StatusSubject {
  readonly repositoryUrl: string;
  readonly source: StatusSource;
  /** The context it has where nobody names another one. */
  readonly context: string;
  /** In Flux's form. */
  readonly revision: string;
  /** The Kustomization; of a summary the source, then all that is deployed from it. */
  readonly about: readonly StatusObject[];
  readonly said: StatusText & { readonly at: number };
  /** Whether another status stands already under the same context: leaving that one would be a lie. */
  readonly corrects: boolean;
}

/** What is needed of a source to find out who may write about its commits. */
export interface StatusSource {
  readonly namespace: string;
  readonly secretRef?: { readonly name: string } | undefined;
  readonly proxySecretRef?: { readonly name: string } | undefined;
}
