import assert from 'node:assert/strict';
import { rootCertificates } from 'node:tls';
import { applyPlan } from '../../src/apply/apply-plan.ts';
import { toDesiredObjects } from '../../src/apply/desired.ts';
import { createLiveObjects, type LiveObjects } from '../../src/apply/live-objects.ts';
import { isOwnEntry } from '../../src/apply/ownership.ts';
import { planSync, type SyncPlan } from '../../src/apply/plan-sync.ts';
import { prune } from '../../src/apply/prune.ts';
import { messageOf } from '../../src/errors/hawser-error.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { KubeError } from '../../src/kube/to-kube-error.ts';
import type { InventoryEntry } from '../../src/model/inventory.ts';
import {
  identityOf,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectMeta,
  type ObjectRef,
  refOf,
  toApiVersion,
} from '../../src/model/kube-object.ts';
import { eventually } from './eventually.ts';
import type { Corpus } from './read-corpora.ts';
import type { startRenderer } from './start-renderer.ts';
import type { TestCluster } from './use-cluster.ts';

/** What became of a corpus: beside the number of objects and warnings, nothing should be listed. */
export interface CorpusReport {
  readonly objects: number;
  /** What the API server, or we, had to say of objects that were applied all the same. */
  readonly warnings: readonly string[];
  readonly failures: readonly string[];
  /** Not there after the corpus was applied. */
  readonly missing: readonly string[];
  /** Written by an apply of the same manifests with nothing known, as after a restart. */
  readonly rewritten: readonly string[];
  /** To be written once more although everything is known. */
  readonly repeated: readonly string[];
  /** Still there after the corpus was pruned. */
  readonly left: readonly string[];
}

export type CorpusBench = Pick<TestCluster, 'client' | 'namespace'> &
  Pick<Awaited<ReturnType<typeof startRenderer>>, 'render'>;

const OWNER = { name: 'corpus', namespace: 'flux' };
const CONTEXT = { signal: new AbortController().signal, beforeWrite: () => {}, force: false };
const HOOKS = { readyToWrite: async () => {}, betweenStages: async () => {} };
const GONE_TIMEOUT_MS = 120_000;

/** Applies a corpus, lets another write to it, applies it knowing nothing, plans it knowing everything, prunes it. */
export async function runCorpus(bench: CorpusBench, corpus: Corpus): Promise<CorpusReport> {
  const objects = await renderCorpus(bench, corpus);
  const first = await applyObjects(bench, { objects, live: createLiveObjects(), appliedBefore: false });
  const refs = first.plan.desired.map(({ ref }) => ref);
  const none = { missing: [], rewritten: [], repeated: [] };
  const report =
    first.failures.length > 0 ? { ...none, failures: first.failures } : await applyAgain(bench, objects, refs);
  const pruned = await pruneAll(bench, first.plan.inventoryAfter);
  return {
    ...report,
    objects: refs.length,
    failures: [...report.failures, ...pruned.failures],
    warnings: first.changes.flatMap(({ ref, warnings = [] }) => warnings.map((text) => `${identityOf(ref)}: ${text}`)),
    left: pruned.left,
  };
}

/** As its readers do: manifests that name no namespace at all are put into one. */
async function renderCorpus(bench: CorpusBench, { files, isForeign }: Corpus): Promise<readonly KubeObject[]> {
  const asWritten = await bench.render(files, {});
  const namesNone = asWritten.objects.every(({ metadata }) => metadata.namespace === undefined);
  const { objects } = namesNone ? await bench.render(files, { targetNamespace: bench.namespace }) : asWritten;
  return isForeign ? objects.map(tame) : objects;
}

/** Nobody serves its webhooks here, which must not refuse its own objects; and no Job may vanish by itself meanwhile. */
function tame(object: KubeObject): KubeObject {
  if (object.kind === 'Job') {
    const { ttlSecondsAfterFinished: _, ...spec } = object.spec as Record<string, unknown>;
    return { ...object, spec };
  }
  if (!Array.isArray(object.webhooks)) return object;
  const webhooks = object.webhooks.map((webhook: object) => ({
    ...webhook,
    failurePolicy: 'Ignore',
    timeoutSeconds: 1,
  }));
  return { ...object, webhooks };
}

