import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { PushView } from '../../src/http/push-view.ts';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { eventually } from '../support/eventually.ts';
import { makeConfigMap, makeGitRepository, makeKustomization } from '../support/make-kustomization.ts';
import { sendPush } from '../support/make-push.ts';
import { makeRepository, type Repository } from '../support/make-repository.ts';
import { readPush } from '../support/read-push.ts';
import { type Story, useStory, WEBHOOK_SECRET } from '../support/use-story.ts';

/*
 * The orders of events that the property test tries by the thousand, some of them against the real thing: Hawser's
 * process, BullMQ, Redis, git over HTTP, the API server. Each lane is a repository with a random history of its own; the
 * process that deploys them all is killed at random instants.
 */
const SEED = Number(process.env.HAWSER_TEST_SEED ?? Date.now() % 2 ** 30);
const LANES = Number(process.env.HAWSER_TEST_LANES ?? 12);
const KILLS = 3;
const PATIENCE_MS = 90_000;

const STEPS = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant('push') },
    { weight: 2, arbitrary: fc.constant('force-push') },
    { weight: 4, arbitrary: fc.constant('hook') },
    { weight: 1, arbitrary: fc.constant('old hook') },
    { weight: 1, arbitrary: fc.constant('forged hook') },
    { weight: 2, arbitrary: fc.constant('lag') },
  ),
  { minLength: 4, maxLength: 8 },
);

interface Hook {
  readonly before: string;
  readonly after: string;
  readonly deliveryId: string;
}

interface Lane {
  readonly name: string;
  readonly repository: Repository;
  /** What the ref has named, in order. */
  readonly named: string[];
  readonly hooks: Hook[];
  readonly accepted: Response[];
}

test('Random histories end at the tip and never go backwards, and each accepted push is answered, while Hawser is killed again and again', async (t) => {
  t.diagnostic(`${LANES} lanes, HAWSER_TEST_SEED=${SEED}`);
  const story = await useStory(t, { patienceMs: PATIENCE_MS });
  const histories = fc.sample(STEPS, { seed: SEED, numRuns: LANES });
  const lanes: Lane[] = [];
  for (const index of histories.keys()) lanes.push(await openLane(story, `lane-${index}`));
  const deployed = watchDeployed(t, story);
  for (const { name, repository } of lanes) await createLane(story, name, repository.url);
  await Promise.all(lanes.map(({ name, named }) => isApplied(story, name, named.at(-1) ?? '')));

  const lives = lanes.map((lane, index) => live(story, lane, histories[index] ?? []));
  for (const pauseMs of fc.sample(fc.integer({ min: 200, max: 3_000 }), { seed: SEED, numRuns: KILLS })) {
    await delay(pauseMs);
    await story.hawser.end('SIGKILL');
    await story.start();
  }
  await Promise.all(lives);

  await Promise.all(lanes.map(({ name, named }) => isApplied(story, name, named.at(-1) ?? '')));
  for (const { name, named } of lanes) assertWalk(deployed.get(name) ?? [], named);
  await Promise.all(lanes.flatMap(({ accepted }) => accepted.map((answer) => isAnswered(story, answer))));
});

async function openLane({ gitServer }: Story, name: string): Promise<Lane> {
  const repository = await makeRepository(gitServer, `acme/${name}`);
  const lane: Lane = { name, repository, named: [], hooks: [], accepted: [] };
  await push(lane);
  return lane;
}

async function createLane({ create, namespace }: Story, name: string, url: string): Promise<void> {
  const sourceRef = { kind: 'GitRepository', name };
  await create(
    makeGitRepository({ name, namespace }, { url, interval: '15s' }),
    makeKustomization({ name, namespace }, { sourceRef }),
  );
}

/** The commit's own content names its place in the history, so that the object in the cluster tells what is deployed. */
async function push({ name, repository, named, hooks }: Lane): Promise<void> {
  const before = named.at(-1) ?? '0'.repeat(40);
  const content = `${hooks.length}`;
  const after = await repository.commitAndPush({ 'config.yaml': makeConfigMap(name, { content }) });
  named.push(after);
  hooks.push({ before, after, deliveryId: `${name}-${hooks.length}` });
}

