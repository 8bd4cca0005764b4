import type { TestContext } from 'node:test';
import { type ApplyResult, applyPlan } from '../../src/apply/apply-plan.ts';
import { toDesiredObjects } from '../../src/apply/desired.ts';
import { createLiveObjects, type LiveObjects } from '../../src/apply/live-objects.ts';
import { planSync, type SyncPlan } from '../../src/apply/plan-sync.ts';
import { type PruneResult, prune } from '../../src/apply/prune.ts';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import { parseManifests } from '../../src/manifest/parse-manifests.ts';
import { toInventoryEntry } from '../../src/model/inventory.ts';
import { type ObjectRef, refOf } from '../../src/model/kube-object.ts';
import { type TestCluster, useCluster } from './use-cluster.ts';

/** The apply engine on a real cluster, with every call that it makes counted. */
export interface ApplyBench extends TestCluster {
  readonly live: LiveObjects;
  /** Calls since the last look, such as `{ dryRun: 2, apply: 2 }`. */
  calls(): Record<string, number>;
  /** Plans and applies manifests as the test's Kustomization; `inventory` are the objects of the sync before. */
  apply(yaml: string, inventory?: readonly ObjectRef[]): Promise<ApplyResult & { plan: SyncPlan; pruned: PruneResult }>;
}

const OWNER = { name: 'app', namespace: 'flux' };

export async function useApply(t: TestContext): Promise<ApplyBench> {
  const cluster = await useCluster(t);
  const live = createLiveObjects();
  let counted: Record<string, number> = {};
  const client = countCalls(cluster.client, (name) => {
    counted[name] = (counted[name] ?? 0) + 1;
  });
  const context = { client, live, signal: new AbortController().signal, beforeWrite: () => {} };
  return {
    ...cluster,
    live,
    calls() {
      const calls = counted;
      counted = {};
      return calls;
    },
    async apply(yaml, inventory = []) {
      const objects = parseManifests(yaml, { file: 'test.yaml' });
      const scopes = new Map(
        await Promise.all(
          objects.map(async (object) => [object.kind, await client.discovery.resolve(refOf(object))] as const),
        ),
      );
      const inNamespace = objects.map((object) => ({
        ...object,
        metadata: { ...object.metadata, namespace: cluster.namespace },
      }));
      const plan = planSync({
        desired: toDesiredObjects(inNamespace, OWNER, ({ kind }) => scopes.get(kind)),
        inventory: inventory.map(toInventoryEntry),
        prune: true,
        appliedBefore: false,
        recordOf: (ref) => live.record(ref),
      });
      const result = await applyPlan(context, plan, { readyToWrite: async () => {}, betweenStages: async () => {} });
      return { ...result, plan, pruned: await prune(context, OWNER, plan.prune) };
    },
  };
}

function countCalls(client: KubeClient, count: (name: string) => void): KubeClient {
  return {
    ...client,
    apply: (object, options) => {
      count(options.dryRun ? 'dryRun' : 'apply');
      return client.apply(object, options);
    },
    get: (ref, options) => {
      count('get');
      return client.get(ref, options);
    },
    jsonPatch: (ref, operations, options) => {
      count('jsonPatch');
      return client.jsonPatch(ref, operations, options);
    },
    delete: (ref, options) => {
      count('delete');
      return client.delete(ref, options);
    },
  };
}
