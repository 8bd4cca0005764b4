import fc from 'fast-check';
import type { OrderingWorld } from './ordering-world.ts';

/** Replicas answer late by less than the 3 s for which an unexplained way back must be named. */
const LAGS_MS = [0, 0, 50, 400, 1_500, 2_900];

type Step = (world: OrderingWorld) => Promise<void> | void;

/** One thing that happens, by a name that a counterexample shows. */
export interface NamedStep {
  readonly name: string;
  readonly run: Step;
}

const which = fc.nat(1);
const index = fc.nat(5);
const named = (name: string, run: Step): NamedStep => ({ name, run });
const always = (name: string, run: Step) => fc.constant(named(name, run));

const STEP: fc.Arbitrary<NamedStep> = fc.oneof(
  { weight: 6, arbitrary: always('push', (world) => world.push()) },
  { weight: 1, arbitrary: always('push without a change', (world) => world.push({ isEmpty: true })) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 3 }).map((n) => named(`force-push ${n} back`, (world) => world.forcePush(n))),
  },
  { weight: 1, arbitrary: always('delete the branch', (world) => world.deleteBranch()) },
  { weight: 1, arbitrary: always('forge a hook', (world) => world.forgeHook()) },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.constantFrom(...LAGS_MS), { minLength: 1, maxLength: 3 })
      .map((lags) => named(`lag ${lags.join(', ')} ms`, (world) => world.lag(...lags))),
  },
  {
    weight: 8,
    arbitrary: fc.nat(7).map((n) => named(`deliver the newest hook but ${n}`, (world) => world.deliver(n))),
  },
  {
    weight: 6,
    arbitrary: which.map((p) => named(`handle a delivery in ${p}`, (world) => world.takeDelivery(p))),
  },
  {
    weight: 10,
    arbitrary: which.map((p) => named(`sync the source in ${p}`, (world) => world.startSync('GitRepository', p))),
  },
  {
    weight: 8,
    arbitrary: which.map((p) =>
      named(`sync the Kustomization in ${p}`, (world) => world.startSync('Kustomization', p)),
    ),
  },
  {
    weight: 30,
    arbitrary: fc.tuple(index, fc.integer({ min: 1, max: 8 })).map(([n, times]) =>
      named(`${times} steps of run ${n}`, async (world) => {
        for (let time = 0; time < times; time++) await world.step(n);
      }),
    ),
  },
  { weight: 12, arbitrary: index.map((n) => named(`the rest of run ${n}`, (world) => world.finish(n))) },
  { weight: 5, arbitrary: always('wake', (world) => world.wake()) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(10, 100, 600, 1_500, 3_100, 31_000)
      .map((ms) => named(`pass ${ms} ms`, (world) => world.pass(ms))),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(which, fc.integer({ min: 1, max: 3 }))
      .map(([p, most]) => named(`${p} sees ${most} changes`, (world) => world.see(p, most))),
  },
  { weight: 3, arbitrary: which.map((p) => named(`crash ${p}`, (world) => world.crash(p))) },
  { weight: 4, arbitrary: index.map((n) => named(`lease ${n} ends`, (world) => world.loseLease(n))) },
  { weight: 2, arbitrary: always('flush Redis', (world) => world.flushRedis()) },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isAway) =>
      named(`the remote is ${isAway ? 'away' : 'there'}`, (world) => {
        world.remote.isAway = isAway;
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((isAway) =>
      named(`the cluster is ${isAway ? 'away' : 'there'}`, (world) => {
        world.cluster.isAway = isAway;
      }),
    ),
  },
);

/** What happens in one interleaving, in order. */
export const STEPS = fc.array(STEP, { maxLength: 40, size: 'max' });
