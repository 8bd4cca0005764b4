import type { ArtifactStore } from '../artifact/artifact-store.ts';
import type { ArtifactReader } from '../artifact/create-artifact-reader.ts';
import type { Credentials } from '../credentials/git-credentials.ts';
import type { GitClient } from '../git/create-git-client.ts';
import type { EventRecorder } from '../kube/create-event-recorder.ts';
import type { KubeClient } from '../kube/kube-client.ts';
import type { GitRepository } from '../model/git-repository.ts';
import type { Kustomization } from '../model/kustomization.ts';
import type { Provider } from '../model/push.ts';
import type { PushRecords } from '../push-record/create-push-records.ts';
import type { Queues } from '../queue/create-queues.ts';
import type { Renderer } from '../render/create-renderer.ts';
import type { Logger } from '../telemetry/create-logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Attempt, SyncOutcome } from './outcome.ts';
import type { Resources } from './resources.ts';
import type { SourceMemories } from './source-memory.ts';
import type { Targets } from './targets.ts';

/** Everything that the pipeline acts through. */
export interface SyncDeps {
  readonly resources: Resources;
  /** The cluster of the custom resources. */
  readonly client: KubeClient;
  /** Where Kustomizations are deployed to. */
  readonly targets: Targets;
  readonly git: GitClient;
  readonly credentials: Credentials;
  readonly artifacts: ArtifactStore;
  readonly artifactReader: ArtifactReader;
  readonly renderer: Renderer;
  readonly queues: Pick<Queues, 'requestSyncs' | 'readCursor'>;
  readonly pushRecords: PushRecords;
  /** Events of sources and of Kustomizations come from Flux's components of those names. */
  readonly sourceEvents: EventRecorder;
  readonly kustomizationEvents: EventRecorder;
  readonly memories: SourceMemories;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly reports: PushReports;
  readonly policy: SyncPolicy;
}

/** What the platform's owner allows Kustomizations. */
export interface SyncPolicy {
  readonly allowCrossNamespaceRefs: boolean;
  /** Variables that are not set and have no default are an error, as in Flux since 2.9. */
  readonly strictSubstitution: boolean;
  /** Whose webhooks are taken; none if absent. */
  readonly webhooksFrom?: readonly Provider[];
}

/** One Kustomization's part in a push. */
export interface PushProgress {
  readonly kustomization: Kustomization;
  readonly source: GitRepository;
  readonly sha: string;
  /** The pushes that asked for this sync, the newest last; empty for a sync that nobody pushed for. */
  readonly pushIds: readonly string[];
}

/** A push that moved a source, and whom it reaches. */
export interface PushAnnouncement {
  readonly source: GitRepository;
  readonly sha: string;
  readonly pushId: string;
  /** The Kustomizations that the push changed, of so many that use the source. */
  readonly affected: readonly Kustomization[];
  readonly followers: number;
  /** Pushes that this one overtook before the source was synced. */
  readonly overtaken: readonly { readonly sha: string; readonly pushId: string | undefined }[];
}

/** Tells pushes and commits how it goes. Never throws, never waits: a provider that is away delays no deployment. */
export interface PushReports {
  /** To be called before anybody is asked to deploy the push. */
  announced(announcement: PushAnnouncement): void;
  started(progress: PushProgress): void;
  ended(progress: PushProgress, outcome: SyncOutcome, attempt: Attempt): void;
}
