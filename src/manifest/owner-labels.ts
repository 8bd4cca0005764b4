import type { KubeObject } from '../model/kube-object.ts';

/** The prefix of Flux's owner labels and of its per-object switches (`prune: disabled`, `ssa: Merge`, …). */
export const OWNER_PREFIX = 'kustomize.toolkit.fluxcd.io';

/** A copy that carries Flux's owner labels: which Kustomization put the object into the cluster. */
export function withOwnerLabels(object: KubeObject, owner: { name: string; namespace: string }): KubeObject {
  const labels = {
    ...object.metadata.labels,
    [`${OWNER_PREFIX}/name`]: owner.name,
    [`${OWNER_PREFIX}/namespace`]: owner.namespace,
  };
  return { ...object, metadata: { ...object.metadata, labels } };
}

/** A copy in the given namespace; the empty string takes the namespace away (cluster-scoped kinds). */
export function withNamespace(object: KubeObject, namespace: string): KubeObject {
  const { namespace: _, ...metadata } = object.metadata;
  return { ...object, metadata: namespace === '' ? metadata : { ...metadata, namespace } };
}