type Act = (story: Story, lane: Lane) => Promise<void>;

const ACTS: Readonly<Record<string, Act>> = {
  push: (_story, lane) => push(lane),
  'force-push': (_story, lane) => rollBack(lane),
  hook: (story, lane) => hook(story, lane, lane.hooks.at(-1)),
  'old hook': (story, lane) => hook(story, lane, lane.hooks[0]),
  'forged hook': (story, lane) =>
    hook(story, lane, {
      before: lane.named.at(-1) ?? '',
      after: 'e'.repeat(40),
      deliveryId: `${lane.name}-forged`,
    }),
  lag,
};

/** Goes through one history; what a hook tells may be heard by nobody. */
async function live(story: Story, lane: Lane, steps: readonly string[]): Promise<void> {
  for (const step of steps) {
    await ACTS[step]?.(story, lane);
    await delay(100);
  }
}

async function hook({ hawser }: Story, { repository, accepted }: Lane, told: Hook | undefined): Promise<void> {
  if (!told) return;
  const { name, url } = repository;
  const options = { secret: WEBHOOK_SECRET, repository: name, url, ...told };
  const answer = await sendPush(hawser.publicUrl, options).catch(() => undefined);
  if (answer?.status === 202) accepted.push(answer);
}

/** A replica answers late, by less than the 3 s for which an unexplained way back must be named. */
async function lag({ gitServer }: Story, lane: Lane): Promise<void> {
  const [sha = ''] = lane.named.slice(-1);
  gitServer.set({ holdRef: { ref: 'refs/heads/main', sha } }, lane.repository.name);
  await push(lane);
  await delay(700);
  gitServer.set({ holdRef: undefined }, lane.repository.name);
}

async function rollBack({ name, repository, named, hooks }: Lane): Promise<void> {
  const [after, before] = named.slice(-2);
  if (after === undefined || before === undefined || after === before) return;
  await repository.resetHard(after);
  await repository.push({ force: true });
  named.push(after);
  hooks.push({ before, after, deliveryId: `${name}-${hooks.length}` });
}

/** The revisions that each Kustomization said it was at, in order. */
function watchDeployed(t: { after(end: () => Promise<void>): void }, { client, namespace }: Story) {
  const deployed = new Map<string, string[]>();
  const note = ({ metadata, status }: Pick<Kustomization, 'metadata' | 'status'>) => {
    const sha = status?.lastAppliedRevision?.slice(-40);
    const seen = deployed.get(metadata.name) ?? [];
    if (sha !== undefined && seen.at(-1) !== sha) deployed.set(metadata.name, [...seen, sha]);
  };
  const query = { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', plural: 'kustomizations', namespace };
  const watch = client.watch(query, {
    onSnapshot: (items) => items.map((item) => item as Kustomization).forEach(note),
    onEvent: (_type, object) => note(object as Kustomization),
  });
  t.after(() => watch.stop());
  return deployed;
}

async function isApplied(story: Story, name: string, sha: string): Promise<void> {
  await story.applied(sha, name);
}

/** What was deployed is a walk along what the ref has named, never back along it. */
function assertWalk(deployed: readonly string[], named: readonly string[]): void {
  let at = 0;
  for (const sha of deployed) {
    while (at < named.length && named[at] !== sha) at++;
    assert.ok(at < named.length, `deployed ${deployed.join(', ')} of ${named.join(', ')}`);
  }
}

async function isAnswered({ hawser }: Story, answer: Response): Promise<void> {
  await eventually(
    async () => {
      const { reason, outcomes }: PushView = await readPush(hawser, answer);
      assert.ok(reason !== undefined || Object.keys(outcomes).length > 0, 'the push has neither outcome nor reason');
    },
    { timeoutMs: PATIENCE_MS, everyMs: 500 },
  );
}
