import { HawserError } from '../../src/errors/hawser-error.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { formatKey, type ObjectKey } from '../../src/model/object-key.ts';
import type { SyncRequest } from '../../src/queue/pending-request.ts';
import type { PendingStore } from '../../src/queue/pending-store.ts';
import type { SyncEnding, SyncRun } from '../../src/queue/sync-run.ts';
import type { SyncDeps } from '../../src/sync/deps.ts';
import { openSource } from '../../src/sync/open-source.ts';
import { createResources } from '../../src/sync/resources.ts';
import type { SourceMemories } from '../../src/sync/source-memory.ts';
import { writeStatus } from '../../src/sync/write-status.ts';
import { followResources } from '../../src/watch/follow-resources.ts';
import { startSyncWorkers } from '../../src/worker/start-sync-workers.ts';
import { toEnding } from '../../src/worker/to-ending.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { SimulatedRemote } from './simulated-remote.ts';
import type { Actor } from './step-by-step.ts';

/** What all processes of a world share. */
export interface Surroundings {
  readonly remote: SimulatedRemote;
  readonly cluster: SimulatedCluster;
  readonly store: PendingStore;
  readonly records: SyncDeps['pushRecords'];
  readonly now: () => Date;
  /** Told of what is written for a Kustomization, at the moment it is written. */
  readonly onApplied: (sha: string) => void;
  /** Work that nobody waits for, such as a watch's requests. */
  readonly inBackground: (work: Promise<unknown>) => void;
}

const rhythmFrom = (now: Date) => ({ nextAt: new Date(now.getTime() + 60_000), retryMs: 1_000 });

/**
 * A Hawser process as far as order matters. Real: what it remembers, its resources, what its watches ask for, the whole
 * sync of a source with the worker around it, and how a Kustomization opens its source. Rendering and applying are not:
 * to apply a commit is to note it, under the lease, before the two status writes of a sync, none of which it waits for.
 */
export class SimulatedProcess {
  readonly memories: SourceMemories = new Map();
  /** Keys that this process runs. */
  readonly running = new Map<string, AbortController>();
  readonly #around: Surroundings;
  readonly #watch;
  readonly #resources;
  readonly #following;
  readonly #disk: Disk;

