import type { ObjectKey } from '../model/object-key.ts';

/** One thing that happened on a push's way. */
export interface PushStep {
  /** RFC 3339. */
  readonly at: string;
  /** The object it happened to, as `formatKey` writes it. */
  readonly object?: string | undefined;
  readonly step: string;
  readonly detail?: string | undefined;
  readonly durationMs?: number | undefined;
  /** Who did it, where a person or program asked; not for the public. */
  readonly by?: string | undefined;
}

/** How a push ended for one source or Kustomization; the last word replaces the one before. */
export interface PushOutcome {
  readonly kind: string;
  readonly revision?: string | undefined;
  readonly message?: string | undefined;
  readonly at: string;
}

export interface Unmatched {
  readonly key: string;
  readonly reason: string;
}

/** What is known of a push when it is first heard of. */
export interface PushOpening {
  /** The delivery that told of it: the same one always opens the same record. */
  readonly deliveryId?: string | undefined;
  /** True to count another delivery of the same id. */
  readonly redelivered?: boolean | undefined;
  readonly heard: 'webhook' | 'poll' | 'trigger';
  readonly provider?: string | undefined;
  readonly repository?: string | undefined;
  readonly ref?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** Every URL under which the provider knows the repository: a replay matches them anew. Not for the public. */
  readonly repositoryUrls?: readonly string[] | undefined;
  /** What a trigger was for, as `formatKey` writes it. */
  readonly target?: string | undefined;
  /** The commit that a trigger believed the remote to name. */
  readonly expectedSha?: string | undefined;
  /** Who triggered it. Not for the public. */
  readonly by?: string | undefined;
  /** RFC 3339. */
  readonly heardAt: string;
}

/** What one source was found at for a push, and which Kustomizations were asked to deploy it. */
export interface PushPin {
  /** Absent where the source could not be asked for one. */
  readonly revision?: string | undefined;
  /** False where every one of them stood at it already, in good order. */
  readonly isNew: boolean;
  /** Keys, as `formatKey` writes them. */
  readonly asked: readonly string[];
}

/** What became of a push, for the API, the page and whoever asks why. */
export interface PushRecord extends Omit<PushOpening, 'deliveryId' | 'redelivered'> {
  /** 128 random bits: who knows it may read the record. */
  readonly id: string;
  readonly deliveries: number;
  /** Steps that were dropped because there were too many; `steps` goes on from there. */
  readonly stepsDropped: number;
  /** The newest ones, in the order they happened. */
  readonly steps: readonly PushStep[];
  /** Keys of the sources that follow the pushed ref. */
  readonly matched: readonly string[];
  readonly unmatched: readonly Unmatched[];
  /** By source, as `formatKey` writes its key. */
  readonly pins: Readonly<Record<string, PushPin>>;
  /** By object: of the sources, and of the Kustomizations. */
  readonly outcomes: Readonly<Record<string, PushOutcome>>;
  /** Why nothing was done. */
  readonly reason?: string | undefined;
}

/** Which commit status is meant. */
export interface StatusKey {
  readonly source: ObjectKey;
  readonly sha: string;
  readonly context: string;
}

/** What is to be said, or was said, on a commit. */
export interface WantedStatus {
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  readonly description: string;
  readonly targetUrl?: string | undefined;
  /** Milliseconds since the epoch; an older word never replaces a newer one. */
  readonly at: number;
}

/** What was said, and where: absent for the context by which the status is known. */
export interface PostedStatus extends WantedStatus {
  readonly contexts?: readonly string[] | undefined;
}

export const MOST_STEPS = 200;
export const MOST_UNMATCHED = 50;
export const MOST_RECORDS = 10_000;
export const KEPT_MS = 7 * 24 * 3_600_000;