interface ApplyInput {
  readonly objects: readonly KubeObject[];
  readonly live: LiveObjects;
  readonly appliedBefore: boolean;
}

async function planObjects({ client }: CorpusBench, { objects, live, appliedBefore }: ApplyInput): Promise<SyncPlan> {
  const kinds = new Map(objects.map((object) => [kindOf(refOf(object)), refOf(object)]));
  const scopes = new Map(
    await Promise.all([...kinds].map(async ([kind, ref]) => [kind, await client.discovery.resolve(ref)] as const)),
  );
  return planSync({
    desired: toDesiredObjects(objects, OWNER, (ref) => scopes.get(kindOf(ref))),
    inventory: [],
    prune: true,
    appliedBefore,
    recordOf: (ref) => live.record(ref),
  });
}

function kindOf({ group, version, kind }: ObjectRef): string {
  return `${group}/${version}/${kind}`;
}

async function applyObjects(bench: CorpusBench, input: ApplyInput) {
  const plan = await planObjects(bench, input);
  const { changes, failures } = await applyPlan({ client: bench.client, live: input.live, ...CONTEXT }, plan, HOOKS);
  return { plan, changes, failures: failures.map(messageOf) };
}

async function applyAgain(
  bench: CorpusBench,
  objects: readonly KubeObject[],
  refs: readonly ObjectRef[],
): Promise<Pick<CorpusReport, 'failures' | 'missing' | 'rewritten' | 'repeated'>> {
  const applied = await readAll(bench, refs);
  await nextSecond(applied);
  await injectBundles(bench, refs);
  await lookOn(bench, refs);
  const before = await readAll(bench, refs);
  await nextSecond(before);
  const live = createLiveObjects();
  const again = await applyObjects(bench, { objects, live, appliedBefore: true });
  const after = await readAll(bench, refs);
  const third = await planObjects(bench, { objects, live, appliedBefore: true });
  const reported = again.changes.filter(({ action }) => action !== 'unchanged').map(({ ref }) => identityOf(ref));
  const written = [...before].filter(([id, object]) => isRewritten(object, after.get(id))).map(([id]) => id);
  return {
    failures: again.failures,
    missing: refs.map(identityOf).filter((id) => !applied.has(id)),
    rewritten: [...new Set([...reported, ...written])],
    repeated: third.stages.flat().map(({ identity }) => identity),
  };
}

/** Metadata by identity; what is not there, or of a kind that is not served any more, is left out. */
async function readAll({ client }: CorpusBench, refs: readonly ObjectRef[]): Promise<ReadonlyMap<string, KubeObject>> {
  const found = await Promise.all(refs.map((ref) => readMetadata(client, ref)));
  return new Map(found.flatMap((object) => (object ? [object] : [])));
}

async function readMetadata(client: KubeClient, ref: ObjectRef): Promise<readonly [string, KubeObject] | undefined> {
  try {
    const object = await client.get(ref, { metadataOnly: true });
    return object && [identityOf(ref), object];
  } catch (error) {
    if (error instanceof KubeError && error.code === 'KUBE_KIND_NOT_SERVED') return undefined;
    throw error;
  }
}

/** Our entry has a new time whenever an apply was not found to change nothing. */
function isRewritten(before: KubeObject, after: KubeObject | undefined): boolean {
  return !after || after.metadata.uid !== before.metadata.uid || ownEntry(after)?.time !== ownEntry(before)?.time;
}

function ownEntry({ metadata }: KubeObject): ManagedFieldsEntry | undefined {
  return metadata.managedFields?.find(isOwnEntry);
}

/** Times in managedFields are whole seconds: a write in the second of the last one would not show. */
async function nextSecond(live: ReadonlyMap<string, KubeObject>): Promise<void> {
  const entries = [...live.values()].flatMap(({ metadata }) => metadata.managedFields ?? []);
  const last = Math.max(0, ...entries.map(({ time }) => (time === undefined ? 0 : Date.parse(time))));
  await eventually(() => assert.ok(Date.now() >= last + 1000));
}

/**
 * Somebody else applies to each object after us. Only then does a needless apply of ours show: where the time of our
 * entry is all that would change, the API server leaves an object as it is; here, the order of the entries changes too.
 */
