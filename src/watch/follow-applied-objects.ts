/**
 * Watches every kind that an inventory names, and asks for a sync of the owner when one of its objects has drifted or
 * its health is decided. What counts as drift is apply's decision; putting it right is the pipeline's task.
 */
import type { LiveObjects } from '../apply/live-objects.ts';
import { summarizeOwnership } from '../apply/ownership.ts';
import { hasHealthRule } from '../health/compute-health.ts';
import type { Cache } from '../kube/create-cache.ts';
import type { KubeClient, Watch, WatchEventType } from '../kube/kube-client.ts';
import { inventoryOf, parseInventoryEntry } from '../model/inventory.ts';
import { type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { ObjectKey } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';
import { createDriftJudge, type DriftJudge } from './judge-drift.ts';
import { createHealthJudge } from './judge-health.ts';

export interface AppliedObjectsDeps {
  readonly client: Pick<KubeClient, 'watch' | 'discovery'>;
  readonly kustomizations: Cache;
  readonly live: LiveObjects;
  readonly queues: Pick<Queues, 'requestSync' | 'wake'>;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  readonly onDrift: (owner: ObjectKey, ref: ObjectRef, reason: string) => void;
}

export interface AppliedObjectsFollowing {
  stop(): Promise<void>;
}

/** Objects of ours carry this label; a removed label is seen as a deletion. */
const OWNED = 'kustomize.toolkit.fluxcd.io/name';
const TRY_AGAIN_MS = 30_000;

/** Starts a watch per kind as inventories come to name it, and stops those that none names any more. */
export function followAppliedObjects(deps: AppliedObjectsDeps): AppliedObjectsFollowing {
  const watches = new Map<string, Watch | undefined>();
  const drift = createDriftJudge(deps);
  const health = createHealthJudge(deps);
  let isStopped = false;

  const start = async (kind: string, ref: ObjectRef) => {
    watches.set(kind, undefined);
    const resource = await deps.client.discovery.resolve(ref);
    if (isStopped || !resource) return void watches.delete(kind);
    const { group, version, plural } = resource;
    const query = { group, version, plural, labelSelector: OWNED, metadataOnly: !hasHealthRule(ref) };
    watches.set(
      kind,
      deps.client.watch(query, {
        onSnapshot: (items) => takeSnapshot(deps, drift, { ref, items, take }),
        onEvent: (type, object) => take(type, object),
      }),
    );
  };
  const take = (type: WatchEventType, object: KubeObject) => {
    const before = deps.live.live(refOf(object))?.health.status;
    const seen = summarizeOwnership(object);
    if (type === 'DELETED') deps.live.observeDeletion(refOf(object));
    else deps.live.observe(object, seen);
    drift.judge(type, object, seen);
    if (type !== 'DELETED') health.judge(object, before);
  };
  const giveUp = (kind: string, error: unknown) => {
    watches.delete(kind);
    deps.onError(error);
  };
  const update = () => {
    const wanted = kindsOf(deps.kustomizations.list());
    for (const [kind, ref] of wanted) {
      if (!watches.has(kind)) start(kind, ref).catch((error: unknown) => giveUp(kind, error));
    }
    for (const [kind, watch] of watches) {
      if (wanted.has(kind) || !watch) continue;
      watches.delete(kind);
      watch.stop().catch(deps.onError);
    }
  };
  const end = deps.kustomizations.onChange((type, object, previous) => {
    const kinds = kindsOf([object]);
    const isNew = [...kinds.keys()].some((kind) => !watches.has(kind));
    if (type === 'DELETED' || isNew || hasLeft(kinds, previous)) update();
  });
  const timer = setInterval(update, TRY_AGAIN_MS);
  timer.unref();
  update();
  return {
    async stop() {
      isStopped = true;
      clearInterval(timer);
      end();
      await Promise.all([...watches.values()].map((watch) => watch?.stop()));
    },
  };
}

interface Snapshot {
  readonly ref: ObjectRef;
  readonly items: readonly KubeObject[];
  readonly take: (type: WatchEventType, object: KubeObject) => void;
}

/** After a gap: what is there is judged as if it had just changed, and what we recorded and is not there is gone. */
function takeSnapshot(deps: AppliedObjectsDeps, drift: DriftJudge, { ref, items, take }: Snapshot): void {
  const seen = new Set(items.map((item) => `${item.metadata.namespace ?? ''}/${item.metadata.name}`));
  for (const item of items) take('MODIFIED', item);
  for (const recorded of deps.live.recordedOf(ref)) {
    if (!seen.has(`${recorded.namespace}/${recorded.name}`)) drift.judgeMissing(recorded);
  }
}

function kindsOf(kustomizations: readonly KubeObject[]): Map<string, ObjectRef> {
  const kinds = new Map<string, ObjectRef>();
  for (const kustomization of kustomizations) {
    for (const entry of inventoryOf(kustomization)) {
      const ref = parseInventoryEntry(entry);
      if (ref) kinds.set(`${ref.group}/${ref.kind}`, ref);
    }
  }
  return kinds;
}

/** Most events of a Kustomization leave its kinds alone: then the inventories of all need not be read again. */
function hasLeft(kinds: ReadonlyMap<string, ObjectRef>, previous: KubeObject | undefined): boolean {
  return previous !== undefined && [...kindsOf([previous]).keys()].some((kind) => !kinds.has(kind));
}
