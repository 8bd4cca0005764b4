import { OWNER_PREFIX } from '../manifest/owner-labels.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { ObjectKey } from '../model/object-key.ts';
import { ownerOf } from './ownership.ts';

type Switch = 'reconcile' | 'ssa' | 'prune' | 'force';

/** True if an annotation or a label of an object sets one of Flux's per-object switches to a value, in any case. */
export function hasSwitch({ metadata }: KubeObject, name: Switch, value: string): boolean {
  const key = `${OWNER_PREFIX}/${name}`;
  return [metadata.annotations?.[key], metadata.labels?.[key]].some((found) => found?.toLowerCase() === value);
}

/** What an object's metadata, as it is in the cluster, says about writing it; kept from watch events, it saves reads. */
export interface Sighting {
  /** `reconcile: disabled` or `ssa: Ignore`, set in the cluster only as well: it is not to be touched. */
  readonly isLeftAlone: boolean;
  /** The Kustomization whose labels it carries. */
  readonly owner: ObjectKey | undefined;
}

/** Reads a sighting from an object; works on PartialObjectMetadata as well. Pure. */
export function toSighting(object: KubeObject): Sighting {
  const isLeftAlone = hasSwitch(object, 'reconcile', 'disabled') || hasSwitch(object, 'ssa', 'ignore');
  return { isLeftAlone, owner: ownerOf(object) };
}
