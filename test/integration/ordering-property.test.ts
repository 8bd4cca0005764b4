import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Exploration } from '../support/explore-orderings.ts';
import { startRedis, type TestRedis } from '../support/start-redis.ts';

/*
 * Order, by property: 10,000 random interleavings of pushes, force pushes, deletions, hooks (late, twice, never, forged),
 * lagging replicas, syncs in two processes, crashes, lost leases, a flushed Redis and polls. What of it is real and what
 * is simulated is written in ordering-world.ts and simulated-process.ts. HAWSER_TEST_SEED runs a seed again.
 */
const RUNS = Number(process.env.HAWSER_TEST_ORDERINGS ?? 10_000);
/** Fixed, so that a build does not depend on luck; others are explored by hand. */
const SEED = Number(process.env.HAWSER_TEST_SEED ?? 1);
/** In threads, away from the hooks by which the test runner follows each promise: those cost more than the test. */
const THREADS = 2;
const LANES = 20;

let redis: TestRedis;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

test("Whatever happens in whatever order, the remote's tip is deployed, nothing else, never backwards, and each delivery is answered", async (t) => {
  t.diagnostic(`${RUNS} interleavings, HAWSER_TEST_SEED=${SEED}`);

  const failures = await Promise.all(
    Array.from({ length: THREADS }, (_, thread) =>
      explore(t.signal, {
        socket: redis.socket,
        seed: SEED + thread * LANES,
        lanes: LANES,
        runsPerLane: Math.ceil(RUNS / THREADS / LANES),
      }),
    ),
  );

  const found = failures.find((failure) => failure !== undefined);
  assert.ok(found === undefined, found);
});

/** Answers the first counterexample; undefined if there is none. */
async function explore(signal: AbortSignal, workerData: Exploration): Promise<string | undefined> {
  const worker = new Worker(new URL('../support/explore-orderings.ts', import.meta.url), { workerData });
  try {
    const [failure] = await once(worker, 'message', { signal });
    return failure;
  } finally {
    await worker.terminate();
  }
}