  constructor(around: Surroundings, disk: Disk) {
    this.#around = around;
    this.#disk = disk;
    this.#watch = around.cluster.watch();
    const gitRepositories = this.#watch.cache('GitRepository');
    const kustomizations = this.#watch.cache('Kustomization');
    this.#resources = createResources({ gitRepositories, kustomizations, artifactSources: { get: () => undefined } });
    this.#following = followResources({
      gitRepositories,
      kustomizations,
      queues: {
        requestSyncs: (requests) => this.#requestSyncs(requests),
        restore: async () => [],
        forget: async () => {},
        onReconnect: () => {},
      },
      announced: (uid) => this.memories.get(uid)?.announced,
      onError: (error) => {
        throw error;
      },
    });
  }

  get resources() {
    return this.#resources;
  }

  /** Lets changes of the cluster arrive. */
  see(most?: number): void {
    this.#watch.advance(most);
  }

  stop(): void {
    this.#following.stop();
    this.#around.cluster.unwatch(this.#watch);
  }

  /** What the pipeline acts through, each call of it a gate of the actor's. */
  depsOf(actor: Actor): SyncDeps {
    const { remote, cluster, records, now } = this.#around;
    const gate = () => actor.gate();
    const { artifacts } = this.#disk;
    return {
      resources: this.#resources,
      client: cluster.client(gate) as KubeClient,
      git: remote.client(this.#disk, gate),
      credentials: { forGitRepository: async () => undefined },
      artifacts: {
        write: async ({ sha }: { sha: string }) => {
          artifacts.add(sha);
          const lastUpdateTime = new Date(Math.floor(now().getTime() / 1000) * 1000).toISOString();
          return { path: sha, url: sha, digest: sha, size: 1, lastUpdateTime };
        },
        open: async (path: string) => (artifacts.has(path) ? { stream: { destroy: () => {} } } : undefined),
        collect: async () => {},
      },
      queues: {
        requestSyncs: async (requests: readonly SyncRequest[]) => {
          await gate();
          await this.#requestSyncs(requests);
          await gate();
        },
        readCursor: async (key: ObjectKey) => {
          await gate();
          const cursor = await this.#around.store.readCursor(formatKey(key));
          await gate();
          return cursor;
        },
      },
      pushRecords: records,
      sourceEvents: { record: () => {} },
      reports: { announced: () => {}, started: () => {}, ended: () => {} },
      memories: this.memories,
      metrics: NO_METRICS,
      logger: NO_LOGGER,
      now,
      policy: { allowCrossNamespaceRefs: true, strictSubstitution: false },
    } as unknown as SyncDeps;
  }

  /** Runs a source's sync as the worker does. */
  runSource(actor: Actor, run: SyncRun): Promise<SyncEnding> {
    let job: ((run: SyncRun) => Promise<SyncEnding>) | undefined;
    startSyncWorkers({
      ...this.depsOf(actor),
      concurrency: 1,
      startWorker: (kind, take) => {
        if (kind === 'GitRepository') job = take;
        return { stop: async () => {} };
      },
    });
    if (!job) throw new Error('no worker for sources was started');
    return job(run);
  }

  /** Runs what of a Kustomization's sync concerns the order of commits. */
  async runKustomization(actor: Actor, run: SyncRun): Promise<SyncEnding> {
    const { now } = this.#around;
    const deps = this.depsOf(actor);
    const kustomization = this.#resources.kustomization(run.key);
    if (!kustomization) throw new Error('no Kustomization');
    try {
      const source = await openSource(deps, kustomization, run);
      if (source && 'kind' in source) return toEnding(source, rhythmFrom(now()), now());
      if (!source?.git) {
        await this.#answer(run, { kind: 'blocked' });
        return toEnding({ kind: 'blocked', reason: '', message: '' }, rhythmFrom(now()), now());
      }
      const { revision, git } = source;
      await actor.gate();
      run.assertLease(0);
      this.#around.onApplied(git.sha);
      await actor.gate();
      const begun = await writeStatus(deps, { resource: kustomization, toStatus: attempting(revision) }, run);
      await writeStatus(deps, { resource: begun, toStatus: applied(revision) }, run);
      await this.#answer(run, { kind: 'done', revision });
      return toEnding({ kind: 'done', revision, changes: [] }, rhythmFrom(now()), now());
    } catch (error) {
      actor.requireAlive();
      if (!(error instanceof HawserError) || error.code === 'SYNC_LEASE_LOST') throw error;
      return { nextAt: new Date(now().getTime() + 1_000), nextCause: 'retry', keepAskers: true };
    }
  }

  async #answer(run: SyncRun, ended: { kind: string; revision?: string }): Promise<void> {
    const outcome = { ...ended, at: this.#around.now().toISOString() };
    for (const id of run.pending.pushIds) await this.#around.records.setOutcome(id, 'Kustomization', outcome);
  }

  async #requestSyncs(requests: readonly SyncRequest[]): Promise<void> {
    const asking = (async () => {
      for (const request of requests) await this.#around.store.ask(request);
    })();
    this.#around.inBackground(asking);
    await asking;
  }
}

/** What outlives a process: its Git store (by the identity of the disk) and its artifacts. */
export interface Disk {
  readonly artifacts: Set<string>;
}

function attempting(revision: string) {
  return ({ status }: Kustomization) => ({ ...status, lastAttemptedRevision: revision });
}

function applied(revision: string) {
  return ({ status }: Kustomization) => ({ ...status, lastAppliedRevision: revision });
}

const SERIES = { inc: () => {}, observe: () => {}, set: () => {} };
const NO_METRICS = new Proxy({}, { get: () => SERIES });
const NO_LOGGER = { debug: () => {}, info: () => {}, warn: () => {} };