async function lookOn({ client }: CorpusBench, refs: readonly ObjectRef[]): Promise<void> {
  const annotations = { 'corpus.example/seen': 'true' };
  const toPayload = ({ group, version, kind, namespace, name }: ObjectRef): KubeObject => ({
    apiVersion: toApiVersion(group, version),
    kind,
    metadata: { name, ...(namespace === '' ? {} : { namespace }), annotations },
  });
  await Promise.all(refs.map((ref) => client.apply(toPayload(ref), { fieldManager: 'onlooker' })));
}

/** As cert-manager's injector does it to every webhook, conversion and aggregated API without a certificate. */
async function injectBundles({ client }: CorpusBench, refs: readonly ObjectRef[]): Promise<void> {
  const caBundle = Buffer.from(rootCertificates[0] ?? '').toString('base64');
  for (const ref of refs.filter(({ kind }) => INJECTED_KINDS.has(kind))) {
    const object = await client.get(ref);
    const paths = object ? findClientConfigs(object) : [];
    if (paths.length === 0) continue;
    const operations = paths.map((path) => ({ op: 'add' as const, path: `${path}/caBundle`, value: caBundle }));
    await client.jsonPatch(ref, operations, { fieldManager: 'cainjector' });
  }
}

const INJECTED_KINDS: ReadonlySet<string> = new Set([
  'APIService',
  'CustomResourceDefinition',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
]);

/** The JSON pointers of what names a server and no certificate. */
function findClientConfigs(object: KubeObject): string[] {
  const { webhooks = [], spec } = object as unknown as Injected;
  const found: (readonly [string, ClientConfig | undefined])[] = [
    ...webhooks.map((webhook, index) => [`/webhooks/${index}/clientConfig`, webhook.clientConfig] as const),
    ['/spec/conversion/webhook/clientConfig', spec?.conversion?.webhook?.clientConfig],
    ['/spec', object.kind === 'APIService' && spec?.service && !spec.insecureSkipTLSVerify ? spec : undefined],
  ];
  return found.filter(([, config]) => config && !config.caBundle).map(([path]) => path);
}

interface ClientConfig {
  readonly caBundle?: string;
  readonly service?: object;
}

interface Injected {
  readonly webhooks?: readonly { readonly clientConfig?: ClientConfig }[];
  readonly spec?: ClientConfig & {
    readonly insecureSkipTLSVerify?: boolean;
    readonly conversion?: { readonly webhook?: { readonly clientConfig?: ClientConfig } };
  };
}

async function pruneAll(
  bench: CorpusBench,
  inventory: readonly InventoryEntry[],
): Promise<Pick<CorpusReport, 'failures' | 'left'>> {
  const plan = planSync({ desired: [], inventory, prune: true, appliedBefore: false, recordOf: () => undefined });
  const context = { client: bench.client, live: createLiveObjects(), ...CONTEXT };
  const { failures } = await prune(context, OWNER, plan.prune);
  return { failures: failures.map(messageOf), left: await waitGone(bench, plan.prune) };
}

async function waitGone(bench: CorpusBench, refs: readonly ObjectRef[]): Promise<string[]> {
  const attempt = async () => {
    const left = await readAll(bench, refs);
    await Promise.all([...left.values()].map((object) => nudgeDefinition(bench, object)));
    assert.deepEqual([...left.keys()], []);
  };
  try {
    await eventually(attempt, { timeoutMs: GONE_TIMEOUT_MS, everyMs: 500 });
    return [];
  } catch {
    return [...(await readAll(bench, refs))].map(([id, { metadata }]) => describeLeft(id, metadata));
  }
}

/**
 * An API server that is asked to delete a definition while its storage is still being set up may come back to it only
 * five minutes later, unless the definition changes.
 */
async function nudgeDefinition({ client }: CorpusBench, { metadata }: KubeObject): Promise<void> {
  if (!metadata.finalizers?.includes('customresourcecleanup.apiextensions.k8s.io')) return;
  const ref = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition', namespace: '' };
  const annotations = { 'corpus/nudged-at': metadata.resourceVersion };
  await client.mergePatch({ ...ref, name: metadata.name }, { metadata: { annotations } }, { fieldManager: 'nudge' });
}

function describeLeft(id: string, { deletionTimestamp, finalizers = [] }: ObjectMeta): string {
  return `${id} ${deletionTimestamp === undefined ? 'was not deleted' : `is held by ${finalizers.join(', ')}`}`;
}
