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
import type { Kustomization } from '../model/kustomization.ts';
import type { ObjectKey } from '../model/object-key.ts';
import type { Queues } from '../queue/create-queues.ts';
import { coversKind } from './expressions.ts';
import { followHealthChecks } from './follow-health-checks.ts';
import { createDriftJudge, type DriftJudge } from './judge-drift.ts';
import { createHealthJudge } from './judge-health.ts';

export interface AppliedObjectsDeps {
  readonly client: Pick<KubeClient, 'watch' | 'discovery'>;
  readonly kustomizations: Pick<Cache, 'get' | 'list' | 'onChange'>;
  /** Whether a Kustomization deploys to this client's cluster. */
  readonly holds: (kustomization: Kustomization) => boolean;
  readonly live: LiveObjects;
  readonly queues: Pick<Queues, 'requestSync' | 'wake'>;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  readonly onDrift: (owner: ObjectKey, ref: ObjectRef, reason: string) => void;
}

export interface AppliedObjectsFollowing {
  /** Once everything that the inventories named at the start has been listed; never rejects. */
  readonly listed: Promise<unknown>;
  stop(): Promise<void>;
}

/** Objects of ours carry this label; a removed label is seen as a deletion. */
const OWNED = 'kustomize.toolkit.fluxcd.io/name';
const TRY_AGAIN_MS = 30_000;

interface KindWatch {
  /** Undefined while it is being started. */
  watch: Watch | undefined;
  /** Whether whole objects are watched, or their metadata only. */
  readonly isWhole: boolean;
}

/** Starts a watch per kind as inventories come to name it, and stops those that none names any more. */
export function followAppliedObjects(deps: AppliedObjectsDeps): AppliedObjectsFollowing {
  const watches = new Map<string, KindWatch>();
  const drift = createDriftJudge(deps);
  const take = createTaker(deps, drift);
  const checks = followHealthChecks(deps);
  let isStopped = false;

  const start = async (kind: string, ref: ObjectRef, isWhole: boolean) => {
    const entry: KindWatch = { watch: undefined, isWhole };
    watches.set(kind, entry);
    const resource = await deps.client.discovery.resolve(ref);
    if (isStopped || !resource) return void watches.delete(kind);
    const { group, version, plural } = resource;
    const query = { group, version, plural, labelSelector: OWNED, metadataOnly: !isWhole };
    entry.watch = deps.client.watch(query, {
      onSnapshot: (items) => takeSnapshot(deps, drift, { ref, items, take }),
      onEvent: take,
    });
  };
  const giveUp = (kind: string, error: unknown) => {
    watches.delete(kind);
    deps.onError(error);
  };
  const startWanted = (mine: readonly KubeObject[], wanted: ReadonlyMap<string, ObjectRef>): Promise<void>[] =>
    [...wanted].flatMap(([kind, ref]) => {
      const isWhole = hasHealthRule(ref) || mine.some((object) => coversKind(object, ref));
      const known = watches.get(kind);
      if (known && isEnough(known, isWhole)) return [];
      known?.watch?.stop().catch(deps.onError);
      return [start(kind, ref, isWhole).catch((error: unknown) => giveUp(kind, error))];
    });
  const stopUnwanted = (wanted: ReadonlyMap<string, ObjectRef>) => {
    for (const [kind, { watch }] of watches) {
      if (wanted.has(kind) || !watch) continue;
      watches.delete(kind);
      watch.stop().catch(deps.onError);
    }
  };
  const updateAll = (): Promise<void>[] => {
    const mine = deps.kustomizations.list().filter((object) => deps.holds(object as Kustomization));
    const wanted = kindsOf(mine);
    const started = startWanted(mine, wanted);
    stopUnwanted(wanted);
    checks.update(mine as Kustomization[]);
    return started;
  };
  // Each start sees to its own failure.
  const update = () => void updateAll();
  const end = deps.kustomizations.onChange((type, object, previous) => {
    if (!deps.holds(object as Kustomization)) return;
    if (type === 'DELETED' || needsUpdate(object, previous, watches)) update();
    else checks.updateOne(object as Kustomization);
  });
  const timer = setInterval(update, TRY_AGAIN_MS);
  timer.unref();
  const list = async () => {
    await Promise.allSettled(updateAll());
    await Promise.allSettled([...watches.values()].map(({ watch }) => watch?.synced));
  };
  return {
    listed: list(),
    async stop() {
      isStopped = true;
      clearInterval(timer);
      end();
      await Promise.all([checks.stop(), ...[...watches.values()].map(({ watch }) => watch?.stop())]);
    },
  };
}

/** A watch that is being started is let be: the next update sees to it. */
function isEnough(known: KindWatch, isWhole: boolean): boolean {
  return known.isWhole || !isWhole || !known.watch;
}

type Take = (type: WatchEventType, object: KubeObject) => void;

/** Keeps what an event shows, and has it judged. */
function createTaker(deps: AppliedObjectsDeps, drift: DriftJudge): Take {
  const health = createHealthJudge(deps);
  return (type, object) => {
    const before = deps.live.live(refOf(object))?.health.status;
    const seen = summarizeOwnership(object);
    if (type === 'DELETED') deps.live.observeDeletion(refOf(object));
    else deps.live.observe(object, seen);
    drift.judge(type, object, seen);
    health.judge(type, object, before);
  };
}

interface Snapshot {
  readonly ref: ObjectRef;
  readonly items: readonly KubeObject[];
  readonly take: Take;
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
function needsUpdate(
  object: KubeObject,
  previous: KubeObject | undefined,
  watches: ReadonlyMap<string, KindWatch>,
): boolean {
  const kinds = kindsOf([object]);
  if ([...kinds.keys()].some((kind) => !watches.has(kind))) return true;
  if (!previous) return false;
  if (previous.metadata.generation !== object.metadata.generation) return true;
  return [...kindsOf([previous]).keys()].some((kind) => !kinds.has(kind));
}
