import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { DelayedError } from 'bullmq';
import type { Redis } from 'ioredis';
import { HawserError } from '../../src/errors/hawser-error.ts';
import { formatKey, type SyncKind } from '../../src/model/object-key.ts';
import type { Push } from '../../src/model/push.ts';
import type { PushRecords } from '../../src/push-record/create-push-records.ts';
import type { PushDelivery } from '../../src/queue/delivery.ts';
import { createPendingStore, type PendingStore } from '../../src/queue/pending-store.ts';
import { createQueueKeys } from '../../src/queue/queue-keys.ts';
import { runSyncJob } from '../../src/queue/run-sync-job.ts';
import { runDelivery } from '../../src/worker/run-delivery.ts';
import { makeGitRepository, makeKustomization } from './make-kustomization.ts';
import { createMemoryRecords, type MemoryRecords } from './memory-records.ts';
import { makeKey } from './queue-scenario.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { type Disk, SimulatedProcess, type Surroundings } from './simulated-process.ts';
import { MAIN, SimulatedRemote } from './simulated-remote.ts';
import { Actor } from './step-by-step.ts';

const URL_OF_SOURCE = 'https://git.example.com/acme/app';
const ZEROS = '0'.repeat(40);
const LEASE_MS = 60_000;
/** As long as a lease of the real ones: nothing is run in a Redis that is younger. */
const GRACE_MS = 15_000;
const START = Date.parse('2026-01-01T00:00:00Z');

/** Long enough for what is waited for: 3 s of equal answers for each process, and 30 s for a hook without its commit. */
const CALM_ROUNDS_MS = [0, 0, 3_100, 3_100, 31_000, 0, 3_100, 3_100];

interface Hook {
  readonly id: string;
  readonly before: string;
  readonly after: string;
}

interface Job {
  readonly delivery: PushDelivery;
  actor: Actor | undefined;
}

interface Run {
  readonly actor: Actor;
  readonly process: number;
  readonly member: string;
  isLeaseLost: boolean;
}

/**
 * A remote, a cluster, two Hawser processes and a Redis, in which one thing happens at a time. Real: Redis with its
 * scripts (asking, leases, wake-ups, endings), `runSyncJob`, `runDelivery`, and what SimulatedProcess names. Simulated:
 * the clock, the remote's answers, status writes, push records, and BullMQ's own part: which job starts when, how often,
 * and in which process, is the test's choice, also where BullMQ would not choose so.
 */
export class OrderingWorld {
  readonly remote: SimulatedRemote;
  readonly cluster: SimulatedCluster;
  readonly records: MemoryRecords = createMemoryRecords();
  readonly applied: { readonly sha: string; readonly at: number }[] = [];
  readonly hooks: Hook[] = [];
  readonly #redis: Redis;
  readonly #keys = createQueueKeys(`{${randomUUID()}}`);
  readonly #store: PendingStore;
  readonly #around: Surroundings;
  readonly #disks: Disk[] = [{ artifacts: new Set() }, { artifacts: new Set() }];
  readonly #processes: SimulatedProcess[];
  #seen = new Set<string>();
  #jobs: Job[] = [];
  #runs: Run[] = [];
  #background: Promise<unknown>[] = [];
  #now = START;
  #commits = 0;
  #violation: unknown;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#store = createPendingStore(redis, { keys: this.#keys, leaseMs: LEASE_MS, graceMs: 0 });
    this.remote = new SimulatedRemote(() => this.#now);
    const source = { name: 'app', namespace: 'default' };
    const resources = [makeGitRepository(source, { url: URL_OF_SOURCE }), makeKustomization(source)];
    this.cluster = new SimulatedCluster(
      resources.map((resource) => ({
        ...resource,
        metadata: { ...resource.metadata, uid: resource.kind, generation: 1, finalizers: ['finalizers.fluxcd.io'] },
      })),
    );
    this.#around = {
      remote: this.remote,
      cluster: this.cluster,
      store: this.#store,
      records: this.records as unknown as PushRecords,
      now: () => new Date(this.#now),
      onApplied: (sha) => this.#noteApplied(sha),
      inBackground: (work) => this.#background.push(work),
    };
    this.#processes = this.#disks.map((disk) => new SimulatedProcess(this.#around, disk));
  }

  // What happens at the remote.

  /** A commit on the branch; one without a change has the tree of the commit before. */
  push({ isEmpty = false } = {}): void {
    const sha = this.#newSha('c');
    this.remote.commit(sha, isEmpty ? this.remote.tip : undefined);
    this.#move(sha);
  }

  /** Back to what the ref named some moves ago. */
  forcePush(back: number): void {
    const named = this.remote.states.flatMap(({ sha }) => sha ?? []);
    const sha = named.at(-1 - (back % Math.max(1, named.length)));
    if (sha !== undefined && sha !== this.remote.tip) this.#move(sha);
  }

  deleteBranch(): void {
    if (this.remote.tip !== undefined) this.#move(undefined);
  }

