/**
 * Kustomizations side by side, each a lane: one process deploys them all, each is stopped at another of its writes, and
 * one kill hits every one of them there. Killing a process for each write would take long.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Kustomization } from '../../src/model/kustomization.ts';
import { eventually } from './eventually.ts';
import { makeConfigMap, makeDeployment, makeGitRepository, makeKustomization } from './make-kustomization.ts';
import type { FileChanges } from './make-repository.ts';
import { makeWidgetCrd } from './make-widget-crd.ts';
import { type Step, type StepGate, startStepGate } from './start-step-gate.ts';
import { type Story, useStory } from './use-story.ts';

/** So many may hold connections to the API server at once, some of them several, without standing in each other's way. */
const LANES_AT_ONCE: Readonly<Record<Act, number>> = { create: 10, change: 10, delete: 20 };
const PATIENCE_MS = 60_000;
const WHEN = ['before it arrives', 'before it is answered'] as const;

/** What a lane's folder holds, and so what its namespace must hold. */
type Content = 'first' | 'second' | 'nothing';

/** One Kustomization, with a folder and a namespace of its own name, and the step that it is killed at. */
interface Lane {
  readonly name: string;
  readonly step: Step;
}

/** What is done with every lane. */
type Act = 'create' | 'change' | 'delete';

/** Hawser behind a gate, following a repository. */
interface Stage {
  readonly story: Story;
  readonly gate: StepGate;
  readonly id: string;
  /** The commit that was hooked last. */
  before: string;
}

/** Starts Hawser behind a gate, on a repository without any lane. */
export async function setStage(t: TestContext): Promise<Stage> {
  const id = `crash-${randomBytes(3).toString('hex')}`;
  const story = await useStory(t, { started: false, patienceMs: PATIENCE_MS });
  const pattern = new RegExp(`${id}-\\d\\d`);
  const gate = await startStepGate(t, story.kubeconfig, (path) => pattern.exec(path)?.[0]);
  t.after(() => removeLanes(story, id));
  const before = await story.repository.commitAndPush({ 'README.md': id });
  await story.start({ kubeconfig: gate.kubeconfig });
  await story.create(makeGitRepository({ namespace: story.namespace }, { url: story.repository.url }));
  const stage = { story, gate, id, before };
  await sourceIsAt(stage, before);
  return stage;
}

/** A lane for every write of an act, twice: one lane that is never stopped tells how many there are. */
export async function planLanes(stage: Stage, act: Act): Promise<Lane[][]> {
  const count = await countWrites(stage, { name: `${stage.id}-00`, step: { write: 0, when: WHEN[0] } }, act);
  const steps = range(count).flatMap((index) => WHEN.map((when) => ({ write: index + 1, when })));
  const lanes = steps.map((step, index) => ({ name: `${stage.id}-${String(index + 1).padStart(2, '0')}`, step }));
  const atOnce = LANES_AT_ONCE[act];
  return range(Math.ceil(lanes.length / atOnce)).map((batch) => lanes.slice(batch * atOnce, (batch + 1) * atOnce));
}

