/** Who may tell of a push: the providers whose webhooks are understood, and `generic` for everything else that can sign. */
export const PROVIDERS = ['github', 'gitlab', 'gitea', 'bitbucket', 'azure-devops', 'generic'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** One ref that moved, as any provider reports it: the only thing that a webhook can say. */
export interface Push {
  readonly provider: Provider;
  /** Every URL under which the provider knows the repository (clone, ssh, web); only ever compared, never fetched. */
  readonly repositoryUrls: readonly string[];
  /** `owner/name`, for people. */
  readonly repository: string;
  /** Full ref, such as `refs/heads/main`. */
  readonly ref: string;
  /** The commit that the ref left; all zeros for a created ref. */
  readonly before: string;
  /** The commit that the ref names now; all zeros for a deleted ref. */
  readonly after: string;
}

/** Who asked for a sync and waits to be told how it goes, kept beside a pending request of a source until the remote has been asked. */
export interface TriggerNote {
  /** The push record that tells. */
  readonly pushId: string;
  /** The only Kustomization that is meant, as `formatKey` writes it; absent: every one of the source. */
  readonly kustomization?: string | undefined;
  /** The commit that the remote is believed to name, and what it is called if it does not: checked, never wanted. */
  readonly expected?:
    | {
        readonly sha: string;
        readonly otherwise: 'mismatch' | 'superseded';
        /** When it was said, in milliseconds since the epoch, by somebody who may be ahead of the remote's replicas. */
        readonly saidAt?: number | undefined;
      }
    | undefined;
}

/** What a push says about a ref, kept beside a pending request: where to look, never what to deploy. */
export interface Hint {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
  /** The push record that this hint belongs to. */
  readonly pushId?: string | undefined;
  /** The delivery that told it; redeliveries share an id and explain nothing (DESIGN 4d). */
  readonly deliveryId: string;
  /** False for a redelivered id. */
  readonly firstSeen: boolean;
  /** Milliseconds since the epoch. */
  readonly heardAt: number;
}
