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
