import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { type NamedStep, STEPS } from './ordering-steps.ts';
import { OrderingWorld } from './ordering-world.ts';

/** What a worker thread is to do: so many lanes, each with a seed of its own, side by side on one connection. */
export interface Exploration {
  readonly socket: string;
  /** Of the first lane; the others count on from it. */
  readonly seed: number;
  readonly lanes: number;
  readonly runsPerLane: number;
}

async function runThrough(steps: readonly NamedStep[], client: Redis): Promise<void> {
  const world = new OrderingWorld(client);
  try {
    world.push();
    await world.restore();
    for (const { run } of steps) await run(world);
    await world.calmDown();
    const { tip } = world.remote;
    if (tip !== undefined) assert.equal(world.applied.at(-1)?.sha, tip, 'the end state is not the tip of the remote');
    for (const [id, { opening, reason, outcomes }] of world.records.all) {
      if (opening.heard !== 'webhook') continue;
      assert.ok(reason !== undefined || outcomes.size > 0, `${id} has neither outcome nor reason`);
    }
  } finally {
    await world.stop();
  }
}

let failedLane: number | undefined;

async function runLane(lane: number, client: Redis): Promise<void> {
  const property = fc.asyncProperty(STEPS, async (steps) => {
    if (failedLane !== undefined && failedLane !== lane) return;
    try {
      await runThrough(steps, client);
    } catch (error) {
      failedLane ??= lane;
      throw error;
    }
  });
  await fc.assert(property, {
    seed: seed + lane,
    numRuns: runsPerLane,
    asyncReporter: async ({ failed, seed, numShrinks, counterexample, errorInstance }) => {
      if (!failed) return;
      const steps = counterexample?.[0].map(({ name }) => `\n  ${name}`).join('') ?? '';
      const message = `HAWSER_TEST_SEED=${seed} finds it again; after ${numShrinks} shrinks:${steps}`;
      throw new Error(message, { cause: errorInstance });
    },
  });
}

async function explore({ socket, lanes }: Exploration): Promise<void> {
  // Commands of all lanes go in one write, which is most of what a command costs.
  const client = new Redis({ path: socket, enableAutoPipelining: true });
  try {
    await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane, client)));
  } finally {
    client.disconnect();
  }
}

const { seed, runsPerLane, ...rest } = workerData as Exploration;
try {
  await explore({ seed, runsPerLane, ...rest });
  parentPort?.postMessage(undefined);
} catch (error) {
  const { message, cause } = error as Error;
  parentPort?.postMessage(`${message}\n${cause instanceof Error ? cause.message : ''}`);
}