async function countWrites(stage: Stage, lane: Lane, act: Act): Promise<number> {
  const count = async (run: () => Promise<unknown>, content: Content) => {
    stage.gate.stopAt(new Map([[lane.name, undefined]]));
    await run();
    await isExactly(stage, [lane], { content, sha: stage.before });
    return stage.gate.writesOf(lane.name).length;
  };
  await put(stage, [lane], 'first');
  const created = await count(() => createKustomizations(stage, [lane]), 'first');
  if (act === 'create') return created;
  if (act === 'change') return await count(() => put(stage, [lane], 'second'), 'second');
  return await count(() => deleteKustomizations(stage, [lane]), 'nothing');
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** Acts, waits until every lane stands at its step, and kills the process there. */
export async function stopAndKill<T>(
  { story, gate }: Stage,
  lanes: readonly Lane[],
  act: () => Promise<T>,
): Promise<T> {
  gate.stopAt(new Map(lanes.map(({ name, step }) => [name, step])));
  const result = await act();
  await gate.allStopped();
  await story.hawser.end('SIGKILL');
  gate.open();
  return result;
}

/** Starts the next process on the data directory of the one that was killed. */
export async function restart({ story, gate }: Stage): Promise<void> {
  await story.start({ kubeconfig: gate.kubeconfig });
}

/** Pushes what the lanes' folders shall hold; the hook tells it where somebody is there to hear it. */
export async function put(stage: Stage, lanes: readonly Lane[], content: Content): Promise<string> {
  const { story, before } = stage;
  const files = lanes.map(({ name }) => filesOf(name, content));
  const after = await story.repository.commitAndPush(Object.assign({}, ...files) as FileChanges);
  stage.before = after;
  await story.hook({ before, after }).catch(() => undefined);
  return after;
}

async function sourceIsAt({ story }: Stage, sha: string): Promise<void> {
  await eventually(async () =>
    assert.equal((await story.gitRepository()).status?.artifact?.revision, `main@sha1:${sha}`),
  );
}

/** Creates the lanes' Kustomizations once their source is at the last commit. */
export async function createKustomizations(stage: Stage, lanes: readonly Lane[]): Promise<void> {
  const { story } = stage;
  await sourceIsAt(stage, stage.before);
  const specs = { targetNamespace: undefined };
  for (const { name } of lanes) {
    await story.create(makeKustomization({ name, namespace: story.namespace }, { ...specs, path: `./${name}` }));
  }
}

/** Deletes the lanes' Kustomizations, and waits for nothing. */
export async function deleteKustomizations({ story }: Stage, lanes: readonly Lane[]): Promise<void> {
  for (const { name } of lanes) await story.client.delete({ ...KUSTOMIZATION, namespace: story.namespace, name });
}

const KUSTOMIZATION = { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', kind: 'Kustomization' };

function filesOf(name: string, content: Content): FileChanges {
  const group = `${name}.example.com`;
  const inLane = (manifest: string) => manifest.replace('metadata:\n', `metadata:\n  namespace: ${name}\n`);
  const widget = (of: string) =>
    `apiVersion: ${group}/v1\nkind: Widget\nmetadata:\n  name: ${of}\n  namespace: ${name}\n`;
  const setup = {
    'namespace.yaml': `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`,
    'crd.yaml': JSON.stringify(makeWidgetCrd(group)),
    'stays.yaml': widget('stays'),
    'web.yaml': inLane(makeDeployment('web', 'web:v1', 0)),
  };
  const first = {
    'goes.yaml': widget('goes'),
    'settings.yaml': inLane(makeConfigMap('settings', { colour: 'red' })),
  };
  const second = { 'goes.yaml': null, 'settings.yaml': inLane(makeConfigMap('renamed', { colour: 'red' })) };
  const files: FileChanges = { ...setup, ...(content === 'first' ? first : second) };
  return Object.fromEntries(Object.entries(files).map(([file, change]) => [`${name}/${file}`, change]));
}

const CONTENTS: Readonly<Record<Content, readonly string[]>> = {
  first: [
    'ConfigMap/settings',
    'CustomResourceDefinition',
    'Deployment/web',
    'Namespace',
    'Widget/goes',
    'Widget/stays',
  ],
  second: ['ConfigMap/renamed', 'CustomResourceDefinition', 'Deployment/web', 'Namespace', 'Widget/stays'],
  nothing: [],
};

interface Wanted {
  readonly content: Content;
  readonly sha: string;
}

/** The objects that carry a lane's labels, its inventory and its finalizer come to be what they must be, and nothing else. */
export async function isExactly(stage: Stage, lanes: readonly Lane[], want: Wanted): Promise<void> {
  const waits = lanes.map((lane) =>
    eventually(() => isExactlyNow(stage, lane, want), { timeoutMs: PATIENCE_MS, everyMs: 200 }),
  );
  await Promise.all(waits);
}

async function isExactlyNow({ story }: Stage, { name }: Lane, { content, sha }: Wanted): Promise<void> {
  const found = await story.client.get({ ...KUSTOMIZATION, namespace: story.namespace, name });
  assert.deepEqual(await listOwned(story, name), CONTENTS[content], `${name} owns`);
  if (content === 'nothing') return assert.equal(found, undefined, `${name} is still there`);
  const { status } = (found ?? {}) as Partial<Kustomization>;
  assert.equal(status?.lastAppliedRevision, `main@sha1:${sha}`, JSON.stringify(status?.conditions));
  assert.deepEqual(status?.inventory?.entries.map(({ id }) => id).sort(), inventoryOf(name, content));
}

function inventoryOf(lane: string, content: Exclude<Content, 'nothing'>): string[] {
  const common = [
    `_${lane}__Namespace`,
    `_widgets.${lane}.example.com_apiextensions.k8s.io_CustomResourceDefinition`,
    `${lane}_web_apps_Deployment`,
    `${lane}_stays_${lane}.example.com_Widget`,
  ];
  const first = [`${lane}_settings__ConfigMap`, `${lane}_goes_${lane}.example.com_Widget`];
  return [...common, ...(content === 'first' ? first : [`${lane}_renamed__ConfigMap`])].sort();
}

/** Everything in the cluster that carries a lane's owner labels, in whatever namespace. */
async function listOwned({ client }: Pick<Story, 'client'>, lane: string): Promise<string[]> {
  const labelSelector = `kustomize.toolkit.fluxcd.io/name=${lane}`;
  const listed = KINDS.map(async (kind) => (await client.list({ ...kind, labelSelector })).items);
  const widgets = client
    .list({ group: `${lane}.example.com`, version: 'v1', plural: 'widgets', labelSelector })
    .then(({ items }) => items)
    .catch(() => []);
  const objects = (await Promise.all([...listed, widgets])).flat();
  return objects.map(({ kind, metadata }) => (metadata.namespace ? `${kind}/${metadata.name}` : kind)).sort();
}

const KINDS = [
  { group: '', version: 'v1', plural: 'namespaces' },
  { group: '', version: 'v1', plural: 'configmaps' },
  { group: 'apps', version: 'v1', plural: 'deployments' },
  { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' },
];

/** After a failure lanes may be left. */
async function removeLanes({ kubectl }: Story, id: string): Promise<void> {
  for (const kind of ['crd', 'namespace']) {
    const names = (await kubectl('get', kind, '-o', 'name')).split('\n').filter((name) => name.includes(id));
    if (names.length > 0) await kubectl('delete', ...names, '--wait=false', '--ignore-not-found');
  }
}
