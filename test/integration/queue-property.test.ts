import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { formatKey } from '../../src/model/object-key.ts';
import { createPendingStore, type PendingStore } from '../../src/queue/pending-store.ts';
import { createQueueKeys, type QueueKeys } from '../../src/queue/queue-keys.ts';
import { makeHint, makeKey } from '../support/queue-scenario.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';

const APP = makeKey('app', 'GitRepository');
const MEMBER = formatKey(APP);

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

interface Run {
  readonly token: string;
  readonly started: number;
  readonly hintIds: readonly string[];
  hintsUpTo: number;
  isCrashed: boolean;
}

/** What must be true of the pending request, whatever happens to it, and in which order. */
class Model {
  readonly store: PendingStore;
  readonly keys: QueueKeys;
  readonly client: Redis;
  readonly asked: string[] = [];
  readonly served = new Set<string>();
  /** Every run that ever began and has not ended; at most one of them is not crashed. */
  runs: Run[] = [];

  constructor(client: Redis) {
    this.client = client;
    this.keys = createQueueKeys(`{${randomUUID()}}`);
    this.store = createPendingStore(client, { keys: this.keys, leaseMs: 60_000, graceMs: 0 });
  }

  async ask(): Promise<void> {
    const id = String(this.asked.length + 1);
    await this.store.ask({ key: APP, cause: 'webhook', hint: makeHint(id), pushId: `p${id}` });
    this.asked.push(id);
  }

  async begin(): Promise<'idle' | 'held' | 'granted'> {
    const token = randomUUID();
    const beginning = await this.store.begin(MEMBER, token);
    const isHeld = this.runs.some(({ isCrashed }) => !isCrashed);
    if (beginning.kind === 'granted') {
      assert.equal(isHeld, false, 'a second run was let in');
      const { hints, wanted } = beginning.pending;
      const hintIds = hints.map(({ deliveryId }) => deliveryId);
      this.runs.push({ token, started: wanted, hintIds, hintsUpTo: wanted, isCrashed: false });
    }
    if (beginning.kind === 'idle') assert.deepEqual(this.unserved(), [], 'nothing to do, though requests are open');
    if (beginning.kind === 'held') assert.equal(isHeld, true, 'held by nobody');
    return beginning.kind;
  }

  /** The newest run, crashed ones included: a process that stood still for longer than its lease ends late. */
  async end(index: number): Promise<void> {
    const run = this.runs.at(index % Math.max(1, this.runs.length));
    if (!run) return;
    const { token, started, hintsUpTo } = run;
    const nextInMs = index % 2 === 0 ? undefined : 60_000;
    const ending = { member: MEMBER, token, started, hintsUpTo, hintIds: [], nextInMs, forget: false };
    const result = await this.store.end({ ...ending, nextCause: 'interval' });
    assert.equal(result === 'lost', run.isCrashed, `a ${run.isCrashed ? 'crashed' : 'living'} run ended as ${result}`);
    this.runs = this.runs.filter((other) => other !== run);
    if (result !== 'lost') for (const id of run.hintIds) this.served.add(id);
  }

  /** The process dies, or its lease expires under it. */
  async crash(): Promise<void> {
    for (const run of this.runs) run.isCrashed = true;
    await this.client.del(this.keys.lease(MEMBER));
  }

  async claim(): Promise<void> {
    await this.store.wakeAll();
    await this.store.claim(10);
  }

  async wake(inMs: number): Promise<void> {
    await this.store.wake(MEMBER, { inMs, cause: 'retry' });
  }

  unserved(): string[] {
    return this.asked.filter((id) => !this.served.has(id));
  }

  /** An open request has its safety net. */
  async verify(): Promise<void> {
    const { wanted, done } = await this.store.read(MEMBER);
    const score = await this.client.zscore(this.keys.wake, MEMBER);
    if (this.unserved().length > 0) {
      assert.ok(wanted > done, 'a request is open, but nothing is wanted');
      assert.notEqual(score, null, 'a request is open, but nothing will wake its key');
    }
  }
}

const STEP = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'ask' as const, n: 0 }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'begin' as const, n: 0 }) },
  { weight: 3, arbitrary: fc.nat(3).map((n) => ({ kind: 'end' as const, n })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const, n: 0 }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'claim' as const, n: 0 }) },
  { weight: 1, arbitrary: fc.nat(1_000).map((n) => ({ kind: 'wake' as const, n })) },
);

test('Whatever the order of asking, running, crashing and waking, no request is lost and no two runs meet', async (t) => {
  const seed = Date.now() % 2 ** 31;
  t.diagnostic(`seed ${seed}`);
  // At most 20 requests: beyond that the oldest hints are dropped, as they should be.
  const steps = fc
    .array(STEP, { maxLength: 40 })
    .filter((all) => all.filter(({ kind }) => kind === 'ask').length <= 20);
  const property = fc.asyncProperty(steps, async (all) => {
    const model = new Model(redis.client);
    for (const { kind, n } of all) {
      await model[kind](n);
      await model.verify();
    }
    await model.crash();
    // `begin` itself asserts that nothing is idle while requests are open.
    await model.begin();
    while (model.runs.length > 0) await model.end(0);
    assert.deepEqual(model.unserved(), []);
  });

  await fc.assert(property, { seed, numRuns: 300 });
});