  /** Somebody signs a hook for a commit of a fork. */
  forgeHook(): void {
    const sha = this.#newSha('e');
    this.remote.commit(sha);
    this.#addHook(this.remote.tip ?? ZEROS, sha);
  }

  lag(...lagsMs: number[]): void {
    this.remote.lagsMs = lagsMs;
  }

  // What happens to deliveries.

  /** The provider delivers the newest hook but so many, maybe once more, maybe after newer ones. */
  deliver(back: number): void {
    const hook = this.hooks.at(-1 - (back % Math.max(1, this.hooks.length)));
    if (!hook) return;
    const { id, before, after } = hook;
    const push: Push = {
      provider: 'github',
      repositoryUrls: [URL_OF_SOURCE],
      repository: 'acme/app',
      ref: MAIN,
      before,
      after,
    };
    const redelivered = this.#seen.has(id);
    this.#seen.add(id);
    this.#jobs.push({ delivery: { id, push, receivedAt: this.#now, redelivered }, actor: undefined });
  }

  /** A process takes a delivery from its queue; it stays there until it is done. */
  async takeDelivery(process: number): Promise<void> {
    const job = this.#jobs.find(({ actor }) => !actor);
    if (!job) return;
    await this.#begin({ process, member: 'delivery', name: `delivery ${job.delivery.id}` }, async (actor) => {
      job.actor = actor;
      const { resources } = this.#processes[process]!;
      const { queues, pushRecords, logger } = this.#processes[process]!.depsOf(actor);
      try {
        await runDelivery({ resources, queues, pushRecords, logger }, job.delivery);
        this.#jobs = this.#jobs.filter((other) => other !== job);
      } finally {
        job.actor = undefined;
      }
    });
  }

  // What happens to syncs.

  /** A job of a key starts in a process, whether or not there is anything to do. */
  async startSync(kind: SyncKind, process: number): Promise<void> {
    const member = formatKey(makeKey('app', kind));
    const hawser = this.#processes[process]!;
    await this.#begin({ process, member, name: `${member} in ${process}` }, async (actor) => {
      const job = { data: { key: member }, moveToDelayed: async () => {}, moveToWait: async () => 0 };
      const deps = {
        store: this.#storeOf(actor),
        leaseMs: LEASE_MS,
        now: this.#around.now,
        observe: () => {},
        running: hawser.running,
        run: (run: Parameters<SimulatedProcess['runSource']>[1]) => {
          const guarded = { ...run, assertLease: () => this.#assertLease(actor) };
          return kind === 'GitRepository' ? hawser.runSource(actor, guarded) : hawser.runKustomization(actor, guarded);
        },
        nudge: () => {},
        isStopping: () => false,
      };
      await runSyncJob(deps, job, '').catch((error: unknown) => {
        if (!(error instanceof DelayedError)) throw error;
      });
    });
  }

  /** Wake-ups are due: the interval is over, a retry, or the safety net. */
  async wake(): Promise<void> {
    await this.#store.wakeAll();
    await this.#store.claim(10);
  }

  /** What runs goes on by one step. */
  async step(index: number): Promise<void> {
    const run = this.#runs[index % Math.max(1, this.#runs.length)];
    await run?.actor.step();
    await this.#settle();
  }

  /** What runs goes on to its end. */
  async finish(index: number): Promise<void> {
    const run = this.#runs[index % Math.max(1, this.#runs.length)];
    while (run && !run.actor.isFinished) {
      await run.actor.step();
      await this.#settle();
    }
  }

  // What goes wrong.

  /** A process dies and is started again: what it remembered is lost, its jobs are run again, its leases end. */
  async crash(process: number): Promise<void> {
    for (const run of this.#runs.filter((candidate) => candidate.process === process)) {
      await run.actor.kill();
      if (run.member !== 'delivery' && !run.isLeaseLost) await this.#redis.del(this.#keys.lease(run.member));
    }
    this.#processes[process]!.stop();
    this.#processes[process] = new SimulatedProcess(this.#around, this.#disks[process]!);
    await this.#settle();
  }

  /** A run stands still for longer than its lease, and does not know it. */
  async loseLease(index: number): Promise<void> {
    const runs = this.#runs.filter(({ member, isLeaseLost }) => member !== 'delivery' && !isLeaseLost);
    const run = runs[index % Math.max(1, runs.length)];
    if (!run) return;
    run.isLeaseLost = true;
    await this.#redis.del(this.#keys.lease(run.member));
  }

  /** Redis is emptied; the grace that follows outlasts leases, late replicas and late watches. Then what is missing is restored. */
  async flushRedis(): Promise<void> {
    const { pending, lease, wake, born } = this.#keys;
    const members = [formatKey(SOURCE), formatKey(KUSTOMIZATION)];
    await this.#redis.del(wake, born, ...members.flatMap((member) => [pending(member), lease(member)]));
    for (const run of this.#runs) run.isLeaseLost = true;
    this.records.clear();
    this.#seen = new Set();
    // What is at work goes on; nobody would run it again.
    this.#jobs = [];
    this.pass(GRACE_MS);
    for (const process of [0, 1]) await this.see(process);
    await this.restore();
  }

  async restore(): Promise<void> {
    for (const key of [SOURCE, KUSTOMIZATION]) {
      if (!(await this.#store.isKnown(formatKey(key)))) await this.#store.ask({ key, cause: 'restore' });
    }
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  async see(process: number, most?: number): Promise<void> {
    this.#processes[process]!.see(most);
    await this.#settle();
  }

  /** Faults end and everything that was begun goes on until nothing is left to do. */
  async calmDown(): Promise<void> {
    this.remote.isAway = false;
    this.cluster.isAway = false;
    this.lag(0);
    await this.restore();
    await this.#finishAll();
    while (this.#jobs.length > 0) {
      await this.takeDelivery(0);
      await this.#finishAll();
    }
    for (const [round, ms] of CALM_ROUNDS_MS.entries()) {
      this.pass(ms);
      await this.wake();
      const process = round % 2;
      await this.see(process);
      for (const kind of ['GitRepository', 'Kustomization'] as const) {
        await this.startSync(kind, process);
        await this.#finishAll();
      }
    }
  }

  async stop(): Promise<void> {
    for (const process of [0, 1]) await this.crash(process);
    for (const process of this.#processes) process.stop();
    const members = [formatKey(SOURCE), formatKey(KUSTOMIZATION)];
    const { pending, lease, wake, born } = this.#keys;
    await this.#redis.del(wake, born, ...members.flatMap((member) => [pending(member), lease(member)]));
  }

  async #finishAll(): Promise<void> {
    while (this.#runs.length > 0) await this.step(0);
  }

  async #begin(
    { process, member, name }: { process: number; member: string; name: string },
    work: (actor: Actor) => Promise<void>,
  ): Promise<void> {
    const actor = new Actor(name, async (self) => {
      await self.gate();
      await work(self);
    });
    const run: Run = { actor, process, member, isLeaseLost: false };
    this.#runs.push(run);
    await actor.standing;
    await actor.step();
    await this.#settle();
  }

  /** Waits for what nobody waits for, and forgets what has ended. */
  async #settle(): Promise<void> {
    while (this.#background.length > 0) await Promise.all(this.#background.splice(0));
    const ended = this.#runs.filter(({ actor }) => actor.isFinished);
    this.#runs = this.#runs.filter(({ actor }) => !actor.isFinished);
    for (const { actor } of ended) await actor.finished;
    if (this.#violation) throw this.#violation;
  }

  #storeOf(actor: Actor): PendingStore {
    return {
      ...this.#store,
      end: async (input) => {
        if (!actor.isDead) await actor.gate().catch(() => undefined);
        return actor.isDead ? 'lost' : await this.#store.end(input);
      },
      moveCursor: async (...move) => {
        await actor.gate();
        const isMoved = await this.#store.moveCursor(...move);
        await actor.gate();
        return isMoved;
      },
      wake: async (member, wakeUp) => {
        if (!actor.isDead) await this.#store.wake(member, wakeUp);
      },
    };
  }

  #assertLease(actor: Actor): void {
    actor.requireAlive();
    const run = this.#runs.find((candidate) => candidate.actor === actor);
    if (run?.isLeaseLost) throw new HawserError('SYNC_LEASE_LOST', 'the lease is lost');
  }

  #move(sha: string | undefined): void {
    const before = this.remote.tip ?? ZEROS;
    this.remote.move(sha);
    this.#addHook(before, sha ?? ZEROS);
  }

  #addHook(before: string, after: string): void {
    this.hooks.push({ id: `hook-${this.hooks.length}`, before, after });
  }

  #newSha(letter: string): string {
    return `${this.#commits++}`.padStart(40, letter);
  }

  #noteApplied(sha: string): void {
    this.applied.push({ sha, at: this.#now });
    try {
      assertInOrder(this.applied, this.remote.states);
    } catch (error) {
      // Thrown here it would count as a run that failed.
      this.#violation ??= error;
    }
  }
}

const SOURCE = makeKey('app', 'GitRepository');
const KUSTOMIZATION = makeKey('app', 'Kustomization');

/** I2 and I3: what was applied is a walk along what the ref has named, never back along it. */
function assertInOrder(
  applied: readonly { readonly sha: string }[],
  states: readonly { readonly sha: string | undefined }[],
): void {
  let at = 0;
  for (const { sha } of applied) {
    assert.ok(
      states.some((state) => state.sha === sha),
      `${sha} was applied, which the ref never named`,
    );
    while (at < states.length && states[at]?.sha !== sha) at++;
    assert.ok(
      at < states.length,
      `an older revision was applied after a newer one: ${short(applied)} of ${short(states)}`,
    );
  }
}

function short(list: readonly { readonly sha: string | undefined }[]): string {
  return list.map(({ sha }) => sha?.slice(-4) ?? 'none').join(' → ');
}
