import { computeHealth } from '../../src/health/compute-health.ts';
import type { KubeClient, Watch } from '../../src/kube/kube-client.ts';
import { parseManifests } from '../../src/manifest/parse-manifests.ts';
import { type Condition, findCondition } from '../../src/model/conditions.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { eventually } from '../../test/support/eventually.ts';
import {
  makeConfigMap,
  makeDeployment,
  makeGitRepository,
  makeKustomization,
} from '../../test/support/make-kustomization.ts';
import { createFloor } from '../measure-floor.ts';
import type { Stage } from '../stage.ts';
import { median, type Row } from '../statistics.ts';

/** What a round has seen so far, in milliseconds since the hook was sent. */
interface Round {
  readonly id: string;
  readonly sha: string;
  readonly startedAt: number;
  readonly changed: Map<string, number>;
  rolledOut?: number;
  ready?: number;
}

const WARM_UPS = 3;
const KINDS = [
  { group: 'apps', version: 'v1', plural: 'deployments' },
  { group: '', version: 'v1', plural: 'services' },
  { group: '', version: 'v1', plural: 'configmaps' },
  { group: '', version: 'v1', plural: 'secrets' },
];
const ROUND_LABEL = 'round';

/**
 * One source, one Kustomization of four objects, all of which change with every push; it waits for health. Each round
 * is followed by the floor on the same servers, in a namespace of its own.
 */
export async function pushOne(stage: Stage, rounds: number): Promise<{ rows: Row[]; ratio: number }> {
  const { namespace, client, repository } = stage;
  const floorNamespace = await stage.createNamespace('floor');
  const observer = watchRounds(client, namespace);
  const floor = createFloor({ client, dataDir: stage.scratchDir, url: repository.url });
  let before = await repository.commitAndPush(makeManifests('start'));
  await stage.create(
    makeGitRepository({ namespace }, { url: repository.url }),
    makeKustomization({ namespace }, { wait: true }),
  );
  await observer.synced;
  await observer.waitReady(before);

  const names = [
    'hook answered',
    'first object changed',
    'all applied',
    'rolled out',
    'Ready',
    'status posted',
  ] as const;
  const results = new Map<string, number[]>([...names, 'floor: one fetch, four applies'].map((name) => [name, []]));
  for (let number = -WARM_UPS; number < rounds; number++) {
    const after = await repository.commitAndPush(makeManifests(`r${number + WARM_UPS}`));
    const round = observer.start(`r${number + WARM_UPS}`, after);
    const answer = await stage.hook({ before, after });
    const answered = performance.now() - round.startedAt;
    if (answer.status !== 202) throw new Error(`the hook was answered ${answer.status}`);
    await observer.waitReady(after);
    const posted = await stage.github.waitFor(({ sha, state }) => sha === after && state === 'success');
    const objects = parseRound(round.id, floorNamespace);
    const floorMs = await floor.measure(after, objects);
    before = after;
    await settle(client, [namespace, floorNamespace]);
    if (number < 0) continue;
    const changes = [...round.changed.values()];
    const values: Record<(typeof names)[number], number> = {
      'hook answered': answered,
      'first object changed': Math.min(...changes),
      'all applied': Math.max(...changes),
      'rolled out': round.rolledOut ?? Number.NaN,
      Ready: round.ready ?? Number.NaN,
      'status posted': posted.at - performance.timeOrigin - round.startedAt,
    };
    for (const name of names) results.get(name)?.push(values[name]);
    results.get('floor: one fetch, four applies')?.push(floorMs);
  }
  await floor.stop();
  await observer.stop();
  const rows = [...results].map(([what, measured]) => ({ what, values: measured }));
  const ratio = median(results.get('all applied') ?? []) / median(results.get('floor: one fetch, four applies') ?? []);
  return { rows, ratio };
}

/** A rollout goes on after its objects are applied: the next round must not pay for the one before. */
async function settle(client: KubeClient, namespaces: readonly string[]): Promise<void> {
  const list = async (group: string, plural: string, namespace: string) =>
    (await client.list({ group, version: 'v1', plural, namespace })).items;
  await eventually(
    async () => {
      for (const namespace of namespaces) {
        const deployments = await list('apps', 'deployments', namespace);
        const pods = await list('', 'pods', namespace);
        const isSettled = deployments.every((deployment) => computeHealth(deployment).status === 'Current');
        if (!isSettled || pods.length !== deployments.length * 2) throw new Error(`${namespace} is still rolling out`);
      }
    },
    { timeoutMs: 30_000, everyMs: 100 },
  );
}

function makeManifests(round: string): Record<string, string> {
  const label = `  labels:\n    ${ROUND_LABEL}: ${round}\n`;
  const withLabel = (manifest: string) => manifest.replace(/metadata:\n( {2}name: .*\n)/, `metadata:\n$1${label}`);
  return {
    'deployment.yaml': makeDeployment('web', `web:${round}`).replace(
      '    app: web\n',
      `    app: web\n    ${ROUND_LABEL}: ${round}\n`,
    ),
    'config.yaml': withLabel(makeConfigMap('settings', { round })),
    'secret.yaml': withLabel(
      `apiVersion: v1\nkind: Secret\nmetadata:\n  name: token\nstringData:\n  round: ${round}\n`,
    ),
    'service.yaml': withLabel(
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector:\n    app: web\n  ports:\n  - port: 80\n',
    ),
  };
}

function parseRound(round: string, namespace: string): KubeObject[] {
  return Object.entries(makeManifests(round))
    .flatMap(([file, text]) => parseManifests(text, { file }))
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

/** Follows the four objects and the Kustomization, and notes when each first shows the current round. */
function watchRounds(client: KubeClient, namespace: string) {
  let round: Round | undefined;
  let waiting: { sha: string; resolve: () => void } | undefined;
  let applied: string | undefined;
  const onObject = (object: KubeObject) => {
    if (!round || object.metadata.labels?.[ROUND_LABEL] !== round.id) return;
    const at = performance.now() - round.startedAt;
    if (!round.changed.has(object.kind)) round.changed.set(object.kind, at);
    if (object.kind === 'Deployment' && computeHealth(object).status === 'Current') round.rolledOut ??= at;
  };
  const onKustomization = (object: KubeObject) => {
    const status = object.status as { conditions?: Condition[]; lastAppliedRevision?: string } | undefined;
    if (findCondition(status?.conditions, 'Ready')?.status !== 'True') return;
    applied = status?.lastAppliedRevision?.split(':')[1];
    if (round && applied === round.sha) round.ready ??= performance.now() - round.startedAt;
    if (waiting && applied === waiting.sha) waiting.resolve();
  };
  const follow = (kind: (typeof KINDS)[number], take: (object: KubeObject) => void): Watch =>
    client.watch(
      { ...kind, namespace },
      { onSnapshot: (items) => items.forEach(take), onEvent: (_, object) => take(object) },
    );
  const resource = { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', plural: 'kustomizations' };
  const watches = [...KINDS.map((kind) => follow(kind, onObject)), follow(resource, onKustomization)];
  return {
    synced: Promise.all(watches.map((watch) => watch.synced)),
    start(id: string, sha: string): Round {
      round = { id, sha, startedAt: performance.now(), changed: new Map() };
      return round;
    },
    async waitReady(sha: string): Promise<void> {
      if (applied === sha) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { sha, resolve };
      const timer = setTimeout(() => {
        throw new Error(`${sha} was not Ready after 30 s; the last one was ${applied}`);
      }, 30_000);
      await promise;
      clearTimeout(timer);
    },
    stop: () => Promise.all(watches.map((watch) => watch.stop())),
  };
}
