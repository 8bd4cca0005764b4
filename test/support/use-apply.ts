import type { TestContext } from 'node:test';
import { type ApplyResult, applyPlan } from '../../src/apply/apply-plan.ts';
import { toDesiredObjects } from '../../src/apply/desired.ts';
import type { IgnoreRule } from '../../src/apply/ignore-rules.ts';
import { createLiveObjects, type LiveObjects } from '../../src/apply/live-objects.ts';
import { planSync, type SyncPlan } from '../../src/apply/plan-sync.ts';
import { type PruneResult, prune } from '../../src/apply/prune.ts';
import { type Sighting, toSighting } from '../../src/apply/switches.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { parseManifests } from '../../src/manifest/parse-manifests.ts';
import { toInventoryEntry } from '../../src/model/inventory.ts';
import { identityOf, type KubeObject, type ObjectRef, refOf } from '../../src/model/kube-object.ts';
import { type TestCluster, useCluster } from './use-cluster.ts';

/** The apply engine on a real cluster, with every call that it makes counted. */
export interface ApplyBench extends TestCluster {
  readonly live: LiveObjects;
  /** Calls since the last look, such as `{ dryRun: 2, apply: 2 }`. */
  calls(): Record<string, number>;
  /** Plans and applies manifests as the test's Kustomization, in its namespace unless they name one. */
  apply(manifests: string, settings?: ApplySettings): Promise<ApplyBenchResult>;
  /** Takes what a watch would show of an object. */
  see(object: KubeObject | undefined): void;
  /** As after a restart: nothing is known any more. */
  forgetAll(): void;
  /** Lets somebody else act once, right before the engine's next call of this name. */
  interfere(call: string, act: () => Promise<unknown>): void;
}

export interface ApplySettings {
  /** The objects of the sync before. */
  readonly inventory?: readonly ObjectRef[];
  readonly force?: boolean;
  readonly ignore?: readonly IgnoreRule[];
  readonly signal?: AbortSignal;
  /** The service account of the test's namespace to act as. */
  readonly as?: string;
  readonly owner?: { readonly name: string; readonly namespace: string };
}

export type ApplyBenchResult = ApplyResult & { plan: SyncPlan; pruned: PruneResult };

const OWNER = { name: 'app', namespace: 'flux' };

export async function useApply(t: TestContext): Promise<ApplyBench> {
  const cluster = await useCluster(t);
  const counted = new Map<string, number>();
  const others = new Map<string, () => Promise<unknown>>();
  const client = wrapCalls(cluster.client, async (name) => {
    counted.set(name, (counted.get(name) ?? 0) + 1);
    const act = others.get(name);
    others.delete(name);
    await act?.();
  });
  let known = createKnown();
  return {
    ...cluster,
    get live() {
      return known.live;
    },
    calls() {
      const calls = Object.fromEntries(counted);
      counted.clear();
      return calls;
    },
    see: (object) => object && known.sightings.set(identityOf(refOf(object)), toSighting(object)),
    forgetAll: () => {
      known = createKnown();
    },
    interfere: (call, act) => void others.set(call, act),
    apply: (manifests, settings = {}) => applyAs({ client, known, namespace: cluster.namespace }, manifests, settings),
  };
}

interface Known {
  readonly live: LiveObjects;
  readonly sightings: Map<string, Sighting>;
}

/** What a process knows: its records, and what its watches show of its own writes. */
function createKnown(): Known {
  const live = createLiveObjects();
  const sightings = new Map<string, Sighting>();
  const recordWrite: LiveObjects['recordWrite'] = (object, sentHash) => {
    sightings.set(identityOf(refOf(object)), toSighting(object));
    return live.recordWrite(object, sentHash);
  };
  const forget = (ref: ObjectRef) => {
    sightings.delete(identityOf(ref));
    live.forget(ref);
  };
  return { live: { ...live, recordWrite, forget }, sightings };
}

async function applyAs(
  { client, known, namespace }: { client: KubeClient; known: Known; namespace: string },
  manifests: string,
  settings: ApplySettings,
): Promise<ApplyBenchResult> {
  const { inventory = [], force = false, ignore, owner = OWNER } = settings;
  const signal = settings.signal ?? new AbortController().signal;
  const as =
    settings.as === undefined ? client : client.as({ name: `system:serviceaccount:${namespace}:${settings.as}` });
  const sightingOf = (ref: ObjectRef) => known.sightings.get(identityOf(ref));
  const context = { client: as, live: known.live, signal, beforeWrite: () => {}, force, ignore, sightingOf };
  const plan = planSync({
    desired: await toDesired(client, { manifests, namespace, owner }),
    inventory: inventory.map(toInventoryEntry),
    prune: true,
    appliedBefore: false,
    recordOf: (ref) => known.live.record(ref),
    sightingOf,
  });
  const result = await applyPlan(context, plan, { readyToWrite: async () => {}, betweenStages: async () => {} });
  return { ...result, plan, pruned: await prune(context, owner, plan.prune) };
}

async function toDesired(
  client: KubeClient,
  { manifests, namespace, owner }: { manifests: string; namespace: string; owner: typeof OWNER },
) {
  const objects = parseManifests(manifests, { file: 'test.yaml' });
  const scopes = new Map(
    await Promise.all(
      objects.map(async (object) => [object.kind, await client.discovery.resolve(refOf(object))] as const),
    ),
  );
  const inNamespace = objects.map((object) => ({ ...object, metadata: { namespace, ...object.metadata } }));
  return toDesiredObjects(inNamespace, owner, ({ kind }) => scopes.get(kind));
}

function wrapCalls(client: KubeClient, before: (name: string) => Promise<void>): KubeClient {
  return {
    ...client,
    as: (user) => wrapCalls(client.as(user), before),
    apply: async (object, options) => {
      await before(options.dryRun ? 'dryRun' : 'apply');
      return await client.apply(object, options);
    },
    get: async (ref, options) => {
      await before('get');
      return await client.get(ref, options);
    },
    list: async (query, signal) => {
      await before('list');
      return await client.list(query, signal);
    },
    jsonPatch: async (ref, operations, options) => {
      await before('jsonPatch');
      return await client.jsonPatch(ref, operations, options);
    },
    delete: async (ref, options) => {
      await before('delete');
      return await client.delete(ref, options);
    },
  };
}
